"""Tables of text: which word stands under which head."""

from __future__ import annotations

import re


def starts(head: str) -> list[tuple[str, int]]:
    """Return heads, small and without blanks, with the column where each begins; two blanks part them.

    >>> starts("Local Intf   Device ID  Port")
    [('localintf', 0), ('deviceid', 13), ('port', 24)]
    """
    return [(re.sub(r"[\s_-]", "", m[0]).lower(), m.start()) for m in re.finditer(r"\S+(?: \S+)*", head)]


def fields(heads: list[tuple[str, int]], line: str) -> dict[str, str]:
    """Return the cells of a row by head.

    A cell begins under its head; where a long cell pushed its followers right, the row is split at blanks when it has
    as many words as there are heads.

    >>> fields([("a", 0), ("b", 5), ("c", 10)], "x    y z  w")
    {'a': 'x', 'b': 'y z', 'c': 'w'}
    >>> fields([("a", 0), ("b", 5), ("c", 10)], "longer y w")
    {'a': 'longer', 'b': 'y', 'c': 'w'}
    """
    names = [n for n, _ in heads]
    at = [0] + [s for _, s in heads[1:]] + [None]
    clean = all(s is None or s >= len(line) or s == 0 or line[s - 1] == " " for s in at)
    if clean:
        return {n: line[a:b].strip() for n, a, b in zip(names, at, at[1:], strict=False)}
    words = line.split(None, len(names) - 1) if len(line.split()) >= len(names) else re.split(r"\s{2,}", line.strip())
    return dict(zip(names, (w.strip() for w in words), strict=False))
