"""A network of pipes, valves and pumps as columns, and its steady state."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from gigasite._core.finding import Finding

    Floats = NDArray[np.float64]

GRAVITY_M_PER_S2 = 9.80665
PIPE, VALVE, PUMP = 0, 1, 2
KINDS = ("pipe", "valve", "pump")


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """Nodes and links; links are pipes, then valves, then pumps.

    Parameters
    ----------
    node_ids, link_ids
        Names (n,), (m,).
    elevation_m, demand_m3_per_s
        Of each node; a demand above 0 leaves the network (n,).
    fixed_pa
        Pressure that a node holds, NaN where it is free (n,).
    kind
        `PIPE`, `VALVE` or `PUMP` (m,).
    start, end
        Nodes of each link; flow from `start` to `end` is positive (m,).
    length_m, diameter_m, roughness_m, loss_k
        Of pipes; valves have diameter and loss alone, pumps none: 0 there (m,).
    shutoff_pa, drop_pa_s2_per_m6
        Pumps: rise at speed s is s^2 shutoff - drop q^2 (m,).
    speed_frac
        Of pumps; 1 elsewhere (m,).
    open_
        Open valves and pipes, running pumps (m,).
    """

    name: str
    density_kg_per_m3: float
    viscosity_pa_s: float
    node_ids: tuple[str, ...]
    link_ids: tuple[str, ...]
    elevation_m: Floats
    demand_m3_per_s: Floats
    fixed_pa: Floats
    kind: NDArray[np.int8]
    start: NDArray[np.int64]
    end: NDArray[np.int64]
    length_m: Floats
    diameter_m: Floats
    roughness_m: Floats
    loss_k: Floats
    shutoff_pa: Floats
    drop_pa_s2_per_m6: Floats
    speed_frac: Floats
    open_: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """The steady state of a network.

    Parameters
    ----------
    flow_m3_per_s
        Of each link, from its start to its end (m,).
    pressure_pa
        Of each node; NaN where no fixed node is reached, so that only differences are known (n,).
    iterations
        Newton steps.
    residual_m3_per_s
        Largest imbalance of a free node.
    residual_pa
        Largest difference between a link's law and the heads at its ends.
    """

    flow_m3_per_s: Floats
    pressure_pa: Floats
    iterations: int
    residual_m3_per_s: float
    residual_pa: float
    findings: tuple[Finding, ...]
