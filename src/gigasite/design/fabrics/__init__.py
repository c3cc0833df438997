"""Kinds of fabrics, one file each. Add a file with a class registered by `@fabrics.part("name")`."""
