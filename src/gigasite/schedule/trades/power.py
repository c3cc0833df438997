"""Power distribution: the intake, switchgear, unit substations, busway of each row."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gigasite.schedule.trade import trades

if TYPE_CHECKING:
    from gigasite.schedule.trade import Builder


@trades.part("power")
class PowerDistribution:
    """Power distribution: the intake, switchgear, unit substations, busway of each row."""

    rank = 20

    def __call__(self, b: Builder, /) -> None:
        """Add the activities."""
        chain = b.design.power
        tie = b.work("power", "substation-set", ["intake"])
        b.link(b.made["permits"], tie)
        b.link(b.delivery("substation", ["intake"]), tie)
        gear = b.work("power", "switchgear-set", [f"line-up {i + 1}" for i in range(chain.switchgear)])
        b.link(b.delivery("switchgear", ["campus"]), gear)
        b.link(b.made["permits"], gear)
        units = b.work(
            "power",
            "transformer-set",
            [f"unit substation {i + 1}" for i in range(chain.transformers)],
        )
        b.link(b.delivery("transformer", ["campus"]), units)
        b.link(gear[np.arange(len(units)) * len(gear) // len(units)], units)
        rows = _rows(b)
        busway = b.work("power", "busway-row", [f"H{h}-R{r:02d}" for h, r in rows])
        b.link(b.delivery("busway", ["campus"]), busway)
        b.link(b.made["hall"][rows[:, 0] - 1], busway)
        # a row waits for every unit substation that feeds it: several rows share one, or several units feed one row
        b.link(units[np.arange(len(rows)) * len(units) // len(rows)], busway)
        b.link(units, busway[np.arange(len(units)) * len(rows) // len(units)])
        b.made["intake"], b.made["busway"] = tie, busway


def _rows(b: Builder) -> np.ndarray:
    """Return (n, 2) hall and row of every row that has compute racks."""
    racks = b.design.racks
    mine = racks.filter(racks["kind"] == "compute")
    return np.unique(mine.select("hall", "row").to_numpy().astype(np.int64), axis=0)
