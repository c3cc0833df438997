"""Checks a published table: each row against its own invariants, the other rows, and the row that the kind derives.

A row's nodes are the number for which most of its cells are as derived: one wrong cell is outvoted by the others. A
cell that differs from the derived row is *inconsistent* where an invariant of its row breaks with it, or where the
other rows of its column keep the rule or a ratio that it breaks; else the table has *another rule* (striping, rounding)
and the cell is told, not blamed.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from fractions import Fraction
from math import gcd
from typing import TYPE_CHECKING, Literal

from gigasite._core.errors import InfeasibleError, InputFileError
from gigasite.design.fabric import FabricAsk, fabrics
from gigasite.design.fabric_rules import MOST_NODES, SWITCHES, broken, columns_of, nodes_of, soft

if TYPE_CHECKING:
    from gigasite.design.fabric_table import PrintedTable, Row
    from gigasite.design.types import FabricSize

IDENTITY = ("nodes", "gpus", "node-leaf", "racks", "su")  # columns from which the nodes follow, the surest first


CellVerdict = Literal["inconsistent", "one-of", "other-rule"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A cell that differs.

    Parameters
    ----------
    row, line
        Number of the row (from 1) and line in the file.
    column, title
        Role and title as printed.
    printed, implied
        The value in the table (None: empty) and the one that the others imply.
    rule
        What breaks.
    verdict
        `inconsistent`; `one-of`: either this or another cell so marked in its row is wrong; `other-rule`: the table
        keeps a rule of its own.
    """

    row: int
    line: int
    column: str
    title: str
    printed: int | None
    implied: int
    rule: str
    verdict: CellVerdict


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedRow:
    """A row as printed and as derived; `derived` is empty where the kind cannot join so many nodes."""

    line: int
    nodes: int
    printed: dict[str, int | None]
    derived: dict[str, int]
    by_ports: dict[str, int]
    """Fewest switches by ports alone, where that differs from the kind's even striping it is another rule."""
    refused: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TableCheck:
    """What `gigasite fabric check` prints."""

    file: str
    kind: str
    verdict: Literal["consistent", "inconsistent", "other-rule"]
    rows: tuple[CheckedRow, ...]
    cells: tuple[Cell, ...]
    notes: tuple[str, ...]


class _Deriver:
    """Derives rows of one kind and remembers them."""

    def __init__(self, kind: str, ask: FabricAsk) -> None:
        self.part, self.ask = fabrics[kind](), ask
        self._made: dict[int, tuple[FabricSize | None, str]] = {}

    def __call__(self, nodes: int) -> tuple[FabricSize | None, str]:
        if not 1 <= nodes <= MOST_NODES:
            return None, f"nodes must lie between 1 and {MOST_NODES:,}, found {nodes:,}"
        if nodes not in self._made:
            try:
                self._made[nodes] = self.part.size(replace(self.ask, nodes=nodes)), ""
            except InfeasibleError as error:
                self._made[nodes] = None, str(error)
        return self._made[nodes]


def check_table(table: PrintedTable, kind: str, ask: FabricAsk) -> TableCheck:
    """Name every cell that contradicts the others.

    Parameters
    ----------
    table
        As read.
    kind, ask
        The kind of fabric and its settings; `ask.nodes` is not looked at.

    Raises
    ------
    InputFileError
        No column from which the nodes of a row follow.
    """
    if not set(IDENTITY) & set(table.titles):
        raise InputFileError(table.file, 0, f"needs one of the columns {', '.join(IDENTITY)}: else no row has a size")
    derive = _Deriver(kind, ask)
    votes = _rounder([_nodes(row, derive) for row in table.rows])
    rows = tuple(_row(row, vote[0], derive) for row, vote in zip(table.rows, votes, strict=True))
    cells = [c for i, row in enumerate(rows) for c in _cells(table, rows, i, row, ask)]
    for i, (_, rival) in enumerate(votes):
        if rival is not None:
            cells = _either(cells, table, i, rows[i], _row(table.rows[i], rival, derive))
    cells += _order(table, rows, {(c.row, c.column) for c in cells})
    cells.sort(key=lambda c: (c.row, list(table.titles).index(c.column)))
    wrong = any(c.verdict != "other-rule" for c in cells)
    other = any(c.verdict == "other-rule" for c in cells) or any(r.refused for r in rows)
    return TableCheck(
        file=table.file,
        kind=kind,
        verdict="inconsistent" if wrong else "other-rule" if other else "consistent",
        rows=rows,
        cells=tuple(cells),
        notes=tuple(_notes(table, rows, kind)),
    )


