"""Battery units: delivery, setting, ties in groups of four, tuning of the site controller."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gigasite.schedule.trade import trades

if TYPE_CHECKING:
    from gigasite.schedule.trade import Builder


UNITS_PER_DAY = 4.3  # 324 units in 75 working days (Stanwell via reneweconomy.com.au, 2025); derived


@trades.part("battery")
class Battery:
    """Battery units: delivery, setting, ties in groups of four, tuning of the site controller."""

    rank = 35

    def __call__(self, b: Builder, /) -> None:
        """Add the activities."""
        count = sum(x.count for x in b.campus.power.batteries)
        b.made["battery"] = np.zeros(0, np.int64)
        if not count:
            return
        first = next(x for x in b.campus.power.batteries if x.count)
        groups = -(-count // 4)
        names = [f"battery group {i + 1}" for i in range(groups)]
        mode = b.modes.get("battery", first.mode)
        lag = np.arange(float(groups)) * 4 / UNITS_PER_DAY
        arrive = b.delivery("battery", names, mode=mode, lag_days=lag, not_before=first.day or 0.0)
        setting = b.work("battery", "battery-set", names, quantity=4.0)
        tie = b.work("battery", "battery-tie", names)
        tune = b.work("battery", "battery-tune", ["campus"])
        b.link(arrive, setting)
        b.link(b.made["permits"], setting)
        b.link(setting, tie)
        b.link(tie, tune)
        b.made["battery"] = tune
