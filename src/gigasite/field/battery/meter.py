"""The site's meter: load, source and frequency from a register map."""

from __future__ import annotations
