"""Formats of the cable plan, one file each. Add a file with a class registered by `@exports.part("name")`."""
