"""Classes of faults, one file each. Add a file with a class registered by `@faults.part("name")`."""
