"""What is wrong with a steady state of a network, and what to say of one that is not found."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gigasite._core.finding import Finding, Severity
from gigasite.cooling.network import PUMP

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gigasite.cooling.network import Network

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

ROUNDING_M3_PER_S = 1e-9
"""Flows below are what rounded heads of some bar let through wide links: none."""
UNREAL_M_PER_S = 10_000.0


def too_far(net: Network, q: Floats, what: str) -> str:
    """Return the message of a state that is not found: what is off, and the link that is least like a pipe."""
    area = np.pi / 4.0 * np.where(net.kind == PUMP, 1.0, net.diameter_m) ** 2
    speed = np.where(net.kind == PUMP, 0.0, np.abs(q) / area)
    i = int(np.nan_to_num(speed, nan=0.0).argmax())
    fast = f"{speed[i]:.3g} m/s" if speed[i] < UNREAL_M_PER_S else f"more than {UNREAL_M_PER_S:,.0f} m/s"
    return (
        f"no steady state of {net.name or 'the network'}: {what}; water in {net.link_ids[i]} would run at {fast}: are "
        f"its diameter ({net.diameter_m[i]:g} m), demands and pressures in SI units?"
    )


def flow_findings(
    net: Network, q: Floats, pressure: Floats, islands: Ints, reached: NDArray[np.bool_], starved: NDArray[np.bool_],
    on: NDArray[np.bool_],
) -> list[Finding]:  # fmt: skip
    """Return everything that is wrong with a state; `on` are links that carry flow, pumps that run backwards shut."""
    out = []
    for island in np.flatnonzero(~reached).tolist():
        nodes = [net.node_ids[i] for i in np.flatnonzero(islands == island)[:5]]
        count = int((islands == island).sum())
        hungry = bool(starved[islands == island].any())
        out.append(
            _finding(
                Severity.error if hungry else Severity.warning,
                ", ".join(nodes) + (f" and {count - len(nodes)} more" if count > len(nodes) else ""),
                "cut off from every node of fixed pressure" + ("; its demand cannot be met" if hungry else ""),
                f"{count} nodes",
                "open a valve or pipe to the rest, or give it a vessel (a node of kind fixed)",
            )
        )
    pump = (net.kind == PUMP) & net.open_
    for i in np.flatnonzero(pump & ~on).tolist():
        what = "runs against more head than it has: its non-return valve is shut"
        out.append(_finding(Severity.warning, net.link_ids[i], what, "0 m3/s", "raise its speed, or stop it"))
    rise = net.speed_frac**2 * net.shutoff_pa - net.drop_pa_s2_per_m6 * q**2
    for i in np.flatnonzero(pump & on & (rise < 0)).tolist():
        what = "runs beyond the end of its curve: the rest of the network drives it"
        out.append(_finding(Severity.warning, net.link_ids[i], what, f"{q[i]:.4g} m3/s", "a larger pump, or less flow"))
    low = np.flatnonzero(pressure < 0.0)
    if len(low):
        worst = int(low[pressure[low].argmin()])
        what = f"pressure below zero at {len(low)} nodes"
        out.append(
            _finding(
                Severity.warning, net.node_ids[worst], what, f"{pressure[worst]:.4g} Pa", "raise the vessel's pressure"
            )
        )
    driven = (np.abs(q) > ROUNDING_M3_PER_S).any()
    if not driven and len(q):
        moved = pump.any() or net.demand_m3_per_s.any()
        what = "nothing flows" if moved else "nothing flows: no pump runs and nothing is drawn"
        out.append(
            _finding(
                Severity.warning,
                net.name,
                what,
                "",
                f"{'open the valves of' if moved else 'put a pump on'} one whole loop",
            )
        )
    return out


def _finding(severity: Severity, where: str, what: str, found: str, remedy: str) -> Finding:
    return Finding(severity=severity, chapter="cooling", where=where, what=what, found=found, remedy=remedy)
