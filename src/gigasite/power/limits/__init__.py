"""Limits, one file each."""
