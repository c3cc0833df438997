"""What was known of the cabling from day to day: an append-only folder of snapshots, and what it tells.

A snapshot is a folder `000001`, `000002`, ... of two tables (`links.parquet`, `causes.parquet`) and `snapshot.json`. It
is written beside and renamed whole, so that a run that is killed leaves those before it and none of its own; the
folders themselves are the index. Nothing is ever written again.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from gigasite._core.errors import InputFileError, OutputError
from gigasite._core.table import Column, Schema
from gigasite.cabling.case import true_links
from gigasite.cabling.orders import orders

if TYPE_CHECKING:
    from gigasite.cabling.diagnose import Diagnosis
    from gigasite.cabling.plan_file import PlanFile

UNKNOWN, RIGHT, WRONG, DARK = range(4)
"""State of a planned link: no device tells, as planned, another neighbour, nothing there."""

LINKS = Schema(
    "links of a snapshot",
    (
        Column("hall", "Int16", "of the first end, from 1; 0 where the plan does not say"),
        Column("state", "UInt8", "0 unknown, 1 right, 2 wrong, 3 dark"),
    ),
)
CAUSES = Schema(
    "causes of a snapshot",
    (
        Column("key", "String", "the same for the same cause in every snapshot: that of its work order"),
        Column("kind", "String", "class of fault"),
        Column("hall", "Int16", "of its first port"),
        Column("ports", "Int32", ""),
        Column("ends", "Int32", "plug ends to touch"),
        Column("why", "String", ""),
    ),
)
BURN_DOWN = Schema(
    "burn-down",
    (
        Column("snapshot", "Int32", "from 1; 0 in rows by day"),
        Column("time", "String", "ISO 8601, or the day"),
        Column("hall", "Int16", "0 for all"),
        Column("links", "Int32", "planned"),
        Column("known", "Int32", "seen right, wrong or dark at least once by now"),
        Column("right", "Int32", ""),
        Column("wrong", "Int32", ""),
        Column("dark", "Int32", ""),
        Column("healed", "Int32", "right now, and not when last known"),
        Column("broken", "Int32", "not right now, and right when last known"),
        Column("causes_open", "Int32", ""),
        Column("causes_new", "Int32", "not in the snapshot before"),
        Column("causes_closed", "Int32", "in the snapshot before and no more"),
        Column("first_pass_frac", "Float64", "share of known links that were right when first seen; NaN where none is"),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """One look at the cabling.

    Parameters
    ----------
    time
        ISO 8601, in UTC.
    plan
        Fingerprint of the plan: links of another plan cannot be compared.
    links
        Follows `LINKS`: one row a planned link, in the plan's order of ports.
    causes
        Follows `CAUSES`.
    """

    time: str
    plan: str
    links: pl.DataFrame
    causes: pl.DataFrame


def snapshot(plan: PlanFile, found: Diagnosis, time: str) -> Snapshot:
    """Return what a diagnosis says, as a snapshot."""
    bound = found.bound
    far = bound.plan_peer
    near = np.flatnonzero((far >= 0) & (np.arange(len(far)) < far))
    far, real = far[near], true_links(bound)
    known = bound.reporting[near] | bound.reporting[far] | (real[near] >= 0) | (real[far] >= 0)
    dark = (real[near] < 0) & (real[far] < 0)
    state = np.where(~known, UNKNOWN, np.where(real[near] == far, RIGHT, np.where(dark, DARK, WRONG)))
    hall = _halls(plan, found)
    links = pl.DataFrame({"hall": hall[near], "state": state.astype(np.uint8)}, schema=LINKS.polars())
    rows = [(o.key, o.kind, int(hall[o.ports[0]]) if o.ports else 0, len(o.ports), o.ends, o.why) for o in _open(found)]
    causes = pl.DataFrame(rows, schema=CAUSES.polars(), orient="row")
    return Snapshot(time=time, plan=_fingerprint(plan.ends), links=LINKS.check(links), causes=causes.sort("key"))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cause:
    key: str
    kind: str
    ports: tuple[int, ...]
    ends: int
    why: str


def _open(found: Diagnosis) -> list[_Cause]:
    out = []
    for order in orders(found):
        ports = tuple(p for s in order.steps if s.do != "rename" for p in s.ports)
        if not ports:  # exchanged names: the first port of the first of the two
            first = order.steps[0].ports[0]
            ports = tuple(np.flatnonzero(found.case.node == first)[:1].tolist())
        why = "; ".join(order.why)[:500]
        out.append(_Cause(key=order.key, kind=order.kind, ports=ports, ends=order.ends, why=why))
    return out


def _halls(plan: PlanFile, found: Diagnosis) -> np.ndarray[Any, np.dtype[np.int16]]:
    """Return the hall of each port's device, 0 where the plan does not say (n,)."""
    nodes = pl.DataFrame({"node": list(found.bound.nodes)}, schema={"node": pl.String})
    told = nodes.join(plan.places.select("node", "hall"), on="node", how="left", maintain_order="left")
    halls = told["hall"].fill_null(0).cast(pl.Int16).to_numpy()
    out: np.ndarray[Any, np.dtype[np.int16]] = halls[found.case.node]
    return out


def _fingerprint(ends: pl.DataFrame) -> str:
    """Return a name of the plan that does not depend on the order of its rows nor on which end comes first."""
    a, z = (pl.concat_str(f"{e}_node", f"{e}_port", separator=" ") for e in "az")
    lines = ends.select(pl.concat_str(pl.min_horizontal(a, z), pl.max_horizontal(a, z), separator=" = ")).to_series()
    return blake2b("\n".join(lines.sort().to_list()).encode(), digest_size=12).hexdigest()


