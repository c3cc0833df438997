"""Readers of problem files, one file each: a class with `suffixes` and `read`, registered by `@readers.part("name")`."""