def _nodes(row: Row, derive: _Deriver) -> tuple[int, int | None]:
    """Return the nodes for which most cells are as derived, and a rival that has as many; the surest column first."""
    asked = [n for c in IDENTITY if (v := row.values.get(c)) and (n := nodes_of(c, v, derive.ask, derive.part)) > 0]
    if not asked:
        return 0, None
    told = Counter(asked)
    scores: dict[int, tuple[int, int]] = {}
    for n in dict.fromkeys(asked):
        size, _ = derive(n)
        derived = columns_of(size) if size else {}
        scores[n] = (sum(row.values[c] == v for c, v in derived.items() if c in row.values), told[n])
    best = max(scores, key=lambda n: scores[n])  # the first of equals: asked is in the order of IDENTITY
    rivals = [n for n in scores if n != best and scores[n] == scores[best]]
    return best, rivals[0] if rivals else None


def _rounder(votes: list[tuple[int, int | None]]) -> list[tuple[int, int | None]]:
    """Settle rows of two readings where one is a multiple of what divides all other rows and the other is not."""
    out: list[tuple[int, int | None]] = []
    for i, (best, rival) in enumerate(votes):
        if rival is None:
            out.append((best, None))
            continue
        common = gcd(*(n for j, (n, other) in enumerate(votes) if j != i and other is None))
        mine, its = gcd(best, common), gcd(rival, common)
        if common and max(mine, its) >= 4 * min(mine, its):
            out.append((best if mine > its else rival, None))
        else:
            out.append((best, rival))
    return out


def _row(row: Row, nodes: int, derive: _Deriver) -> CheckedRow:
    size, refused = derive(nodes) if nodes else (None, "no cell from which the nodes follow")
    derived = {c: v for c, v in columns_of(size).items() if c in row.values} if size else {}
    tiers = size.by_tier if size else ()
    ports = {t.tier: t.by_ports if t.tier != "leaf" else t.switches for t in tiers if t.tier in row.values}
    return CheckedRow(line=row.line, nodes=nodes, printed=row.values, derived=derived, by_ports=ports, refused=refused)


def _differs(row: CheckedRow, column: str) -> bool:
    return column in row.derived and row.printed[column] != row.derived[column]


def _cells(table: PrintedTable, rows: tuple[CheckedRow, ...], i: int, row: CheckedRow, ask: FabricAsk) -> list[Cell]:
    """Return the cells of a row that differ from the derived row, each with its verdict."""
    breaks = broken(row.printed, ask)
    return [_judged(table, rows, i, column, breaks, ask) for column in row.printed if _differs(row, column)]


def _judged(
    table: PrintedTable,
    rows: tuple[CheckedRow, ...],
    i: int,
    column: str,
    breaks: list[tuple[tuple[str, ...], str]],
    ask: FabricAsk,
) -> Cell:
    """Return the verdict on a cell that differs: what breaks, and whether the table keeps a rule of its own there."""
    row = rows[i]
    others = [r for j, r in enumerate(rows) if j != i and column in r.derived]
    keeps = sum(not _differs(r, column) for r in others)
    ratio, support = _ratio(rows, i, column)
    uneven = soft(row.printed, column, ask)
    differing = {c for c in row.printed if c != column and _differs(row, c)}
    mine = [(columns, text) for columns, text in breaks if column in columns]
    # an invariant that breaks between two cells that differ blames the one that the other rows do not explain
    alone = [text for columns, text in mine if not differing & set(columns)]
    hard = (alone or ([] if others else [t for _, t in mine]) or [""])[0]
    implied = row.derived[column]
    verdict: CellVerdict = "inconsistent"
    rule = (alone or [t for _, t in mine] or [uneven])[0]
    own = uneven or "another count than the kind gives, the same per node in other rows"
    if row.printed[column] is None:
        rule = "the cell is empty"
    elif len(rows) > 2 and column in SWITCHES and all(r.printed[column] == r.by_ports.get(column, 0) for r in rows):
        verdict, rule = "other-rule", f"the whole column has the fewest switches by ports; {own}"
    elif ratio == row.printed[column] and keeps < len(others) and (not hard or not keeps):
        # as many per node as in other rows that differ too: a rule, not an error
        verdict, rule = "other-rule", own
    elif ratio is not None and support > keeps:
        implied, rule = ratio, rule or f"the ratio to nodes that {support} other rows of this column keep"
    elif keeps and keeps * 2 >= len(others):
        rule = rule or f"the rule that {keeps} other rows of this column keep"
    elif not others and not hard and _lone(row, column):
        rule = f"{uneven or 'another count than the kind gives'}; every other cell of this only row is as derived"
    elif not hard:
        verdict, rule = "other-rule", uneven or "another count than the kind's rule gives"
    return _cell(table, i, row, column, implied=implied, rule=rule, verdict=verdict)


