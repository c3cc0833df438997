"""Words with numbers."""

from __future__ import annotations


def counted(number: int, noun: str) -> str:
    """Return a number with its noun, one or many.

    >>> counted(1, "link"), counted(1024, "link"), counted(8, "leaf switch")
    ('1 link', '1,024 links', '8 leaf switches')
    """
    many = "es" if noun.endswith(("ch", "s", "x")) else "s"
    return f"{number:,} {noun}{'' if number == 1 else many}"
