"""Makes of battery units, one file each."""
