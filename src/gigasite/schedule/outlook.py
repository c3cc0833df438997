"""How sure is the day: percentiles, what drives it, where merging paths cost days, what a change is worth.

In: a campus and its design. Out: an `Outlook`. `compare` lays two of them side by side, sample by sample.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from scipy.special import ndtri
from scipy.stats import rankdata

from gigasite._core.finding import Finding, Severity
from gigasite._core.table import Column, Schema
from gigasite.schedule import gauge as gauges
from gigasite.schedule import risk, sampling
from gigasite.schedule.build import best
from gigasite.schedule.drivers import drivers
from gigasite.schedule.hazards import LEAD
from gigasite.schedule.network import SLOT_H, network

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gigasite._core.engine import Engine
    from gigasite.campus.schema import Campus
    from gigasite.design.types import Design
    from gigasite.schedule.types import Driver

    Floats = NDArray[np.float64]

MOST_RISKS = 8  # whose absence is sampled with crews, those that are worth most by links alone
DECILE = 0.1

INDICES = Schema(
    "indices",
    (
        Column("name", "String", "of the activity"),
        Column("critical_frac", "Float64", "share of samples in which it is on the path that makes the first step"),
        Column("fixed_critical_frac", "Float64", "the same, were there people for everything at once"),
        Column("cruciality", "Float64", "correlation of its duration with the first-step day (Williams 1992)"),
        Column("ssi", "Float64", "critical_frac x sd of its duration / sd of the first-step day (PMI; Vanhoucke 2010)"),
        Column("sd_days", "Float64", "of its duration"),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Percentiles:
    """Of one day; infinite where it never comes."""

    p10: float
    p50: float
    p80: float
    p90: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Sure:
    """One day: in the likely plan, by percentiles with crews and with links alone, and by the target day."""

    name: str
    likely: float
    crews: Percentiles
    links: Percentiles
    by_target_frac: float
    """Share of samples (with crews) that are there by the target day."""
    error_frac: float
    """Standard error of that share."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Merge:
    """Where a day comes from [day]: likely durations, then mean durations, then the mean of all samples.

    From `likely` to `mean_durations` it is skew and risks, from there to `mean` merge bias: where paths meet, the
    latest counts (MacCrimmon & Ryavec, Operations Research 12, 1964).
    """

    name: str
    likely: float
    mean_durations: float
    mean: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """How the first-step day follows one uncertain input."""

    name: str
    kind: str
    """duration, delivery, risk."""
    rank_correlation: float
    """Spearman's."""
    best_days: float
    """Mean day of the tenth of samples with the lowest values, less the mean of all; of risks: of those not struck."""
    worst_days: float
    """The same of the tenth with the highest; of risks: of those struck."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """Days by which the first step comes earlier without a risk, same samples otherwise."""

    name: str
    probability_frac: float
    p50_days: float
    p80_days: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """How sure the days of a campus are; `samples` and the indices of activities (`INDICES`) are for further use."""

    sure: tuple[Sure, ...]
    merges: tuple[Merge, ...]
    inputs: tuple[Input, ...]
    saved: tuple[Saved, ...]
    drivers: tuple[Driver, ...]
    """One input at a time at low and high, all others likely, the list made anew; empty when not asked for."""
    indices: pl.DataFrame
    samples: risk.Samples
    target_day: float


def outlook(
    campus: Campus, design: Design, *, samples: int | None = None, engine: Engine | None = None, deep: bool = True
) -> Outlook:
    """Sample the build of a campus.

    Parameters
    ----------
    campus, design
        The campus.
    samples
        Default: the campus's.
    engine
        Where they run.
    deep
        Whether to sample again without each of the risks that matter most, and to move one input at a time.

    Raises
    ------
    InfeasibleError
        The links form a cycle, or a plan takes more than a century.
    """
    count = samples or campus.schedule.samples
    case, likely = best(campus, design, network(campus, design, dict(campus.schedule.modes)))
    made = risk.ready(case, likely.first_step)
    drawn = risk.run(made, count, engine)
    inputs = _inputs(made.pack, drawn)
    return Outlook(
        sure=_sure(likely, drawn, campus.schedule.target_day),
        merges=_merges(made, drawn, count),
        inputs=inputs,
        drivers=drivers(case, likely) if deep else (),
        saved=tuple(_saved(made, drawn, name, campus, engine) for name in (_worth(made, drawn) if deep else ())),
        indices=_indices(case, drawn, count),
        samples=drawn,
        target_day=campus.schedule.target_day,
    )


def percentiles(days: Floats) -> Percentiles:
    """Return percentiles; each is a sample, so that days which never come do not poison an interpolation."""
    p10, p50, p80, p90 = (float(np.quantile(days, q, method="lower")) for q in (0.1, 0.5, 0.8, 0.9))
    return Percentiles(p10=p10, p50=p50, p80=p80, p90=p90)


def _sure(likely: risk.Result, drawn: risk.Samples, target: float) -> tuple[Sure, ...]:
    out = []
    for name, day, crews, links in (
        ("first step", likely.first_step, drawn.first_step, drawn.fixed_first),
        ("full size", likely.full_size, drawn.full_size, drawn.fixed_full),
    ):
        share = float((crews <= target).mean())
        out.append(
            Sure(
                name=name,
                likely=day,
                crews=percentiles(crews),
                links=percentiles(links),
                by_target_frac=share,
                error_frac=math.sqrt(share * (1.0 - share) / len(crews)),
            )
        )
    return tuple(out)


def _merges(made: risk.Ready, drawn: risk.Samples, count: int) -> tuple[Merge, ...]:
    """Return where the days come from, of crews at work and of links alone."""
    p = made.pack
    mean = p.likely + drawn.moments[0][p.order] / count
    low, likely, high = made.gauge.job_hours
    at = [(p.likely.astype(np.float64), likely / 24.0), (np.rint(mean), (low + likely + high) / 72.0)]
    crews, links = zip(*(_certain(made, dur, job) for dur, job in at), strict=True)
    found = [("first step", d.first_step[0]) for d in (*crews, *links)]
    full = [("full size", d.full_size[0]) for d in crews]
    marks = [[float(d.marks[m, 0]) for d in crews] for m in range(len(gauges.MARKS))]
    rows: list[tuple[str, float, float, Floats]] = [("first step", found[0][1], found[1][1], drawn.first_step)]
    rows += [("first step, links alone", found[2][1], found[3][1], drawn.fixed_first)]
    rows += [("full size", full[0][1], full[1][1], drawn.full_size)]
    rows += [(name, marks[m][0], marks[m][1], drawn.marks[m]) for m, name in enumerate(gauges.MARKS)]
    return tuple(
        Merge(name=name, likely=float(a), mean_durations=float(b), mean=float(np.mean(days)))
        for name, a, b, days in rows
    )


def _certain(made: risk.Ready, dur: Floats, job: float) -> tuple[gauges.Days, gauges.Days]:
    """Return the days of one set of durations (n,) [slots], with crews and with links alone."""
    block = dur.astype(np.float32)[:, None]
    start, _ = sampling.at_work(made.pack, block)
    linked = sampling.fixed(made.pack, block)
    hours = np.array([job])
    crews = gauges.read(made.gauge, lambda rows: start[:, rows].T + dur[rows][:, None], hours)
    return crews, gauges.read(made.gauge, lambda rows: linked[rows].astype(np.float64), hours)


def _inputs(p: sampling.Pack, drawn: risk.Samples) -> tuple[Input, ...]:
    """Return inputs by the width of their effect, widest first; days that never come count as the latest."""
    day = drawn.first_step
    known = np.where(np.isfinite(day), day, np.max(day, where=np.isfinite(day), initial=0.0))
    ranks = rankdata(known)
    out = []
    for name, luck in zip(p.key_names, drawn.luck, strict=True):
        kind = "delivery" if name.startswith(LEAD) else "duration"
        order = np.argsort(luck, kind="stable")
        tenth = max(1, round(DECILE * len(day)))
        out.append(_input(name.removeprefix(LEAD), kind, luck, ranks, known, (order[:tenth], order[-tenth:])))
    for name, factor, wait in zip(p.hazards.names, drawn.impact, drawn.wait, strict=True):
        struck = (factor != 1.0) | (wait > 0.0)
        sets = np.flatnonzero(~struck), np.flatnonzero(struck)
        out.append(_input(name, "risk", factor + wait, ranks, known, sets))
    return tuple(sorted(out, key=lambda x: (-abs(x.rank_correlation), x.kind, x.name)))


def _input(
    name: str, kind: str, value: Floats, ranks: Floats, day: Floats, sets: tuple[NDArray[np.int64], NDArray[np.int64]]
) -> Input:
    moves = np.ptp(value) > 0 and np.ptp(day) > 0
    low, high = (float(day[s].mean() - day.mean()) if len(s) else 0.0 for s in sets)
    correlation = float(np.corrcoef(rankdata(value), ranks)[0, 1]) if moves else 0.0
    return Input(name=name, kind=kind, rank_correlation=correlation, best_days=low, worst_days=high)


def _worth(made: risk.Ready, drawn: risk.Samples) -> list[str]:
    """Return the risks without which links alone are earlier, those that are worth most first."""
    count = len(drawn.first_step)
    known = np.isfinite(drawn.fixed_first)
    gains = []
    for name in made.pack.hazards.names:
        days = risk.run_links(_without(made, name), count)
        gains.append((float((drawn.fixed_first - days)[known].mean()) if known.any() else 0.0, name))
    return [name for gain, name in sorted(gains, key=lambda g: (-g[0], g[1]))[:MOST_RISKS] if gain > 0]


def _without(made: risk.Ready, name: str) -> risk.Ready:
    """Return a network for sampling on which a risk never strikes."""
    h = made.pack.hazards
    off = h.risk == h.names.index(name)
    calm = replace(h, threshold=np.where(off, np.float32(ndtri(0.0)), h.threshold).astype(np.float32))
    return replace(made, pack=replace(made.pack, hazards=calm))


def _saved(made: risk.Ready, drawn: risk.Samples, name: str, campus: Campus, engine: Engine | None) -> Saved:
    without = risk.run(_without(made, name), len(drawn.first_step), engine)
    a, b = percentiles(drawn.first_step), percentiles(without.first_step)
    own = campus.catalogue.risks[name].probability_frac
    return Saved(
        name=name,
        probability_frac=campus.schedule.risks.get(name, own),
        p50_days=_gain(a.p50, b.p50),
        p80_days=_gain(a.p80, b.p80),
    )


def _gain(a: float, b: float) -> float:
    return 0.0 if a == b else a - b  # two days that never come differ by nothing


def _indices(case: risk.Case, drawn: risk.Samples, count: int) -> pl.DataFrame:
    """Return the indices of activities that ever were on the path, most sensitive first."""
    total, squares, product = drawn.moments / count
    spread = np.sqrt(np.maximum(squares - total**2, 0.0)) * (SLOT_H / 24.0)
    day = drawn.first_step
    known = np.isfinite(day)
    sd = float(day[known].std()) if known.any() else 0.0
    late = float(day[known].mean() - drawn.center) * known.mean() if known.any() else 0.0
    moved = (spread > 0) & (sd > 0)
    both = np.where(moved, spread * sd, 1.0)
    corr = np.where(moved, (product - total * late) * (SLOT_H / 24.0) / both, 0.0)
    table = pl.DataFrame(
        {
            "name": case.net.names,
            "critical_frac": drawn.hits / count,
            "fixed_critical_frac": drawn.fixed_hits / count,
            "cruciality": np.clip(corr, -1.0, 1.0),
            "ssi": drawn.hits / count * spread / (sd or 1.0),
            "sd_days": spread,
        },
        schema=INDICES.polars(),
    )
    ever = table.filter((pl.col("critical_frac") > 0) | (pl.col("fixed_critical_frac") > 0))
    return INDICES.check(ever.sort(["ssi", "critical_frac", "name"], descending=[True, True, False]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What a change does to one day, sample by sample with the same luck; positive is later [days]."""

    name: str
    before: Percentiles
    after: Percentiles
    difference: Percentiles
    mean: float
    earlier_frac: float
    later_frac: float
    by_target_frac: float
    """Gain of the chance to be there by the target day."""


