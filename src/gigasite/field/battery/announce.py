"""What a job announces to a running loop: stretches of load to come, for controllers that plan on them.

An announcement is one line of text. It goes through the loop's orders into its log, so that a replay makes the same
plan of it; times in it are those of the loop's own clock.
"""

from __future__ import annotations

import csv
import io
import json
import math
from dataclasses import asdict, dataclass, field, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from gigasite._core.errors import FieldError, InputFileError, QuantityError
from gigasite._core.files import read_text
from gigasite._core.quantity import Quantity
from gigasite.power.bound_types import SourceLimits, Tone
from gigasite.power.types import BatteryPlant, Job, Phase, Plant

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from gigasite.field.battery.decide import Core

WORD = "announce "
"""What the order begins with."""
COLUMNS = ("start", "stop", "mean", "low", "high")
MOST_STRETCHES = 1_000
"""Of a file: reading more would make a cycle late; a plan has no more steps than that."""
SHORTEST_S = 1e-3
PERIOD_S = (0.02, 1e4)
MOST_BYTES = 1 << 20
"""Of an announcement as text."""
MOST_FILE = 1 << 20
LONGEST_S = 7 * 86400.0
EFFICIENCY = math.sqrt(0.92)
"""One way, of a unit that does not tell its own; estimate."""
RESPONSE_S, LATENCY_S = 0.02, 0.1
"""Lag of an inverter, and age of what is acted upon beside the loop's cycle; estimates."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcement:
    """What the job will do, and what the loop knew when it was told."""

    phases: tuple[Phase, ...]
    """In time order, without gaps."""
    soc_frac: float
    """Of the units in use, within their window."""
    period_s: float | None = None
    """Iteration period."""
    source: SourceLimits = field(default_factory=SourceLimits)
    """What the source has to keep; none: the controller's own ramp."""

    def order(self) -> str:
        """Return it as an order.

        Raises
        ------
        FieldError
            It is too long.
        """
        rows = [[p.start_s, p.stop_s, p.mean_w, p.low_w, p.high_w] for p in self.phases]
        said = {"phases": rows, "soc_frac": self.soc_frac, "period_s": self.period_s, "source": asdict(self.source)}
        text = WORD + json.dumps(said, separators=(",", ":"))
        if len(text) > MOST_BYTES:
            raise FieldError(f"{len(self.phases)} stretches of load are too many for one announcement")
        return text


def is_announcement(order: str) -> bool:
    """Return whether an order announces something."""
    return order.startswith(WORD)


def read_announcement(order: str) -> Announcement:
    """Take an order of `Announcement.order` apart."""
    said = json.loads(order.removeprefix(WORD))
    keys = ("start_s", "stop_s", "mean_w", "low_w", "high_w")
    source = dict(said["source"])
    tones = tuple(Tone(**t) for t in source.pop("tones"))
    return Announcement(
        phases=tuple(Phase(**dict(zip(keys, row, strict=True))) for row in said["phases"]),
        soc_frac=said["soc_frac"],
        period_s=said["period_s"],
        source=SourceLimits(**source, tones=tones),
    )


def informed(core: Core, order: str) -> Any:
    """Return the core's controller with its plan for what an order announces: the same for the same order.

    Raises
    ------
    GigasiteError
        It cannot be planned on.
    """
    said = read_announcement(order)
    rating, energy = core.size.rating_w, core.size.energy_j
    window = core.bounds.soc_high_frac - core.bounds.soc_low_frac
    battery = BatteryPlant(
        rating_w=float(rating.sum()),
        energy_j=float(energy.sum()) * window,
        efficiency_frac=EFFICIENCY,
        response_s=RESPONSE_S,
        latency_s=LATENCY_S + core.cycle_s,
        soc_frac=said.soc_frac,
    )
    job = Job(
        announced=said.phases,
        plant=Plant(frequency_hz=core.nominal_hz, machines=(), grid=None, battery=battery),
        start_s=said.phases[0].start_s,
        dt_s=core.cycle_s,
        period_s=said.period_s,
        gpus=0,
        source=said.source,
    )
    return core.controller.informed(job)


def announced_at(
    stretches: Sequence[Phase], now_s: float, load_w: float, soc_frac: float, period_s: float | None
) -> Announcement:
    """Return stretches that count from now as an announcement on the loop's clock; until the first the load stays.

    Raises
    ------
    FieldError
        The load is not known.
    """
    if not math.isfinite(load_w):
        raise FieldError("the load is not known: an announcement needs the meter")
    moved = [replace(p, start_s=p.start_s + now_s, stop_s=p.stop_s + now_s) for p in stretches]
    if moved and moved[0].start_s > now_s:
        here = Phase(start_s=now_s, stop_s=moved[0].start_s, mean_w=load_w, low_w=load_w, high_w=load_w)
        moved.insert(0, here)
    return Announcement(phases=tuple(moved), soc_frac=soc_frac, period_s=period_s)


# ---- the file


