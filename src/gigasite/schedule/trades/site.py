"""Site: permits, survey, a new shell where none stands, clearing and slab of each hall."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gigasite.schedule.trade import halls, trades

if TYPE_CHECKING:
    from gigasite.schedule.trade import Builder


@trades.part("site")
class Site:
    """Site: permits, survey, a new shell where none stands, clearing and slab of each hall."""

    rank = 10

    def __call__(self, b: Builder, /) -> None:
        """Add the activities."""
        names = halls(b)
        permits = b.work("site", "site-permits", ["campus"])
        survey = b.work("site", "shell-survey", ["campus"])
        b.link(permits, survey)
        start = survey
        if not b.campus.site.shell.reuse:
            start = b.work("site", "shell-build", names)
            b.link(survey, start)
        area = np.array([h.length_m * h.width_m for h in b.design.halls]) / 10_000.0
        clear = b.work("site", "hall-clear", names, quantity=area)
        slab = b.work("site", "hall-slab", names, quantity=area)
        b.link(start, clear)
        b.link(clear, slab)
        b.made["permits"], b.made["hall"] = permits, slab
