"""Words with numbers."""

from __future__ import annotations


def counted(number: int, noun: str) -> str:
    """Return a number with its noun, one or many.

    >>> counted(1, "link"), counted(1024, "link")
    ('1 link', '1,024 links')
    """
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
