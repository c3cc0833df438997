"""Ends: one start and one end of the project, so that no other activity has an open end (DCMA point 1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gigasite.schedule.trade import Kind, trades

if TYPE_CHECKING:
    from gigasite.schedule.trade import Builder


@trades.part("ends")
class Ends:
    """Ends: what waits for nothing waits for the start, and the end waits for all that nothing waits for."""

    rank = 1000

    def __call__(self, b: Builder, /) -> None:
        """Add the two milestones."""
        links, every = np.concatenate(b.links), np.arange(len(b.names))
        free, last = every[~np.isin(every, links[:, 1])], every[~np.isin(every, links[:, 0])]
        kind, no_time = Kind(trade="milestone", key="milestone", crew="", people=0), np.zeros((1, 3))
        b.link(b.add(kind, "Notice to proceed", ["campus"], no_time), free)
        b.link(last, b.add(kind, "All is handed over", ["campus"], no_time))
