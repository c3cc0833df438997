"""Gensets: permit, delivery one after the other, placing, ties, test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gigasite.schedule.trade import trades

if TYPE_CHECKING:
    from gigasite.schedule.trade import Builder


DAYS_BETWEEN = 1.4  # 10 units in two weeks at Southaven, June 2025 (Daily Memphian); derived


@trades.part("gensets")
class Gensets:
    """Gensets: permit, delivery one after the other, placing, ties, test."""

    rank = 30

    def __call__(self, b: Builder, /) -> None:
        """Add the activities."""
        groups = [g for g in b.campus.power.gensets if g.count]
        total = sum(g.count for g in groups)
        b.made["genset"] = np.zeros(0, np.int64)
        if not total:
            return
        permit = b.work("gensets", "genset-permit", ["campus"])
        names: list[str] = []
        arrivals = []
        for number, g in enumerate(groups, start=1):
            lots = [f"{g.model} {number}.{i + 1}" for i in range(g.count)]
            lag = np.arange(float(g.count)) * DAYS_BETWEEN
            mode = b.modes.get("genset", g.mode)
            arrivals.append(b.delivery("genset", lots, mode=mode, lag_days=lag, not_before=g.day or 0.0))
            names += lots
        place = b.work("gensets", "genset-place", names)
        tie = b.work("gensets", "genset-tie", names)
        test = b.work("gensets", "genset-test", names)
        b.link(np.concatenate(arrivals), place)
        b.link(b.made["permits"], place)
        b.link(place, tie)
        b.link(tie, test)
        b.link(permit, test)
        b.made["genset"] = test