def read_stretches(path: Path) -> tuple[Phase, ...]:
    """Read stretches of load from a CSV with the columns start, stop, mean and, where it swings, low and high.

    Times count from the moment of the announcement; every value carries its unit (`20 s`, `150 MW`).

    Raises
    ------
    InputFileError
        With line: unknown columns, values without unit, gaps, overlaps, a mean outside of its band.
    """
    text, file = read_text(path, MOST_FILE), str(path)
    try:
        rows = list(csv.reader(io.StringIO(text, newline="")))
    except csv.Error as error:
        raise InputFileError(file, 0, f"is no CSV: {error}") from error
    header = [c.strip().lower() for c in rows[0]] if rows else []
    if not {"start", "stop", "mean"} <= set(header) or set(header) - set(COLUMNS) or len(set(header)) < len(header):
        raise InputFileError(file, 1, f"needs the columns {', '.join(COLUMNS)} (low and high may be absent)")
    out: list[Phase] = []
    for line, cells in enumerate(rows[1:], start=2):
        if not any(c.strip() for c in cells) or cells[0].lstrip().startswith("#"):
            continue
        if len(cells) > len(header) or len(out) >= MOST_STRETCHES:
            raise InputFileError(file, line, f"has too many cells, or is more than the {MOST_STRETCHES}th stretch")
        out.append(_stretch(file, line, dict(zip(header, (c.strip() for c in cells), strict=False))))
        if len(out) > 1 and abs(out[-1].start_s - out[-2].stop_s) > 1e-6:
            what = "begins before" if out[-1].start_s < out[-2].stop_s else "leaves a gap after"
            raise InputFileError(file, line, f"{what} the end of the stretch above ({out[-2].stop_s:g} s)")
    if not out:
        raise InputFileError(file, 0, "announces nothing: there is no row under its header")
    return tuple(out)


def _stretch(file: str, line: int, cells: dict[str, str]) -> Phase:
    def value(key: str, dimension: str, default: str = "") -> float:
        given = cells.get(key, "") or default
        try:
            return Quantity(dimension, "non-negative").parse(given)
        except QuantityError as error:
            raise InputFileError(file, line, f"{key}: {error}") from error

    mean = cells.get("mean", "")
    found = Phase(
        start_s=value("start", "duration"),
        stop_s=value("stop", "duration"),
        mean_w=value("mean", "power"),
        low_w=value("low", "power", mean),
        high_w=value("high", "power", mean),
    )
    if not found.start_s + SHORTEST_S <= found.stop_s <= LONGEST_S:
        raise InputFileError(file, line, "must stop after it starts, a millisecond at least, and within a week")
    if not found.low_w <= found.mean_w <= found.high_w:
        raise InputFileError(file, line, "mean must lie between low and high")
    return found


# ---- the socket


def spoken(stretches: Sequence[Phase], period_s: float | None) -> str:
    """Return stretches that count from now as a line for a running loop."""
    rows = [[p.start_s, p.stop_s, p.mean_w, p.low_w, p.high_w] for p in stretches]
    return WORD + json.dumps({"stretches": rows, "period_s": period_s}, separators=(",", ":"))


def heard(line: str) -> tuple[tuple[Phase, ...], float | None]:
    """Take a line of `spoken` apart: stretches that count from now, and the period.

    Raises
    ------
    FieldError
        They are no stretches in order and without gaps.
    """
    try:
        said = json.loads(line.removeprefix(WORD))
        period_s = None if said["period_s"] is None else float(said["period_s"])
        if not 0 < len(said["stretches"]) <= MOST_STRETCHES:
            raise FieldError(f"an announcement is 1 to {MOST_STRETCHES:,} stretches of load")
        out = tuple(
            Phase(start_s=float(a), stop_s=float(b), mean_w=float(m), low_w=float(lo), high_w=float(hi))
            for a, b, m, lo, hi in said["stretches"]
        )
    except (TypeError, ValueError, KeyError, OverflowError, RecursionError) as error:
        raise FieldError("an announcement is rows of start, stop, mean, low, high, and a period") from error
    numbers = [x for p in out for x in (p.start_s, p.stop_s, p.mean_w, p.low_w, p.high_w)]
    in_time = all(0.0 <= p.start_s <= p.stop_s - SHORTEST_S and p.stop_s <= LONGEST_S for p in out)
    sound = all(map(math.isfinite, numbers)) and in_time and all(0.0 <= p.low_w <= p.mean_w <= p.high_w for p in out)
    gaps = any(abs(a.stop_s - b.start_s) > 1e-6 for a, b in pairwise(out))
    if period_s is not None and not PERIOD_S[0] <= period_s <= PERIOD_S[1]:
        raise FieldError(f"an announcement is of a period of {PERIOD_S[0]:g} to {PERIOD_S[1]:g} s, or of none")
    if not sound or gaps:
        raise FieldError("an announcement is stretches in order, without gaps, each with its mean within its band")
    return out, period_s
