"""Governors, one file each."""
