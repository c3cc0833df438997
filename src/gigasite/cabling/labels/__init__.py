"""Styles of labels, one file each. Add a file with a class registered by `@styles.part("name")`."""