def _lone(row: CheckedRow, column: str) -> bool:
    """Say whether this cell alone differs, from three others or more, and is not the fewest switches by ports."""
    alike = sum(not _differs(row, c) for c in row.derived)
    return alike >= 3 and alike == len(row.derived) - 1 and row.printed[column] != row.by_ports.get(column)


def _cell(
    table: PrintedTable, i: int, row: CheckedRow, column: str, *, implied: int, rule: str, verdict: CellVerdict
) -> Cell:
    return Cell(
        row=i + 1,
        line=row.line,
        column=column,
        title=table.titles[column],
        printed=row.printed[column],
        implied=implied,
        rule=rule,
        verdict=verdict,
    )


def _ratio(rows: tuple[CheckedRow, ...], i: int, column: str) -> tuple[int | None, int]:
    """Return the value that keeps the ratio to nodes of most other rows with as many tiers, and how many those are.

    None, 0 where fewer than two rows, or not most of them, have one ratio.
    """
    shape = _shape(rows[i], column)
    ratios = Counter(
        Fraction(v, r.nodes)
        for j, r in enumerate(rows)
        if j != i and r.nodes and _shape(r, column) == shape and (v := r.printed[column])
    )
    if not ratios:
        return None, 0
    ratio, count = ratios.most_common(1)[0]
    value = ratio.numerator * rows[i].nodes
    if count < 2 or count * 2 <= ratios.total() or value % ratio.denominator:
        return None, 0
    return value // ratio.denominator, count


def _shape(row: CheckedRow, but: str) -> tuple[bool, ...]:
    """Return which columns have a number: rows with as many tiers are alike."""
    return tuple(bool(v) for c, v in row.printed.items() if c != but)


def _either(cells: list[Cell], table: PrintedTable, i: int, row: CheckedRow, rival: CheckedRow) -> list[Cell]:
    """Mark the cells of a row whose size two readings explain equally well."""
    mine = [c for c in cells if c.row == i + 1]
    if any(c.verdict == "other-rule" for c in mine) or not mine:
        return cells
    text = f"either this cell or another of the row: {row.nodes:,} or {rival.nodes:,} nodes explain it equally well"
    both = [replace(c, verdict="one-of", rule=f"{c.rule}; {text}") for c in mine]
    known = {c.column for c in mine}
    both += [
        _cell(table, i, rival, c, implied=rival.derived[c], rule=text, verdict="one-of")
        for c in rival.printed
        if _differs(rival, c) and c not in known
    ]
    return [c for c in cells if c.row != i + 1] + both


def _order(table: PrintedTable, rows: tuple[CheckedRow, ...], known: set[tuple[int, str]]) -> list[Cell]:
    """Return cells that fall while nodes rise and that nothing else has named."""
    out: list[Cell] = []
    order = sorted((i for i, r in enumerate(rows) if r.nodes), key=lambda i: (rows[i].nodes, i))
    for column in table.titles:
        highest, at = 0, -1
        for i in order:
            value = rows[i].printed[column]
            if value is None or (not value and column not in IDENTITY):
                continue
            if value < highest and not {(i + 1, column), (at + 1, column)} & known:
                rule = f"falls from {highest:,} in row {at + 1} while nodes rise"
                out.append(_cell(table, i, rows[i], column, implied=highest, rule=rule, verdict="one-of"))
            if value >= highest:
                highest, at = value, i
    return out


def _notes(table: PrintedTable, rows: tuple[CheckedRow, ...], kind: str) -> list[str]:
    notes = list(table.passed)
    notes += [f"line {r.line}: {kind} refuses the row: {r.refused}" for r in rows if r.refused]
    unjudged = [table.titles[c] for c in table.titles if rows and all(c not in r.derived for r in rows if r.derived)]
    notes += [f"column '{t}': {kind} has no such count, not judged" for t in unjudged if any(r.derived for r in rows)]
    agree = _agreeing(rows)
    if agree * 2 > len(rows):
        return notes
    for name in fabrics.names():
        part = fabrics[name]()
        if name == kind or not {"radix", "nodes_per_unit"} <= set(part.fixed):
            continue
        derive = _Deriver(name, FabricAsk(nodes=1, **dict(part.defaults) | dict(part.fixed)))
        count = _agreeing(tuple(_row(r, _nodes(r, derive)[0], derive) for r in table.rows))
        if count > agree and count * 2 > len(rows):
            notes.append(f"{name} reproduces {count} of {len(rows)} rows, {kind} {agree}: is the table of that kind?")
    return notes


def _agreeing(rows: tuple[CheckedRow, ...]) -> int:
    return sum(bool(r.derived) and not any(_differs(r, c) for c in r.printed) for r in rows)
