"""Kinds of faults: of the line (`wire`), port (`ports`), values (`values`, `torn`, `cached`) and unit (`behaviour`)."""
