"""Kinds of faults: of the line (`wire.py`), of the port (`ports.py`), of values (`values.py`), of the unit itself."""
