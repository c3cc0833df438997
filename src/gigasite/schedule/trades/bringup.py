"""Bring-up: power on and firmware of each rack, burn-in and test of each array; integrated test of each hall."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gigasite.schedule.trade import halls, trades

if TYPE_CHECKING:
    from gigasite.schedule.trade import Builder


@trades.part("bring-up")
class BringUp:
    """Bring-up: power on and firmware of each rack, burn-in and test of each array; integrated test of each hall."""

    rank = 70

    def __call__(self, b: Builder, /) -> None:
        """Add the activities."""
        racks = b.design.racks.filter(b.design.racks["kind"] == "compute")
        names = racks["label"].to_list()
        arrays = [f"array {i + 1}" for i in range(b.design.arrays)]
        hall = racks["hall"].to_numpy().astype(np.int64)
        on = b.work("bring-up", "rack-on", names)
        for ready in ("rack power", "rack water", "rack managed"):
            b.link(b.made[ready], on)
        b.link(b.made["plant"][hall - 1], on)
        boot = b.work("bring-up", "rack-boot", names)
        b.link(on, boot)
        burn = b.work("bring-up", "burn-in", arrays)
        b.join(boot, burn, b.made["rack array"])
        test = b.work("bring-up", "array-test", arrays)
        b.link(burn, test)  # GPUs burn in on their own; only the test needs the fabric
        b.link(b.made["array network"], test)
        first = np.unique(b.made["rack array"], return_index=True)[1]
        ist = b.work("bring-up", "hall-ist", halls(b))
        b.join(test, ist, hall[first] - 1)
        b.made["array ready"], b.made["hall tested"] = test, ist
