"""Orders: each long-lead item from its submittals to the gate; gensets and battery units come in lots."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gigasite.schedule.trade import trades

if TYPE_CHECKING:
    from gigasite.schedule.trade import Builder


ONE_LINE = ("substation", "switchgear", "transformer", "busway", "cdu", "gpu", "rack", "switch", "cable")
DAYS_BETWEEN = 1.4  # gensets: 10 units in two weeks at Southaven, June 2025 (Daily Memphian); derived
UNITS_PER_DAY = 4.3  # batteries: 324 units in 75 working days (Stanwell via reneweconomy.com.au, 2025); derived
GROUP = 4  # battery units behind one medium-voltage transformer


@trades.part("orders")
class Orders:
    """Orders: each long-lead item from its submittals to the gate; gensets and battery units come in lots."""

    rank = 0

    def __call__(self, b: Builder, /) -> None:
        """Add the activities; `made["order ITEM"]` are the lots' arrivals."""
        plant = b.design.cooling
        items = [*ONE_LINE]
        items += ["tower"] * bool(plant.towers + plant.dry_coolers) + ["chiller"] * bool(plant.chillers)
        for item in items:
            b.made[f"order {item}"] = b.delivery(item, ["campus"])
        _gensets(b)
        _batteries(b)


def genset_names(b: Builder) -> list[str]:
    """Return the gensets' names, in the order of the file."""
    groups = enumerate((g for g in b.campus.power.gensets if g.count), start=1)
    return [f"{g.model} {number}.{i + 1}" for number, g in groups for i in range(g.count)]


def battery_names(b: Builder) -> list[str]:
    """Return the names of the groups of battery units."""
    count = sum(x.count for x in b.campus.power.batteries)
    return [f"battery group {i + 1}" for i in range(-(-count // GROUP))]


def _gensets(b: Builder) -> None:
    names, arrivals = genset_names(b), [np.zeros(0, np.int64)]
    for number, g in enumerate((g for g in b.campus.power.gensets if g.count), start=1):
        lots, names = names[: g.count], names[g.count :]
        lag = np.arange(float(g.count)) * DAYS_BETWEEN
        mode, line = b.modes.get("genset", g.mode), f"{g.model} {number}"
        arrivals.append(b.delivery("genset", lots, mode=mode, line=line, lag_days=lag, not_before=g.day or 0.0))
    b.made["order genset"] = np.concatenate(arrivals)


def _batteries(b: Builder) -> None:
    names = battery_names(b)
    b.made["order battery"] = np.zeros(0, np.int64)
    if names:
        first = next(x for x in b.campus.power.batteries if x.count)
        lag = np.arange(float(len(names))) * GROUP / UNITS_PER_DAY
        mode = b.modes.get("battery", first.mode)
        b.made["order battery"] = b.delivery("battery", names, mode=mode, lag_days=lag, not_before=first.day or 0.0)
