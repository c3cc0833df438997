"""Sweeps and Monte Carlo: one case with settings and seeds varied, on all cores."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from gigasite._core.engine import Engine
from gigasite._core.errors import GigasiteError, InfeasibleError
from gigasite._core.finding import Severity
from gigasite.campus.case import load_case
from gigasite.power.case import bench_of, known, settings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gigasite.power.types import Swing

MOST_CASES = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One run of a sweep."""

    file: str
    number: int
    overrides: tuple[tuple[str, str], ...]
    seed: int


def tasks_of(file: Path, axes: Mapping[str, Sequence[str]], samples: int, seed: int = 1) -> list[Task]:
    """Return every combination of the axes' values, each with every seed.

    Raises
    ------
    InfeasibleError
        More than a million runs.
    """
    combinations = list(itertools.product(*axes.values())) if axes else [()]
    if len(combinations) * samples > MOST_CASES:
        raise InfeasibleError(f"{len(combinations) * samples:,} runs are too many; at most {MOST_CASES:,}")
    out: list[Task] = []
    for values in combinations:
        for s in range(samples):
            overrides = tuple(zip(axes, values, strict=True))
            out.append(Task(file=str(file), number=len(out), overrides=overrides, seed=seed + s))
    return out


def sweep(tasks: Sequence[Task], engine: Engine | None = None) -> pl.DataFrame:
    """Return one row per run: its settings, its seed, its figures, and what is broken.

    A run that cannot be made (infeasible, unstable) has its reason in `error`; a case that cannot be read is refused.
    """
    if tasks:
        # the first one is read here: a mistake of the file or of an axis is the user's, not a row
        load_case(tasks[0].file, known(), settings(), dict(tasks[0].overrides))
    rows = (engine or Engine()).map(_row, list(tasks), "runs")
    return pl.DataFrame(rows, infer_schema_length=None)


def _row(task: Task) -> dict[str, Any]:
    row: dict[str, Any] = {"number": task.number, "seed": task.seed} | dict(task.overrides)
    case = load_case(task.file, known(), settings(), {**dict(task.overrides), "seed": str(task.seed)})
    try:
        swing = bench_of(case, Path(task.file).parent).run(figures=False)
    except GigasiteError as error:
        return row | dict.fromkeys(FIGURES) | {"errors": 1, "broken": "", "error": str(error)}
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
