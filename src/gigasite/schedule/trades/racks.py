"""Racks: arrival array by array, placing, power, hoses, leak check."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gigasite.schedule.trade import REFERENCE_GPUS, trades

if TYPE_CHECKING:
    from gigasite.schedule.trade import Builder


@trades.part("racks")
class Racks:
    """Racks: arrival array by array, placing, power, hoses, leak check."""

    rank = 50

    def __call__(self, b: Builder, /) -> None:
        """Add the activities."""
        racks = b.design.racks
        mine = racks.filter(racks["kind"] == "compute")
        hall = mine["hall"].to_numpy().astype(np.int64)
        array = mine["array"].to_numpy().astype(np.int64)
        key = hall * 100_000 + mine["row"].to_numpy()
        row = np.unique(key, return_inverse=True)[1]
        names = mine["label"].to_list()
        place = b.work("racks", "rack-place", names)
        b.link(b.made["hall"][hall - 1], place)
        b.link(self._lots(b, array)[array], place)
        power = b.work("racks", "rack-power", names)
        b.link(place, power)
        b.link(b.made["busway"][row], power)
        hoses = b.work("racks", "rack-hoses", names)
        b.link(place, hoses)
        b.link(b.made["row water"][row], hoses)
        leak = b.work("racks", "rack-leak", names)
        b.link(hoses, leak)
        b.made["rack placed"], b.made["rack power"], b.made["rack water"] = place, power, leak
        b.made["rack array"] = array

    def _lots(self, b: Builder, array: np.ndarray) -> np.ndarray:
        """Bring the racks array after array through the docks, from the day the first may come.

        A campus larger than the reference has more docks, as it has larger crews; a smaller one has no fewer.
        """
        count = np.bincount(array, minlength=b.design.arrays)
        docks = max(b.campus.compute.gpus / REFERENCE_GPUS, 1.0)
        arrays = [f"array {i + 1}" for i in range(len(count))]
        lots = b.work("racks", "rack-arrive", arrays, quantity=count / docks)
        b.link(b.delivery("gpu", ["campus"]), lots[:1])
        b.link(b.delivery("rack", ["campus"]), lots[:1])
        b.link(lots[:-1], lots[1:])
        return lots
