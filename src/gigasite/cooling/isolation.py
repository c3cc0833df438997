"""Which racks are lost when a valve is shut or a pipe leaks: what is fed by it, and what the others then get."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from gigasite._core.registry import unknown
from gigasite.cooling.hydraulics import prepare, solve

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gigasite.cooling.plant_network import FacilityLoop

    Floats = NDArray[np.float64]

LOST_FRAC, SHORT_FRAC = 0.05, 0.90


@dataclass(frozen=True, slots=True, kw_only=True)
class Isolation:
    """A link shut.

    Parameters
    ----------
    lost, short
        Terminals with less than 5 %, and with less than 90 % of design flow.
    rest_frac
        Flow over design of the fullest terminal that is left.
    drained_m3
        Water between the shut link and the racks behind it: what a leak there lets out.
    """

    link: str
    lost: NDArray[np.int64]
    short: NDArray[np.int64]
    rest_frac: float
    drained_m3: float


def isolate(loop: FacilityLoop, link: str) -> Isolation:
    """Shut one link of the loop (a pipe stands for the valve at its head) and solve again.

    Raises
    ------
    UnknownPartError
        There is no such link; names the nearest.
    """
    net = loop.network
    if link not in net.link_ids:
        raise unknown("pipe, valve or pump", link, net.link_ids)
    on = net.open_.copy()
    on[net.link_ids.index(link)] = False
    flow = solve(replace(prepare(net), network=replace(net, open_=on)), loop.flow)
    share = flow.flow_m3_per_s[loop.rack_link] / loop.design_m3_per_s
    lost = np.flatnonzero(share < LOST_FRAC)
    still = np.abs(flow.flow_m3_per_s) < 0.01 * np.abs(loop.flow.flow_m3_per_s)
    volume = np.pi / 4 * net.diameter_m**2 * net.length_m
    return Isolation(
        link=link,
        lost=lost.astype(np.int64),
        short=np.flatnonzero((share >= LOST_FRAC) & (share < SHORT_FRAC)).astype(np.int64),
        rest_frac=float(share.max(initial=0.0)),
        drained_m3=float(volume[still].sum()),
    )