def save(folder: Path, made: Snapshot) -> int:
    """Append a snapshot; return its number.

    Raises
    ------
    InputFileError
        The folder holds snapshots of another plan.
    OutputError
        It cannot be written.
    """
    last = _last(folder)
    if last is not None and last["plan"] != made.plan:
        message = "holds snapshots of another plan; use a new folder for a new plan"
        raise InputFileError(str(folder), 0, message)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        beside = Path(tempfile.mkdtemp(prefix=".new-", dir=folder))
        try:
            made.links.write_parquet(beside / "links.parquet")
            made.causes.write_parquet(beside / "causes.parquet")
            (beside / "snapshot.json").write_text(json.dumps({"time": made.time, "plan": made.plan}) + "\n")
            return _place(folder, beside)
        finally:
            shutil.rmtree(beside, ignore_errors=True)
    except OSError as error:
        raise OutputError(f"cannot write {folder}: {error.strerror or error}") from error


def _place(folder: Path, beside: Path) -> int:
    """Rename a finished folder to the next free number: two that save at once both get one."""
    for path in beside.iterdir():
        with path.open("rb") as file:
            os.fsync(file.fileno())
    beside.chmod(0o755)
    number = len(numbers(folder)) + 1
    while True:
        try:
            # a folder that is not empty is never replaced
            beside.rename(folder / f"{number:06d}")
        except OSError:
            if not (folder / f"{number:06d}").exists():
                raise
            number += 1
        else:
            return number


def numbers(folder: Path) -> list[int]:
    """Return the numbers of the snapshots in a folder, in order."""
    if not folder.is_dir():
        return []
    return sorted(int(p.name) for p in folder.iterdir() if p.name.isdigit() and (p / "snapshot.json").is_file())


def _last(folder: Path) -> dict[str, str] | None:
    have = numbers(folder)
    return _told(folder / f"{have[-1]:06d}") if have else None


def _told(place: Path) -> dict[str, str]:
    try:
        told = json.loads((place / "snapshot.json").read_text())
        return {"time": str(told["time"]), "plan": str(told["plan"])}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputFileError(str(place / "snapshot.json"), 0, "is no snapshot of this program") from error


def load(folder: Path, number: int) -> Snapshot:
    """Return a snapshot.

    Raises
    ------
    InputFileError
        It is not there, or was changed by another program.
    """
    place = folder / f"{number:06d}"
    told = _told(place)
    try:
        links, causes = (pl.read_parquet(place / f"{n}.parquet") for n in ("links", "causes"))
    except (OSError, pl.exceptions.PolarsError) as error:
        raise InputFileError(str(place), 0, "its tables cannot be read; take this snapshot out of the store") from error
    return Snapshot(time=told["time"], plan=told["plan"], links=LINKS.check(links), causes=CAUSES.check(causes))


def burn_down(folder: Path) -> pl.DataFrame:
    """Return how the work goes: one row a snapshot and hall, hall 0 for all; follows `BURN_DOWN`."""
    rows: list[tuple[Any, ...]] = []
    last = first = None
    before: pl.DataFrame | None = None
    for number in numbers(folder):
        made = load(folder, number)
        state = made.links["state"].to_numpy()
        last = np.zeros(len(state), np.uint8) if last is None else last
        first = np.zeros(len(state), np.uint8) if first is None else first
        now = np.where(state == UNKNOWN, last, state)  # what nobody tells today is as it was when last told
        first = np.where(first == UNKNOWN, state, first)
        healed, broken = (last > RIGHT) & (now == RIGHT), (last == RIGHT) & (now > RIGHT)
        halls = made.links["hall"].to_numpy()
        for hall in (0, *sorted(set(np.unique(halls).tolist()) - {0})):
            mine = np.ones(len(halls), bool) if hall == 0 else halls == hall
            counts = [int((now[mine] == s).sum()) for s in (RIGHT, WRONG, DARK)]
            seen = int((first[mine] != UNKNOWN).sum())
            passed = float((first[mine] == RIGHT).sum() / seen) if seen else float("nan")
            rows.append(
                (number, made.time, hall, int(mine.sum()), seen, *counts, int(healed[mine].sum()),
                 int(broken[mine].sum()), *_causes(made.causes, before, hall), passed)
            )  # fmt: skip
        last, before = now, made.causes
    return BURN_DOWN.check(pl.DataFrame(rows, schema=BURN_DOWN.polars(), orient="row"))


def _causes(now: pl.DataFrame, before: pl.DataFrame | None, hall: int) -> tuple[int, int, int]:
    """Return causes open, new and closed since the snapshot before."""
    mine, past = (
        set() if t is None else set((t if hall == 0 else t.filter(pl.col("hall") == hall))["key"].to_list())
        for t in (now, before)
    )
    return len(mine), len(mine - past), len(past - mine)


def by_day(table: pl.DataFrame) -> pl.DataFrame:
    """Return a burn-down with one row a day and hall: what happened summed, the rest as it was in the evening."""
    sums = ("healed", "broken", "causes_new", "causes_closed")
    rest = [c.name for c in BURN_DOWN.columns if c.name not in {"snapshot", "time", "hall", *sums}]
    day = table.with_columns(time=pl.col("time").str.slice(0, 10)).group_by("time", "hall", maintain_order=True)
    made = day.agg(*(pl.col(c).sum() for c in sums), *(pl.col(c).last() for c in rest))
    made = made.with_columns(snapshot=pl.lit(0, pl.Int32)).select(BURN_DOWN.polars().keys())
    return BURN_DOWN.check(made.cast(pl.Schema(BURN_DOWN.polars())))
