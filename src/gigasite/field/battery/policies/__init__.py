"""Rules that bound the controller, one file each."""