def compare(before: Outlook, after: Outlook) -> tuple[Change, ...]:
    """Return what changed, of first step and full size; samples that never come in both differ by nothing."""
    out = []
    for k, field in enumerate(("first_step", "full_size")):
        a, b = getattr(before.samples, field), getattr(after.samples, field)
        with np.errstate(invalid="ignore"):
            step = np.where(a == b, 0.0, b - a)
        out.append(
            Change(
                name=before.sure[k].name,
                before=before.sure[k].crews,
                after=after.sure[k].crews,
                difference=percentiles(step),
                mean=float(np.mean(step)),
                earlier_frac=float((step < 0).mean()),
                later_frac=float((step > 0).mean()),
                by_target_frac=after.sure[k].by_target_frac - before.sure[k].by_target_frac,
            )
        )
    return tuple(out)


def findings(made: Outlook) -> list[Finding]:
    """Return what a reader must know: days that never come, a target day that is not likely."""
    first = made.sure[0]
    if not math.isfinite(first.crews.p50):
        text = "is never reached in half of the samples"
        return [_finding(Severity.error, text, "", "never", "see `gigasite schedule FILE`: what never suffices")]
    if first.by_target_frac < 0.5:
        found = f"{first.by_target_frac:.0%} of samples (P50 day {first.crews.p50:.0f})"
        cure = "see `gigasite schedule tradeoff FILE --target DAY`: what an earlier day costs"
        limit = f"day {made.target_day:g}"
        return [_finding(Severity.warning, "is more likely missed than kept", limit, found, cure)]
    return []


def _finding(severity: Severity, what: str, limit: str, found: str, remedy: str) -> Finding:
    return Finding(
        severity=severity, chapter="schedule", where="first step", what=what, limit=limit, found=found, remedy=remedy
    )
