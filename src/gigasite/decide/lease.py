"""Build, build the conventional way, lease space, or rent GPUs: worth over the horizon, sampled with the schedule.

One view is taken: the worth of GPU-hours from the day they run. Idle capital is shown beside it, never added to it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gigasite._core.streams import stream

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gigasite.campus.parts import Price
    from gigasite.campus.schema import Campus
    from gigasite.plan.types import Plan
    from gigasite.schedule.types import Schedule

    Floats = NDArray[np.float64]

DAY_S = 86400.0
YEAR_D = 365.25
MONTH_D = YEAR_D / 12
RESIDUAL_MONTHS = 36.0  # the residual of the campus file is that after three years
CONTRACT_MARGIN = 0.15  # of the rent market over the reserved price for a block of this size; estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One way to get the GPUs; percentiles over the samples."""

    name: str
    first_step_day: tuple[float, float, float]
    """P10, P50, P90."""
    full_size_day: tuple[float, float, float]
    npv_usd: tuple[float, float, float]
    capex_usd: float
    best_frac: float
    """Share of samples in which it is worth most."""
    gpu_hours: float
    """Useful ones within the horizon, at the median."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What a decision page shows."""

    options: tuple[Option, ...]
    winner: str
    cost_of_delay_usd_per_day: float
    """Worth of one day of all GPUs at the start: GPUs x 24 h x price x goodput."""
    idle_capital_usd_per_day: float
    """Capital x discount rate / 365; another view of the same delay."""
    break_even_delay_days: float
    """How late the build may be before the next best option is worth more; infinite if never."""
    break_even_premium_frac: float
    """How much dearer the build may be; negative if it already loses."""
    inputs: dict[str, str]


def lease_or_build(plan: Plan) -> Decision:
    """Compare the campus as planned with its conventional build, leased space and rented GPUs.

    Returns
    -------
    Decision
        Same samples for all options: sample i of every option shares its quantiles.
    """
    campus = plan.campus
    capex = plan.cost.likely_usd
    n = len(plan.schedule.first_step_samples)
    built = _built(plan, plan.schedule, capex)
    usual = _built(plan, plan.conventional, capex)
    leased = _leased(plan, n)
    rented = _rented(plan, n)
    every = {
        "build": built,
        "conventional build": usual,
        "lease space": leased,
        "rent GPUs": rented,
    }
    npv = np.stack([npvs for _, _, npvs, _, _ in every.values()])
    wins = (npv == npv.max(axis=0)).mean(axis=1)
    options = tuple(_option(name, x, float(w)) for (name, x), w in zip(every.items(), wins, strict=True))
    other = float(np.median(npv[1:].max(axis=0)))
    e = campus.economics
    return Decision(
        options=options,
        winner=max(options, key=lambda o: o.npv_usd[1]).name,
        cost_of_delay_usd_per_day=campus.compute.gpus * 24.0 * e.gpu_hour * e.goodput_frac,
        idle_capital_usd_per_day=capex * e.discount_per_year_frac / 365.0,
        break_even_delay_days=_break_even_delay(plan, capex, other),
        break_even_premium_frac=(float(np.median(built[2])) - other) / capex,
        inputs=_inputs(campus),
    )


Sampled = tuple["Floats", "Floats", "Floats", float, float]


def worth(campus: Campus, first: Floats, full: Floats, share: float, delay: float = 0.0) -> tuple[Floats, float]:
    """Return the discounted worth of GPU-hours per sample [USD], and GPU-hours at the median.

    From the first-step day on `share` of the GPUs run, from the full-size day all; price and worth fall at their yearly
    rates: integral of e^(-k t) with k = -ln((1 - decay)(1 - discount')).
    """
    e = campus.economics
    end = e.horizon_s / DAY_S
    k = (-np.log(1.0 - e.price_decay_per_year_frac) + np.log1p(e.discount_per_year_frac)) / YEAR_D
    k = max(k, 1e-12)
    per_day = campus.compute.gpus * 24.0 * e.gpu_hour * e.goodput_frac
    a, b = np.minimum(first + delay, end), np.minimum(full + delay, end)
    part = share * (np.exp(-k * a) - np.exp(-k * b)) / k
    whole = (np.exp(-k * b) - np.exp(-k * end)) / k
    hours = campus.compute.gpus * 24.0 * e.goodput_frac * (share * (b - a) + (end - b))
    return per_day * (part + whole), float(np.median(hours))


def _built(plan: Plan, schedule: Schedule, capex: float, delay: float = 0.0) -> Sampled:
    campus = plan.campus
    first, full = (
        _finite(campus, schedule.first_step_samples),
        _finite(campus, schedule.full_size_samples),
    )
    share = campus.schedule.first_step_gpus / campus.compute.gpus
    gain, hours = worth(campus, first, full, share, delay)
    cost = capex - _residual(campus, plan) + _running(plan, full + delay)
    return first + delay, full + delay, gain - cost, capex, hours


def _finite(campus: Campus, days: Floats) -> Floats:
    """Days that never come lie at the end of the horizon."""
    return np.minimum(days, campus.economics.horizon_s / DAY_S)


def _residual(campus: Campus, plan: Plan) -> float:
    """Return the discounted rest value of the compute hardware at the horizon [USD]."""
    e = campus.economics
    compute = plan.design.bom.filter(plan.design.bom["group"] == "compute")
    price = float(compute["likely_usd"].sum())
    years = e.horizon_s / DAY_S / YEAR_D
    left = e.residual_frac ** (years * 12.0 / RESIDUAL_MONTHS)
    return float(price * left * (1.0 + e.discount_per_year_frac) ** -years)


