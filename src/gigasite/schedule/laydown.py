"""Lay-down: racks stand between dock and place, and no more of them come than there is room for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gigasite._core.errors import InfeasibleError

if TYPE_CHECKING:
    from gigasite.schedule.trade import Builder


def laydown(b: Builder) -> None:
    """Let the lot of an array come through the docks when enough racks of the lots before it are placed.

    A lot takes its room from the begin of its arrival until its last rack is placed.

    Raises
    ------
    InfeasibleError
        A lot has more racks than there is room for.
    """
    room = b.campus.schedule.laydown_racks
    if room is None:
        return
    array, placed, lots = b.made["rack array"], b.made["rack placed"], b.made["rack lots"]
    count = np.bincount(array, minlength=len(lots))
    if count.max(initial=0) > room:
        text = f"schedule.laydown_racks is {room}, and an array comes in a lot of {count.max()}; give it that room"
        raise InfeasibleError(text)
    come = np.cumsum(count)
    # the first lot that may still stand there when lot j comes; those before it must be placed
    first = np.searchsorted(come, come - room, side="left")
    order = np.argsort(array, kind="stable")
    gone = 0  # racks up to this one, in the order of lots, are placed when the lot comes
    for j, i in enumerate(first.tolist()):
        if come[j] > room:
            mine = placed[order[gone : come[i]]]
            gone = max(gone, int(come[i]))
            b.link(mine, np.full(len(mine), lots[j]))
