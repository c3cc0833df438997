"""Loads of a case, one file each."""
