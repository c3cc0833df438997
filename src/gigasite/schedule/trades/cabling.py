"""Cabling: trunks, links of each rack, links between switches, configuration of each array; the core."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gigasite.design.types import FABRICS
from gigasite.schedule.trade import trades

if TYPE_CHECKING:
    from gigasite.schedule.trade import Builder


RACK_GANG = 4  # technicians who cable one rack together; estimate
ARRAY_GANG = 8  # technicians who cable the switches of one array together; estimate


@trades.part("cabling")
class CablingTrade:
    """Cabling: trunks, links of each rack, links between switches, configuration of each array; the core."""

    rank = 60

    def __call__(self, b: Builder, /) -> None:
        """Add the activities."""
        arrays = [f"array {i + 1}" for i in range(b.design.arrays)]
        cables, switches = b.delivery("cable", ["campus"]), b.delivery("switch", ["campus"])
        trunks = b.work("cabling", "trunks-array", arrays)
        b.link(cables, trunks)
        first = np.unique(b.made["rack array"], return_index=True)[1]
        hall = b.design.racks.filter(b.design.racks["kind"] == "compute")["hall"].to_numpy().astype(np.int64)
        b.link(b.made["hall"][hall[first] - 1], trunks)
        ports = self._racks(b, trunks, switches)
        between = 2.0 * float(_between(b).sum()) / len(arrays)
        uplinks = b.work("cabling", "link-end", arrays, quantity=between, gang=ARRAY_GANG)
        b.link(trunks, uplinks)
        b.link(switches, uplinks)
        core = b.work("cabling", "network-core", ["campus"])
        b.link(switches, core)
        b.link(trunks[:1], core)
        done = b.work("cabling", "network-array", arrays)
        b.join(ports, done, b.made["rack array"])
        b.link(uplinks, done)
        b.link(core, done)
        b.made["array network"] = done

    def _racks(self, b: Builder, trunks: np.ndarray, switches: np.ndarray) -> np.ndarray:
        """Cable each rack to its leaves: fibre for GPUs and storage, copper for management; return the fibre ids."""
        racks = b.design.racks.filter(b.design.racks["kind"] == "compute")
        names = racks["label"].to_list()
        share = racks["gpus"].to_numpy() / b.campus.compute.gpus
        links = b.design.links
        leaf, managed = ~_between(b), links.fabric == FABRICS.index("management")
        made = []
        for rate, mine, gang in (("link-end", leaf & ~managed, RACK_GANG), ("copper-end", leaf & managed, None)):
            ends = b.work("cabling", rate, names, quantity=2.0 * float(mine.sum()) * share, gang=gang)
            b.link(b.made["rack placed"], ends)
            b.link(trunks[b.made["rack array"]], ends)
            b.link(switches, ends)
            made.append(ends)
        b.made["rack managed"] = made[1]
        return made[0]


def _between(b: Builder) -> np.ndarray:
    """Return which links join two switches."""
    between: np.ndarray = b.design.links.tier > 0
    return between
