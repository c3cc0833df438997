"""Readers of what is really cabled, one format a file."""
