"""Plan against sightings, port by port."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from gigasite._core.errors import InputFileError
from gigasite._core.files import read_text
from gigasite._core.finding import Finding, Severity, worst_first
from gigasite.cabling.diagnose import diagnose_bound
from gigasite.cabling.fault import faults
from gigasite.cabling.match import bind
from gigasite.cabling.naming import pull_sheet
from gigasite.cabling.types import MISMATCHES, Comparison, Observed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from gigasite.cabling.diagnose import Diagnosis
    from gigasite.cabling.match import Bound
    from gigasite.cabling.types import CablePlan
    from gigasite.design.types import Design

MOST_CAUSES = 20
"""Causes that become findings of their own; the rest is counted."""
_ENDS = ["a_node", "a_port", "z_node", "z_port"]
_IDS = [f"{end}_{kind}" for end in "az" for kind in ("guid", "mac", "serial")]


def read_plan_csv(path: str | Path, more: Sequence[str] = ()) -> pl.DataFrame:
    """Read a cable plan: `a_node,a_port,z_node,z_port`, more columns may follow.

    Parameters
    ----------
    path
        CSV file.
    more
        Further columns that are wanted, as text; "" where the file lacks them. Ids of devices (`a_guid`, `a_mac`,
        `a_serial` and the same of `z`) are kept where the file has them.

    Raises
    ------
    InputFileError
        With line: no CSV, a missing column, an empty cell, a port that is used twice.
    """
    place = Path(path)
    header, rows = _csv_rows(place)
    if not set(_ENDS) <= set(header):
        raise InputFileError(str(place), 1, f"needs the columns {', '.join(_ENDS)}; found {', '.join(header)[:100]}")
    at = [header.index(c) for c in _ENDS]
    more = [*more, *(c for c in _IDS if c in header and c not in more)]
    also = [header.index(c) if c in header else -1 for c in more]
    used: dict[tuple[str, str], int] = {}
    kept = []
    for number, cells in rows:
        if len(cells) <= max(at) or not all(cells[i] for i in at):
            raise InputFileError(str(place), number, "needs node and port at both ends")
        a_node, a_port, z_node, z_port = (cells[i] for i in at)
        for end in ((a_node, a_port), (z_node, z_port)):
            if end in used:
                raise InputFileError(
                    str(place),
                    number,
                    f"port {end[0]} {end[1]} is used in line {used[end]} already",
                )
            used[end] = number
        kept.append((a_node, a_port, z_node, z_port, *(cells[i] if 0 <= i < len(cells) else "" for i in also)))
    return pl.DataFrame(kept, schema=dict.fromkeys([*_ENDS, *more], pl.String), orient="row")


def _csv_rows(place: Path) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """Return header and rows that hold anything, each with its line."""
    reader = csv.reader(io.StringIO(read_text(place), newline=""))
    rows: list[tuple[int, list[str]]] = []
    try:
        for cells in reader:
            rows.append((reader.line_num, [c.strip() for c in cells]))  # noqa: PERF401  # the line changes as it reads
    except csv.Error as error:
        raise InputFileError(str(place), reader.line_num, f"is no CSV: {error}") from error
    header = rows[0][1] if rows else []
    return header, [(n, cells) for n, cells in rows[1:] if any(cells)]


def design_ends(design: Design, cables: CablePlan) -> pl.DataFrame:
    """Return the campus's own plan in the same four columns."""
    return pull_sheet(design, cables).select(_ENDS)


def compare(ends: pl.DataFrame, observed: Observed) -> Comparison:
    """Compare a plan (four columns of text, ids of devices may follow) with what was seen.

    Devices are bound to the plan by `match.bind`. Only nodes that report are judged: a node that nobody mentions may
    not be racked yet. Every planned port of a reporting node must see its planned far end.
    """
    bound = bind(ends, observed)
    planned = bound.plan_peer >= 0
    seen = (bound.seen_peer >= 0) & bound.reporting
    judged = planned & bound.reporting
    right = judged & (bound.plan_peer == bound.seen_peer)
    table = _mismatches(bound, (judged | seen) & ~right)
    counts = int(judged.sum()), int(seen.sum())
    found = diagnose_bound(bound, observed)
    return Comparison(
        ports_planned=counts[0],
        ports_seen=counts[1],
        ports_right=int(right.sum()),
        mismatches=table,
        diagnosis=found,
        findings=worst_first([*observed.findings, *bound.findings, *_findings(found, *counts)]),
    )


def _mismatches(bound: Bound, wrong: NDArray[np.bool_]) -> pl.DataFrame:
    at = np.flatnonzero(wrong)
    planned, seen = bound.plan_peer[at], bound.seen_peer[at]

    def side(index: NDArray[np.int64], column: str) -> pl.Series:
        texts = bound.ports[column].gather(np.maximum(index, 0)).to_frame()
        return texts.select(pl.when(pl.Series(index >= 0)).then(pl.col(column)).otherwise(pl.lit(""))).to_series()

    table = pl.DataFrame(
        {
            "node": side(at, "node"),
            "port": side(at, "port"),
            "planned_node": side(planned, "node"),
            "planned_port": side(planned, "port"),
            "seen_node": side(seen, "node"),
            "seen_port": side(seen, "port"),
            "kind": pl.Series(
                np.where(seen < 0, "dark", np.where(planned < 0, "unplanned", "wrong-neighbour")), dtype=pl.String
            ),
        }
    )
    return MISMATCHES.check(table.sort("node", "port"))


def _findings(found: Diagnosis, planned: int, seen: int) -> list[Finding]:
    """Return one finding a cause, and what it takes to make all right."""
    if not planned and seen:
        return [
            _finding(
                Severity.warning,
                "observation",
                "matches no node of the plan",
                f"{seen} ports seen",
                "compare with the plan that these devices belong to (a plan.csv beside the dumps)",
            )
        ]
    if not found.causes:
        return [f for f in found.findings if f.severity == Severity.error]
    kinds, done = [c.kind for c in found.causes], found.repair
    out = [
        _finding(
            Severity.error,
            "observation",
            f"cabling differs from the plan: {len(kinds)} cause{'s' if len(kinds) > 1 else ''} behind "
            f"{found.differing} ports",
            f"{len(done.moves)} plugs to move, {len(done.installs)} cables to lay, "
            f"{len(found.renames)} names to exchange",
            "gigasite cables orders --plan PLAN --observed DUMPS prints them in walking order",
        )
    ]
    for cause in found.causes[:MOST_CAUSES]:
        remedy, ports = faults[cause.kind]().remedy, f"{len(cause.ports)} ports"
        out.append(_finding(Severity.error, cause.kind, "; ".join(cause.evidence), ports, remedy))
    if len(kinds) > MOST_CAUSES:
        rest = f"{len(kinds) - MOST_CAUSES} more causes"
        out.append(_finding(Severity.error, "observation", rest, "", "gigasite cables diagnose --json has all"))
    return out


def _finding(severity: Severity, where: str, what: str, found: str, remedy: str) -> Finding:
    return Finding(severity=severity, chapter="cabling", where=where, what=what, found=found, remedy=remedy)
