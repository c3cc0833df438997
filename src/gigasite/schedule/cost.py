"""What a way to build costs: long-lead items in their modes, crews on the days on which they have work."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from gigasite.design.bom import price_factor
from gigasite.schedule.network import SLOT_H
from gigasite.schedule.readiness import needs

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gigasite.campus.schema import Campus
    from gigasite.design.types import Design
    from gigasite.schedule.network import Network
    from gigasite.schedule.risk import Result
    from gigasite.schedule.types import Staircase

OWN = ""
"""Stands for the mode that the campus file gives (gensets and batteries may have several)."""


def new_prices(campus: Campus, bill: pl.DataFrame) -> dict[str, float]:
    """Return what each long-lead item of a bill of materials would cost when ordered new [USD]."""
    out: dict[str, float] = {}
    for item, mode, usd in bill.select("item", "mode", "likely_usd").iter_rows():
        factor = price_factor(campus.catalogue, item, mode)
        # what costs nothing in its mode (it stands there already) has no new price in the bill
        out[item] = out.get(item, 0.0) + (usd / factor if factor > 0 else 0.0)
    return out


def own_prices(bill: pl.DataFrame) -> dict[str, float]:
    """Return what each long-lead item costs as the file gets it [USD]."""
    return dict(bill.group_by("item").agg(pl.col("likely_usd").sum()).sort("item").iter_rows())


def items_usd(campus: Campus, bill: pl.DataFrame, modes: Mapping[str, str]) -> dict[str, float]:
    """Return the cost of each item in `modes` [USD]; `OWN` and what is not named cost what the file pays."""
    new, own = new_prices(campus, bill), own_prices(bill)
    return {
        item: own[item] if not modes.get(item) else usd * price_factor(campus.catalogue, item, modes[item])
        for item, usd in new.items()
    }


def crews_usd(campus: Campus, net: Network, plan: Result) -> dict[str, float]:
    """Return what each crew costs in a plan [USD].

    All people of a crew are paid for the working hours of every day on which any of them has work, and each is brought
    to the site once (`prices.mobilisation`). So a larger crew costs more a day, and less of the work is idle waiting.
    """
    begin = np.floor(plan.start * (SLOT_H / 24.0)).astype(np.int64)
    end = np.ceil((plan.start + plan.dur) * (SLOT_H / 24.0)).astype(np.int64)
    hours = campus.schedule.shifts.hours_per_day
    there = np.ones(len(plan.dur), np.bool_)
    there[net.absent] = False  # people who are away are not paid
    # two shifts are two sets of people
    once = campus.catalogue.prices["mobilisation"].likely * campus.schedule.shifts.count
    out = {}
    for c, name in enumerate(net.crew_names):
        mine = np.flatnonzero((net.crew == c) & (plan.dur > 0) & there)
        if not len(mine):
            continue
        change = np.zeros(int(end[mine].max()) + 1, np.int64)
        np.add.at(change, begin[mine], 1)
        np.subtract.at(change, end[mine], 1)
        days = int((np.cumsum(change) > 0).sum())
        people = int(net.capacity[c])
        out[name] = people * (days * hours * campus.catalogue.crews[name].cost + once)
    return out


def gpu_days(campus: Campus, design: Design, stairs: Sequence[Staircase], until: float) -> float:
    """Return GPU-days before day `until`: GPUs that have racks, network, power and cooling, summed over days."""
    each = needs(campus, design, 1.0)
    changes = np.concatenate([s.day[np.isfinite(s.day)] for s in stairs])
    days = np.unique(np.concatenate([[0.0], changes[changes < until], [until]]))
    able = np.min(
        [[s.at(day) / one for day in days[:-1].tolist()] for s, one in zip(stairs, each, strict=True)], axis=0
    )
    return float((np.minimum(able, campus.compute.gpus) * np.diff(days)).sum())
