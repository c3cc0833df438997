"""Things that fail, one file each."""
