"""Which site: hard filters first, then day and cost of what is left, from the same plan."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gigasite._core.finding import Severity
from gigasite._core.progress import SILENT, Progress
from gigasite._core.quantity import show
from gigasite.campus.sites import Candidate, campus_at
from gigasite.decide.lease import lease_or_build
from gigasite.design import design as design_campus
from gigasite.design.fit import water_need
from gigasite.plan import plan

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from gigasite._core.finding import Finding
    from gigasite.campus.schema import Campus
    from gigasite.design.types import Design


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteResult:
    """What a site gives. `stopped_by` names every hard filter that fails and what would repair it; empty: it passes."""

    name: str
    title: str
    trust: str
    stopped_by: tuple[str, ...]
    first_step_day: tuple[float, float, float]
    full_size_day: tuple[float, float, float]
    cost_usd: float
    npv_usd: float
    pue: float


NEVER = (math.inf, math.inf, math.inf)


def rank_sites(base: Campus, sites: Sequence[Candidate], *, progress: Progress = SILENT) -> tuple[SiteResult, ...]:
    """Filter the sites, plan the campus on each that passes, sort by first-step day (P50), then cost.

    Filters: available, no flood zone, power for the first step by the target day and for all GPUs ever, floor area,
    floor load, height, gas, water. They are the design's own findings on that site, so that they say by how much.
    """
    out = []
    for i, site in enumerate(sites):
        out.append(_one(base, site))
        progress.step("sites", i + 1, len(sites))
    return tuple(sorted(out, key=lambda r: (bool(r.stopped_by), r.first_step_day[1], r.cost_usd, r.name)))


def _one(base: Campus, site: Candidate) -> SiteResult:
    campus = campus_at(base, site)
    stops = [*_place(site), *_power(campus)]
    design = design_campus(campus)
    stops += [*_filters(design.findings), *_water(campus, design)]
    if stops:
        return SiteResult(
            name=site.name,
            title=site.title,
            trust=site.trust,
            stopped_by=tuple(stops),
            first_step_day=NEVER,
            full_size_day=NEVER,
            cost_usd=math.inf,
            npv_usd=-math.inf,
            pue=math.nan,
        )
    made = plan(campus)
    cost = made.cost.likely_usd + site.price_usd
    bought = dataclasses.replace(made, cost=dataclasses.replace(made.cost, likely_usd=cost))
    first, full = made.schedule.first_step, made.schedule.full_size
    return SiteResult(
        name=site.name,
        title=site.title,
        trust=site.trust,
        stopped_by=(),
        first_step_day=(first.p10, first.p50, first.p90),
        full_size_day=(full.p10, full.p50, full.p90),
        cost_usd=cost,
        npv_usd=lease_or_build(bought).options[0].npv_usd[1],
        pue=made.cooling.pue,
    )


def _place(site: Candidate) -> list[str]:
    out = []
    if not site.available_now:
        out.append("not for sale or lease now: another owner or another year")
    if site.flood_zone:
        out.append("lies in a flood zone: raise it, insure it, or look elsewhere")
    return out


def _power(campus: Campus) -> list[str]:
    """Power for the first step by the target day: grid of that day and gensets."""
    design = design_campus(campus).power
    day = campus.schedule.target_day
    grid = [g.capacity_w for g in campus.power.grid if g.day <= day]
    have = (grid[-1] if grid else 0.0) + design.genset_w
    need = design.peak_w * campus.schedule.first_step_gpus / campus.compute.gpus
    if have >= need:
        return []
    what = (
        f"power by day {day:g}: {show(have, 'MW')} of {show(need, 'MW')}: "
        f"add {show(need - have, 'MW')} of mobile generation (and gas for it)"
    )
    return [what]


def _filters(findings: Iterable[Finding]) -> list[str]:
    hard = [f for f in findings if f.severity == Severity.error and f.where in {"shell", "floor", "gas line", "power"}]
    return [f"{f.where}: {f.what} ({f.found}, limit {f.limit}): {f.remedy}" for f in hard]


def _water(campus: Campus, design: Design) -> list[str]:
    have, need = campus.site.water_m3_per_s or 0.0, water_need(campus, design.cooling)
    if need <= have:
        return []
    what = (
        f"water: {show(need, 'ML/d')} needed, {show(have, 'ML/d')} there: "
        "dry coolers at a warmer supply, or recycled water"
    )
    return [what]
