"""Bring-up: power on and firmware, burn-in, test of each array; integrated test of each hall."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gigasite.schedule.trade import halls, trades

if TYPE_CHECKING:
    from gigasite.schedule.trade import Builder


@trades.part("bring-up")
class BringUp:
    """Bring-up: power on and firmware, burn-in, test of each array; integrated test of each hall."""

    rank = 70

    def __call__(self, b: Builder, /) -> None:
        """Add the activities."""
        arrays = [f"array {i + 1}" for i in range(b.design.arrays)]
        boot = b.work("bring-up", "rack-boot", arrays)
        b.join(b.made["rack power"], boot, b.made["rack array"])
        b.join(b.made["rack hoses"], boot, b.made["rack array"])
        b.link(b.made["array network"], boot)
        burn = b.work("bring-up", "burn-in", arrays)
        test = b.work("bring-up", "array-test", arrays)
        b.link(boot, burn)
        b.link(burn, test)
        hall = b.design.racks.filter(b.design.racks["kind"] == "compute")["hall"].to_numpy().astype(np.int64)
        first = np.unique(b.made["rack array"], return_index=True)[1]
        b.link(b.made["plant"][hall[first] - 1], boot)
        ist = b.work("bring-up", "hall-ist", halls(b))
        b.join(test, ist, hall[first] - 1)
        b.made["array ready"], b.made["hall tested"] = test, ist
