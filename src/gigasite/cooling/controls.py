"""Controls of a network at rest: pumps whose speed holds a pressure difference, valves that hold a flow.

Each control has one actuator (speed or loss) and one reading. Readings of all are moved to their set points together by
Newton's method on logarithms, in which laws of powers are straight; slopes are taken by warm solves. Actuators stop at
their ends, and that is a finding: the reading is then what it is.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from gigasite._core.errors import InfeasibleError, QuantityError, SolverError
from gigasite._core.finding import Finding, Severity, worst_first
from gigasite.cooling.hydraulics import prepare, solve
from gigasite.cooling.network import PUMP, VALVE, Flow, Network

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

MOST_STEPS, CLOSE, NUDGE = 40, 1e-6, 1e-3
SPEED = (0.2, 1.2)
"""Of full speed: below, motors and seals run hot; above, inverters give no more."""
LOSS = (0.1, 1e6)


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """One loop of control.

    Parameters
    ----------
    kind
        `pressure`: the speed of the pumps `links` (all alike) holds `set_point` [Pa] between nodes `high` and `low`.
        `flow`: the loss of the valve `links[0]` holds `set_point` [m3/s] through it.
    """

    kind: Literal["pressure", "flow"]
    links: tuple[str, ...]
    set_point: float
    high: str = ""
    low: str = ""


def asked(pressures: Sequence[str], flows: Sequence[str]) -> list[Control]:
    """Read controls as a command line writes them: `PUMP+PUMP:HIGH:LOW:PA` and `VALVE:M3_PER_S`.

    Raises
    ------
    QuantityError
        A text is not of that form.

    Examples
    --------
    >>> asked(["a+b:out:back:2e5"], [])[0].links
    ('a', 'b')
    """
    out = []
    for text in pressures:
        words = text.rsplit(":", 3)
        if len(words) != 4:
            raise QuantityError(f"'{text}' is not PUMP+PUMP:HIGH:LOW:PA")
        links, high, low = tuple(words[0].split("+")), words[1], words[2]
        out.append(Control(kind="pressure", links=links, set_point=_number(text, words[3]), high=high, low=low))
    for text in flows:
        link, colon, value = text.rpartition(":")
        if not colon:
            raise QuantityError(f"'{text}' is not VALVE:M3_PER_S")
        out.append(Control(kind="flow", links=(link,), set_point=_number(text, value)))
    return out


def _number(text: str, value: str) -> float:
    try:
        number = float(value)
    except ValueError as error:
        raise QuantityError(f"'{value}' in '{text}' is no number") from error
    if not 0.0 < number < 1e12:
        raise QuantityError(f"the set point in '{text}' must be above 0")
    return number


def controlled(network: Network, controls: Sequence[Control]) -> tuple[Network, Flow, tuple[Finding, ...]]:
    """Return the network with its actuators set, its state, and controls that reached an end.

    Raises
    ------
    InfeasibleError
        A control names no link or node of its kind, or has no set point above 0.
    SolverError
        The set points are not reached together; names the control that is farthest off.
    """
    at = [_links(network, c) for c in controls]
    prepared = prepare(network)
    limits = np.log(np.array([SPEED if c.kind == "pressure" else LOSS for c in controls]).reshape(-1, 2))
    x = np.clip([_start(network, c, i) for c, i in zip(controls, at, strict=True)], limits[:, 0], limits[:, 1])
    net = _set(network, controls, at, x)
    flow = solve(replace(prepared, network=net))
    error = _errors(net, flow, controls, at)
    for _ in range(MOST_STEPS):
        end = _at_end(x, limits, error, controls)
        free = np.flatnonzero(~end)
        if np.abs(error[free]).max(initial=0.0) < CLOSE:
            return net, flow, worst_first(_ends(network, controls, end))
        slope = np.zeros((len(free), len(free)))
        for j, i in enumerate(free.tolist()):
            moved = x.copy()
            moved[i] += NUDGE if moved[i] < limits[i, 1] - NUDGE else -NUDGE
            there = _set(network, controls, at, moved)
            seen = _errors(there, solve(replace(prepared, network=there), flow), controls, at)
            slope[:, j] = (seen - error)[free] / (moved[i] - x[i])
        x[free] += np.clip(np.linalg.lstsq(slope, -error[free], rcond=None)[0], -1.0, 1.0)
        x = np.clip(x, limits[:, 0], limits[:, 1])
        net = _set(network, controls, at, x)
        flow = solve(replace(prepared, network=net), flow)
        error = _errors(net, flow, controls, at)
    worst = controls[int(np.abs(error).argmax())]
    raise SolverError(f"control of {', '.join(worst.links[:3])} does not reach {worst.set_point:g} with the others")


def _links(net: Network, c: Control) -> list[int]:
    kind = PUMP if c.kind == "pressure" else VALVE
    index = {name: i for i, name in enumerate(net.link_ids)}
    bad = [x for x in c.links if x not in index or net.kind[index[x]] != kind]
    lost = [x for x in (c.high, c.low) if c.kind == "pressure" and x not in net.node_ids]
    if not c.links or bad or lost or not c.set_point > 0:
        raise InfeasibleError(
            f"control of {c.kind} needs {'pumps and two nodes' if kind == PUMP else 'a valve'} and a set point above 0"
            f": not known are {', '.join([*bad, *lost]) or 'none'}"
        )
    return [index[x] for x in c.links]


def _start(net: Network, c: Control, at: list[int]) -> float:
    return float(np.log(max(float(net.speed_frac[at[0]] if c.kind == "pressure" else net.loss_k[at[0]]), 1e-6)))


def _set(net: Network, controls: Sequence[Control], at: list[list[int]], x: Floats) -> Network:
    speed, loss = net.speed_frac.copy(), net.loss_k.copy()
    for c, links, value in zip(controls, at, np.exp(x).tolist(), strict=True):
        (speed if c.kind == "pressure" else loss)[links] = value
    return replace(net, speed_frac=speed, loss_k=loss)


def _errors(net: Network, flow: Flow, controls: Sequence[Control], at: list[list[int]]) -> Floats:
    """Return logarithms of readings over set points; a reading the wrong way round counts as next to nothing."""
    out = []
    for c, links in zip(controls, at, strict=True):
        if c.kind == "pressure":
            p = flow.pressure_pa
            seen = float(p[net.node_ids.index(c.high)] - p[net.node_ids.index(c.low)])
        else:
            seen = float(flow.flow_m3_per_s[links[0]])
        out.append(np.log(max(seen / c.set_point, 1e-6)))
    return np.array(out)


def _at_end(x: Floats, limits: Floats, error: Floats, controls: Sequence[Control]) -> NDArray[np.bool_]:
    """Return controls whose actuator stands at the end that its error pushes to."""
    # more speed, more pressure; more loss, less flow
    push = -error * np.array([1.0 if c.kind == "pressure" else -1.0 for c in controls])
    out: NDArray[np.bool_] = ((x <= limits[:, 0] + 1e-12) & (push < 0)) | ((x >= limits[:, 1] - 1e-12) & (push > 0))
    return out


def _ends(net: Network, controls: Sequence[Control], stuck: NDArray[np.bool_]) -> list[Finding]:
    return [
        Finding(
            severity=Severity.warning, chapter="cooling", where=f"{net.name}: {', '.join(c.links[:3])}",
            what="control stands at its end: its set point is not reached", limit=f"{c.set_point:g}",
            remedy="another set point, a larger pump or a smaller valve",
        )
        for c, end in zip(controls, stuck.tolist(), strict=True)
        if end
    ]  # fmt: skip
