"""Kinds of faults: of the line (`wire`), the port (`ports`), values (`values`, `torn`, `cached`), the unit (`behaviour`)."""
