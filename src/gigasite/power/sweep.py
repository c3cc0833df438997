"""Sweeps and Monte Carlo: one case with settings and seeds varied, on all cores."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from gigasite._core.engine import Engine
from gigasite._core.errors import GigasiteError, InfeasibleError
from gigasite._core.finding import Severity
from gigasite.campus.case import load_case
from gigasite.power.case import known, read_bench, settings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from gigasite.power.types import Swing

MOST_CASES = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One run of a sweep."""

    file: str
    number: int
    overrides: tuple[tuple[str, str], ...]
    seed: int


def tasks_of(file: Path, axes: Mapping[str, Sequence[str]], samples: int, seed: int | None = None) -> list[Task]:
    """Return every combination of the axes' values, each with every seed.

    Parameters
    ----------
    file
        The case.
    axes
        Values by key.
    samples
        Seeds per combination: `seed` and the next ones.
    seed
        The first; default: the case's own.

    Raises
    ------
    CampusFileError
        The case cannot be read.
    InfeasibleError
        More than a million runs, or seeds both on an axis and as samples.
    """
    if "seed" in axes and samples > 1:
        raise InfeasibleError("seeds are varied by --samples or by --set seed=..., not by both")
    combinations = list(itertools.product(*axes.values())) if axes else [()]
    if len(combinations) * samples > MOST_CASES:
        raise InfeasibleError(f"{len(combinations) * samples:,} runs are too many; at most {MOST_CASES:,}")
    first = load_case(file, known(), settings()).value.seed if seed is None else seed
    out: list[Task] = []
    for values in combinations:
        for s in range(samples):
            overrides = tuple(zip(axes, values, strict=True))
            own = dict(overrides).get("seed", str(first + s))
            if not own.isdecimal():
                raise InfeasibleError(f"--set seed: '{own[:40]}' is no whole number")
            out.append(Task(file=str(file), number=len(out), overrides=overrides, seed=int(own)))
    return out


def axis_of(text: str) -> tuple[str, list[str]]:
    """Split `KEY=VALUE,VALUE`; commas inside brackets or quotes belong to a value.

    Raises
    ------
    InfeasibleError
        It is none.

    >>> axis_of("load.at=[1 s, 2 s],[3 s, 4 s]")
    ('load.at', ['[1 s, 2 s]', '[3 s, 4 s]'])
    """
    key, equals, values = text.partition("=")
    found: list[str] = [""]
    depth, quote = 0, ""
    for mark in values:
        if quote:
            quote = "" if mark == quote else quote
        elif mark in "\"'":
            quote = mark
        else:
            depth += (mark in "[{") - (mark in "]}")
        if mark == "," and not quote and depth == 0:
            found.append("")
        else:
            found[-1] += mark
    out = [v.strip() for v in found]
    if not key.strip() or not equals or not all(out) or depth or quote:
        raise InfeasibleError(
            f"--set {text}: write KEY=VALUE,VALUE such as load.period='1 s,2 s'; a value that is a list in brackets"
        )
    return key.strip(), out


def level_for(file: Path) -> tuple[str, str]:
    """Return the level of a sweep and why, where it is not the fast one ("" where it is)."""
    case = load_case(file, known(), settings()).value
    if case.events:
        return "network", "the case has events, which need it"
    if not case.machines and case.grid is None:
        return "network", "a battery carries the load alone"
    return "aggregate", ""


def sweep(tasks: Sequence[Task], engine: Engine | None = None) -> pl.DataFrame:
    """Return one row per run: its settings, its seed, its figures, and what is broken.

    A run that cannot be made (infeasible, unstable, a value of an axis that no case may have) has its reason in
    `error`; a case that cannot be read is refused.
    """
    if tasks:
        # the first one is read here: a mistake of the file or of an axis is the user's, not a row
        load_case(tasks[0].file, known(), settings(), dict(tasks[0].overrides))
    rows = (engine or Engine()).map(_row, list(tasks), "runs")
    return pl.DataFrame(rows, infer_schema_length=None)


def _row(task: Task) -> dict[str, Any]:
    row: dict[str, Any] = {"number": task.number, **dict(task.overrides), "seed": task.seed}
    try:
        swing = read_bench(task.file, overrides=dict(task.overrides) | {"seed": str(task.seed)}).run(figures=False)
    except GigasiteError as error:
        return row | dict.fromkeys(FIGURES) | {"errors": 0, "broken": "", "error": str(error).splitlines()[0]}
    broken = sorted({f"{f.where}: {f.what}" for f in swing.findings if f.severity is Severity.error})
    return row | figures(swing) | {"errors": len(broken), "broken": "; ".join(broken), "error": ""}


FIGURES = (
    "nadir_hz",
    "peak_hz",
    "peak_to_peak_hz",
    "rocof_hz_per_s",
    "ramp_up_w_per_s",
    "ramp_down_w_per_s",
    "battery_power_w",
    "battery_energy_j",
    "battery_throughput_j",
    "soc_min",
    "soc_max",
)


def figures(swing: Swing) -> dict[str, float]:
    """Return the figures of a run by name."""
    values = (
        swing.nadir_hz,
        swing.peak_hz,
        swing.peak_hz - swing.nadir_hz,
        swing.rocof_hz_per_s,
        swing.ramp_up_w_per_s,
        swing.ramp_down_w_per_s,
        swing.battery_peak_w,
        swing.battery_used_j,
        swing.battery_throughput_j,
        float(swing.soc_frac.min()),
        float(swing.soc_frac.max()),
    )
    return dict(zip(FIGURES, values, strict=True)) | dict(swing.figures)
