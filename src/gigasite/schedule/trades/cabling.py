"""Cabling: trays and trunks, links and switch configuration of each array; the core."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gigasite.schedule.trade import trades

if TYPE_CHECKING:
    from gigasite.schedule.trade import Builder


GANG = 8  # technicians who cable one array together; estimate


@trades.part("cabling")
class CablingTrade:
    """Cabling: trays and trunks, links and switch configuration of each array; the core."""

    rank = 60

    def __call__(self, b: Builder, /) -> None:
        """Add the activities."""
        arrays = [f"array {i + 1}" for i in range(b.design.arrays)]
        cables = b.delivery("cable", ["campus"])
        switches = b.delivery("switch", ["campus"])
        trunks = b.work("cabling", "trunks-array", arrays)
        b.link(cables, trunks)
        first = np.unique(b.made["rack array"], return_index=True)[1]
        hall = b.design.racks.filter(b.design.racks["kind"] == "compute")["hall"].to_numpy().astype(np.int64)
        b.link(b.made["hall"][hall[first] - 1], trunks)
        ends = 2.0 * len(b.design.links) / len(arrays)
        links = b.work("cabling", "link-end", arrays, quantity=ends, gang=GANG)
        b.link(trunks, links)
        b.join(b.made["rack placed"], links, b.made["rack array"])
        b.link(switches, links)
        core = b.work("cabling", "network-core", ["campus"])
        b.link(switches, core)
        b.link(trunks[:1], core)
        done = b.work("cabling", "network-array", arrays)
        b.link(links, done)
        b.link(core, done)
        b.made["array network"] = done
