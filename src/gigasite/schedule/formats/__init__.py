"""File formats of projects, one file each: a class as `Format` says, registered by `@formats.part("name")`."""
