"""Rules of compatibility, one file each. Add a file with a class registered by `@rules.part("name")`."""