def _running(plan: Plan, full: Floats) -> Floats:
    """Return the discounted cost of energy, water and staff from the full-size day on [USD], per sample."""
    campus = plan.campus
    e = campus.economics
    water = plan.cooling.water_m3 * campus.catalogue.prices["water"].likely / 3.785411784
    staff = e.staff * campus.catalogue.prices["operator"].likely * 24 * YEAR_D * 40 / 168
    per_day = (plan.cooling.energy_j * YEAR_D / 365.0 * e.electricity_usd_per_j + water + staff) / YEAR_D
    return per_day * _annuity(campus, full)


def _annuity(campus: Campus, start: Floats) -> Floats:
    """Return the present worth of 1 USD a day from `start` to the horizon."""
    e = campus.economics
    end = e.horizon_s / DAY_S
    k = max(float(np.log1p(e.discount_per_year_frac)) / YEAR_D, 1e-12)
    out: Floats = (np.exp(-k * np.minimum(start, end)) - np.exp(-k * end)) / k
    return out


def _leased(plan: Plan, n: int) -> Sampled:
    """GPUs bought, space and power leased: no plant, no building, a rent per kilowatt; late start."""
    campus, prices = plan.campus, plan.campus.catalogue.prices
    rng = stream(campus.seed, "decide", 1)
    begin = _triangular(rng.random(n), prices["colocation_start"])
    bom = plan.design.bom
    own = bom.filter(bom["group"].is_in(["compute", "network"]))
    capex = float(own["likely_usd"].sum()) + plan.cables.cost.likely_usd
    rent = _triangular(rng.random(n), prices["colocation"]) / MONTH_D * plan.design.power.it_typical_w / 1e3
    gain, hours = worth(campus, begin, begin, 1.0)
    npv = gain - capex + _residual(campus, plan) - rent * _annuity(campus, begin) - _running(plan, begin)
    return begin, begin, npv, capex, hours


def _rented(plan: Plan, n: int) -> Sampled:
    """No capital: GPU-hours rented as the market hands them over, at the reserved price with a margin."""
    campus, prices = plan.campus, plan.campus.catalogue.prices
    rng = stream(campus.seed, "decide", 2)
    per_month = _triangular(rng.random(n), prices["neocloud"])
    first = campus.schedule.first_step_gpus / per_month * MONTH_D
    full = _finite(campus, campus.compute.gpus / per_month * MONTH_D)
    first = _finite(campus, first)
    share = campus.schedule.first_step_gpus / campus.compute.gpus
    gain, hours = worth(campus, first, full, share)
    price = _triangular(rng.random(n), prices["gpu_hour"]) * (1.0 + CONTRACT_MARGIN) / campus.economics.gpu_hour
    # rent is paid for every hour, worth comes from the useful ones only; both fall with the market
    npv = gain - gain * price / campus.economics.goodput_frac
    return first, full, npv, 0.0, hours


def _triangular(u: Floats, price: Price) -> Floats:
    low, mode, high = price.low, price.likely, price.high
    span = max(high - low, 1e-12)
    left = low + np.sqrt(u * span * (mode - low))
    right = high - np.sqrt((1.0 - u) * span * (high - mode))
    out: Floats = np.where(u < (mode - low) / span, left, right)
    return out


def _option(name: str, sampled: Sampled, wins: float) -> Option:
    first, full, npv, capex, hours = sampled

    def three(x: Floats) -> tuple[float, float, float]:
        low, mid, high = (float(np.quantile(x, q)) for q in (0.1, 0.5, 0.9))
        return low, mid, high

    return Option(
        name=name,
        first_step_day=three(first),
        full_size_day=three(full),
        npv_usd=three(npv),
        capex_usd=capex,
        best_frac=wins,
        gpu_hours=hours,
    )


def _break_even_delay(plan: Plan, capex: float, other: float) -> float:
    """Return by bisection the delay [d] at which the build's median worth falls to the next best option's."""

    def gap(delay: float) -> float:
        return float(np.median(_built(plan, plan.schedule, capex, delay)[2])) - other

    low, high = 0.0, plan.campus.economics.horizon_s / DAY_S
    if gap(low) <= 0:
        return 0.0
    if gap(high) > 0:
        return float("inf")
    for _ in range(40):
        mid = 0.5 * (low + high)
        low, high = (mid, high) if gap(mid) > 0 else (low, mid)
    return 0.5 * (low + high)


def _inputs(campus: Campus) -> dict[str, str]:
    e, p = campus.economics, campus.catalogue.prices
    return {
        "GPU-hour": f"{e.gpu_hour:.2f} USD, falling {e.price_decay_per_year_frac:.0%} a year",
        "goodput": f"{e.goodput_frac:.0%}",
        "discount": f"{e.discount_per_year_frac:.0%} a year",
        "horizon": f"{e.horizon_s / DAY_S / YEAR_D:.1f} years",
        "colocation": f"{p['colocation'].likely:g} {p['colocation'].unit}",
        "colocation ready": f"day {p['colocation_start'].likely:g}",
        "electricity": f"{e.electricity_usd_per_j * 3.6e9:.0f} USD/MWh",
    }
