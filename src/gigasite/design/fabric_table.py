"""Reads a published table of a fabric: CSV, TSV, semicolons or a markdown pipe table, columns in any order.

Every column gets a role by its title (`su`, `nodes`, `gpus`, `leaf`, ..., `leaf-spine`); every cell is a whole number,
with or without thousands separators, or a dash for none.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING

from gigasite._core.errors import InputFileError
from gigasite._core.files import read_text

if TYPE_CHECKING:
    from pathlib import Path

MOST_BYTES, MOST_ROWS = 20_000_000, 5_000
NONE = {"-", "--", "---", "\u2013", "\u2014", "n/a", "na", "none", "nil"}
NUMBER = re.compile(r"[0-9]{1,12}(\.0+)?|[0-9]{1,3}([,_'\u2019 \u00a0\u2009\u202f][0-9]{3}){1,3}")
NOTE_MARKS = (
    "*\u2020\u2021\u00b9\u00b2\u00b3\u2070\u2074\u2075\u2076\u2077\u2078\u2079"  # of footnotes, behind a number
)
RULER = re.compile(r"[\s|:+=_-]*")

# title without blanks and signs -> role; the longest words first where one holds another
_EXACT = {
    "su": {"su", "sus", "sucount", "ofsus", "ofsu", "numberofsus", "scalableunit", "scalableunits", "units", "nsu"},
    "racks": {"racks", "rack", "rackcount", "ofracks"},
    "nodes": {"nodes", "node", "nodecount", "ofnodes", "numberofnodes", "servers", "systems", "hosts", "trays"},
    "gpus": {"gpus", "gpu", "gpucount", "ofgpus", "numberofgpus"},
    "switches": {"switches", "totalswitches", "switchestotal", "switchcount"},
    "cables": {"cables", "totalcables", "cablestotal", "cablecount"},
}
_NODE = ("node", "host", "server", "system", "compute", "gpu", "nic", "hca", "ufm", "dgx")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of the table: `values` by role; None is an empty cell, 0 a dash."""

    line: int
    values: dict[str, int | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class PrintedTable:
    """A table as printed.

    `titles` are the titles of its columns by role; `passed` says which lines and columns were passed over, and why.
    """

    file: str
    titles: dict[str, str]
    rows: tuple[Row, ...]
    passed: tuple[str, ...]


def read_table(path: Path) -> PrintedTable:
    """Read a table.

    Raises
    ------
    InputFileError
        With line and column: no header with a known title, a title twice, a row of another length, a cell that is no
        whole number.
    """
    lines = _split(read_text(path, MOST_BYTES))
    at = next((i for i, (_, cells) in enumerate(lines) if sum(role(c) is not None for c in cells) >= 2), None)
    if at is None:
        message = "needs a line of titles such as su, nodes, gpus, leaf, spine, core, node-leaf, leaf-spine, spine-core"
        raise InputFileError(str(path), 0, message)
    first, header = lines[at]
    above, at = lines[:at], at + 1
    while at < len(lines) and _titles(lines[at][1]):  # titles below titles: "switches" over "leaf", "spine"
        header = [low or high for low, high in zip_longest(lines[at][1], header, fillvalue="")]
        at += 1
    roles = [role(c) for c in header]
    for i, r in enumerate(roles):
        if r is not None and r in roles[:i]:
            raise InputFileError(
                str(path), first, f"columns '{header[roles.index(r)]}' and '{header[i]}' are both {r}: keep one"
            )
    rows, passed = _rows(path, lines[at:], header, roles)
    passed = [f"line {n}: no titles, passed over" for n, cells in above if any(cells)] + passed
    passed += [
        f"column '{h}': its title is not known, not judged" for h, r in zip(header, roles, strict=True) if h and not r
    ]
    if not rows:
        raise InputFileError(str(path), first, "has titles but no row of numbers below them")
    titles = {r: h for h, r in zip(header, roles, strict=True) if r is not None}
    return PrintedTable(file=str(path), titles=titles, rows=tuple(rows), passed=tuple(passed))


def _titles(cells: list[str]) -> bool:
    """Return whether a line below the titles is one of titles too."""
    return sum(role(c) is not None for c in cells) >= 2 and not any(re.search(r"[0-9]", c) for c in cells)


def role(title: str) -> str | None:
    """Return what a column's title means, None if it is not known.

    Examples
    --------
    >>> [role(t) for t in ("SU Count", "Compute node-leaf", "Leaf-Spine Cables", "# GPUs", "Leaf switches", "price")]
    ['su', 'node-leaf', 'leaf-spine', 'gpus', 'leaf', None]
    """
    plain = re.sub(r"[^a-z]", "", title.lower().replace("leaves", "leaf"))
    for name, words in _EXACT.items():
        if plain in words:
            return name
    has = {w: w in plain for w in ("leaf", "spine", "core", "super")}
    if has["super"]:
        return "core-super" if "core" in plain.replace("supercore", "") else "super"
    if has["leaf"] and has["spine"]:
        return "leaf-spine"
    if has["spine"] and has["core"]:
        return "spine-core"
    if has["leaf"] and any(w in plain for w in _NODE):
        return "node-leaf"
    return next((w for w in ("leaf", "spine", "core") if has[w]), None)


def _split(text: str) -> list[tuple[int, list[str]]]:
    """Return number and cells of every line that is not blank or a ruler."""
    lines = [(n, line) for n, line in enumerate(text.splitlines(), 1) if line.strip()]
    head = lines[:5]
    if any(line.count("|") >= 2 for _, line in head):
        rows = [(n, line.strip().strip("|").split("|")) for n, line in lines if not RULER.fullmatch(line)]
    else:
        mark = next((m for m in ("\t", ";") if any(m in line for _, line in head)), ",")
        rows = [(n, next(csv.reader([line], delimiter=mark))) for n, line in lines if not RULER.fullmatch(line)]
    return [(n, [c.strip().strip("*`").strip() for c in cells]) for n, cells in rows]


def _rows(
    path: Path, lines: list[tuple[int, list[str]]], header: list[str], roles: list[str | None]
) -> tuple[list[Row], list[str]]:
    rows: list[Row] = []
    passed: list[str] = []
    bad: list[tuple[int, str]] = []
    if len(lines) > MOST_ROWS:
        raise InputFileError(str(path), lines[MOST_ROWS][0], f"more than {MOST_ROWS:,} rows: cut the table")
    for number, cells in lines:
        if not any(re.search(r"[0-9]", c) for c in cells):
            passed.append(f"line {number}: no numbers, passed over")
            continue
        if len(cells) != len(header) and (len(cells) < len(header) or any(cells[len(header) :])):
            why = "; a number with a comma inside needs quotes in CSV" if len(cells) > len(header) else ""
            bad.append((number, f"has {len(cells)} cells, the titles are {len(header)}{why}"))
            continue
        values: dict[str, int | None] = {}
        for r, title, cell in zip(roles, header, cells, strict=False):
            if r is None:
                continue
            values[r], wrong = _number(cell)
            if wrong:
                bad.append((number, f"column '{title}': '{cell[:40]}' is no whole number and no dash"))
        rows.append(Row(line=number, values=values))
    if bad:
        more = "".join(f"\n{path}:{n}: {message}" for n, message in bad[1:20])
        raise InputFileError(str(path), bad[0][0], bad[0][1] + more)
    return rows, passed


def _number(cell: str) -> tuple[int | None, bool]:
    """Return the value (None: empty, 0: a dash) and whether the cell is neither."""
    text = cell.strip().rstrip(NOTE_MARKS).strip()
    if not text:
        return None, False
    if text.lower() in NONE:
        return 0, False
    if not NUMBER.fullmatch(text):
        return None, True
    return int(re.sub(r"[^0-9]", "", text.split(".")[0])), False
