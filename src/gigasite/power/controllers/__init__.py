"""Battery controllers, one file each."""
