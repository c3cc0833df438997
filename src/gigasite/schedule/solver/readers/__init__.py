"""Readers of problem files, one file each: a class as `Reader` says, registered by `@readers.part("name")`."""
