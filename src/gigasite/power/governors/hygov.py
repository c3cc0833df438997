"""HYGOV: hydro turbine with a water column and a temporary droop."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gigasite._core.kernel import tight
from gigasite.power.governor import VMAX, VMIN, Governor, R, governors, held

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

TEMPORARY, VELM, TF, TR, TG, DT, QNL, TW, AT = range(3, 12)
FILTER, POSITION, GATE, FLOW = range(4)
LEAST_GATE = 1e-3  # the head is (flow / gate)^2: a shut gate would divide by zero
MOST_HEAD = 4.0  # relief opens: a gate that shuts at once would raise the head without bound; estimate


@tight
def head_of(flow: float, gate: float) -> float:
    """Return the head [pu]: (flow / gate)^2 with the flow's sign, as far as relief lets it rise."""
    ratio = flow / max(gate, LEAST_GATE)
    return min(max(ratio * abs(ratio), -MOST_HEAD), MOST_HEAD)


@tight
def torque(p: NDArray[np.float64], dw: float, x: NDArray[np.float64]) -> float:
    """At h (q - qNL) - Dt g dw."""
    head = head_of(x[FLOW], x[GATE])
    out: float = p[AT] * head * (x[FLOW] - p[QNL]) - p[DT] * x[GATE] * dw
    return out


@tight
def rates(
    p: NDArray[np.float64], ref: float, dw: float, pe: float, x: NDArray[np.float64], dx: NDArray[np.float64]
) -> float:
    """Tf e' = R (ref - c) - dw - e; c = n + e/r with n' = e/(r Tr); Tg g' = c - g; Tw q' = 1 - (q/g)^2.

    The gate's speed (of c) is limited to VELM; `ref` is a gate opening.
    """
    wanted = x[POSITION] + x[FILTER] / p[TEMPORARY]
    dx[FILTER] = (p[R] * (ref - wanted) - dw - x[FILTER]) / p[TF]
    through = dx[FILTER] / p[TEMPORARY]
    own = x[FILTER] / (p[TEMPORARY] * p[TR])
    own = min(max(own + through, -p[VELM]), p[VELM]) - through
    dx[POSITION] = held(own, x[POSITION], p[VMIN], p[VMAX])
    dx[GATE] = (wanted - x[GATE]) / p[TG]
    head = head_of(x[FLOW], x[GATE])
    dx[FLOW] = (1.0 - head) / p[TW]
    return torque(p, dw, x)


@tight
def rest(p: NDArray[np.float64], torque_pu: float, pe: float, x: NDArray[np.float64]) -> float:
    """Fill the states of rest and return the set point."""
    gate: float = torque_pu / p[AT] + p[QNL]
    x[FILTER] = 0.0
    x[POSITION] = x[GATE] = x[FLOW] = gate
    return gate


governors.part("hygov")(
    Governor(
        title="hydro turbine with a water column and a temporary droop (PSS/E HYGOV; ANDES 2.0.0)",
        # ANDES 2.0.0
        defaults={
            "R": 0.05,
            "GMAX": 1.0,
            "GMIN": 0.0,
            "r": 1.0,
            "VELM": 0.3,
            "Tf": 0.05,
            "Tr": 1.0,
            "Tg": 0.05,
            "Dt": 0.0,
            "qNL": 0.1,
            "Tw": 1.0,
            "At": 1.0,
        },
        positive=("R", "r", "VELM", "Tf", "Tr", "Tg", "Tw", "At"),
        states=4,
        rates=rates,
        torque=torque,
        rest=rest,
        limited={POSITION: ("GMIN", "GMAX"), GATE: (LEAST_GATE, 10.0)},
        head=("R", "GMAX", "GMIN"),
    )
)
