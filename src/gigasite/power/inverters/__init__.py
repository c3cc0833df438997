"""Inverters, one file each."""
