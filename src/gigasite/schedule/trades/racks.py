"""Racks: placing, power, hoses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gigasite.schedule.trade import trades

if TYPE_CHECKING:
    from gigasite.schedule.trade import Builder


@trades.part("racks")
class Racks:
    """Racks: placing, power, hoses."""

    rank = 50

    def __call__(self, b: Builder, /) -> None:
        """Add the activities."""
        racks = b.design.racks
        mine = racks.filter(racks["kind"] == "compute")
        hall = mine["hall"].to_numpy().astype(np.int64)
        key = hall * 100_000 + mine["row"].to_numpy()
        row = np.unique(key, return_inverse=True)[1]
        names = mine["label"].to_list()
        place = b.work("racks", "rack-place", names)
        b.link(b.made["hall"][hall - 1], place)
        b.link(b.delivery("gpu", ["campus"]), place)
        b.link(b.delivery("rack", ["campus"]), place)
        power = b.work("racks", "rack-power", names)
        b.link(place, power)
        b.link(b.made["busway"][row], power)
        hoses = b.work("racks", "rack-hoses", names)
        b.link(place, hoses)
        b.link(b.made["row water"][row], hoses)
        b.made["rack placed"], b.made["rack power"], b.made["rack hoses"] = place, power, hoses
        b.made["rack array"] = mine["array"].to_numpy().astype(np.int64)
