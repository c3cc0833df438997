"""Temperatures in a network whose flows are known: each node mixes what flows in (upwind), links add their heat."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.linalg import splu

from gigasite._core.finding import Finding, Severity, worst_first
from gigasite.cooling.flow_findings import ROUNDING_M3_PER_S

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gigasite.cooling.network import Flow, Network

    Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Warmth:
    """Temperatures of a steady state.

    Parameters
    ----------
    node_degc
        Of each node; NaN where nothing flows in (n,).
    outlet_degc
        Of what leaves each link; NaN where nothing flows (m,).
    residual_w
        Largest imbalance of a node.
    """

    node_degc: Floats
    outlet_degc: Floats
    residual_w: float
    findings: tuple[Finding, ...]


def temperatures(network: Network, flow: Flow, heat_w: Floats, inlet_degc: Floats, cp_j_per_kg_k: float) -> Warmth:
    """Return steady temperatures.

    Parameters
    ----------
    network, flow
        The network and its steady state.
    heat_w
        Heat that each link takes up; below 0 gives off (m,).
    inlet_degc
        Temperature of nodes whose water is made elsewhere, NaN at all others (n,): the plant's supply, and nodes
        through which water enters from outside.
    cp_j_per_kg_k
        Specific heat capacity.
    """
    q = flow.flow_m3_per_s
    moving = np.abs(q) > ROUNDING_M3_PER_S
    up = np.where(q >= 0, network.start, network.end)
    down = np.where(q >= 0, network.end, network.start)
    n = len(network.node_ids)
    capacity = np.where(moving, np.abs(q) * network.density_kg_per_m3 * cp_j_per_kg_k, 0.0)
    into = np.bincount(down, capacity, minlength=n)
    given = ~np.isnan(inlet_degc)
    alone = given | (into <= 0.0)
    use = moving & ~alone[down]
    rows = np.concatenate([np.arange(n), down[use]])
    columns = np.concatenate([np.arange(n), up[use]])
    values = np.concatenate([np.where(alone, 1.0, into), -capacity[use]])
    right = np.bincount(down[use], heat_w[use], minlength=n).astype(np.float64)
    right[alone] = np.where(given, inlet_degc, 0.0)[alone]
    matrix = coo_array((values, (rows, columns)), shape=(n, n)).tocsc()
    node = splu(matrix).solve(right)
    residual = float(np.abs((matrix @ node - right)[~alone]).max(initial=0.0))
    with np.errstate(divide="ignore", invalid="ignore"):
        outlet = np.where(moving, node[up] + heat_w / capacity, np.nan)
    node = np.where(alone & ~given, np.nan, node)
    return Warmth(
        node_degc=node, outlet_degc=outlet, residual_w=residual, findings=worst_first(_stuck(network, moving, heat_w))
    )


def _stuck(network: Network, moving: NDArray[np.bool_], heat_w: Floats) -> list[Finding]:
    """Name links that are heated while nothing flows: their temperature has no steady state."""
    at = np.flatnonzero(~moving & (heat_w != 0.0))
    if not len(at):
        return []
    names = ", ".join(network.link_ids[i] for i in at[:5].tolist())
    return [
        Finding(
            severity=Severity.error,
            chapter="cooling",
            where=names + (f" and {len(at) - 5} more" if len(at) > 5 else ""),
            what="heat goes where nothing flows",
            found=f"{float(np.abs(heat_w[at]).sum()) / 1e3:,.1f} kW",
            remedy="open its valves, or stop its load",
        )
    ]
