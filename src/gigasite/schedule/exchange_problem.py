"""A planner's project as a problem for the solver, with findings that say what the solver does not model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from gigasite._core.errors import InfeasibleError
from gigasite._core.finding import Severity
from gigasite.schedule.exchange import finding
from gigasite.schedule.health import cycle
from gigasite.schedule.solver.problem import FINISH_START, START_START, Problem

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gigasite._core.finding import Finding
    from gigasite.schedule.exchange import Exchange

    Ints = NDArray[np.int64]

SLOT_S = 900  # a quarter of an hour, as in the campus's own network
PARTS = 100  # units of a resource are whole hundredths: planners assign 50 % of a crew


def problem(x: Exchange) -> tuple[Problem, tuple[Finding, ...]]:
    """Return what is left to do as a problem in slots of 15 minutes of working time.

    Raises
    ------
    InfeasibleError
        A cycle (the shortest is named), a negative duration, or a demand above a resource's units.
    """
    loop = cycle(x)
    if loop:
        raise InfeasibleError(f"relations form a cycle: {' -> '.join(loop)}; remove one of them")
    a = x.activities
    idle = (a["kind"] == "level of effort").to_numpy()
    done = (a["actual_finish"] != "").to_numpy()
    left = np.where(idle | done, 0, a["remaining_s"].to_numpy())
    for i in np.flatnonzero(left < 0).tolist()[:1]:
        raise InfeasibleError(f"activity {a['code'][i]} has a negative duration ({left[i] / 3600:g} h); correct it")
    duration = -(-left // SLOT_S)
    demand, capacity = _crews(x, duration)
    links, kind, lag = _links(x, duration, idle | done)
    n = a.height
    made = Problem(
        name=x.name,
        names=tuple(a["code"].to_list()),
        mode_ptr=np.arange(n + 1),
        duration=duration.astype(np.int64),
        demand=demand,
        use=np.zeros((n, 0), np.int64),
        cost_usd=np.zeros(n),
        capacity=capacity.reshape(-1, 1),
        total=np.zeros(0, np.int64),
        links=links,
        kind=kind,
        lag=lag,
    )
    return made, tuple(_unmodelled(x, int(idle.sum())))


def _crews(x: Exchange, duration: Ints) -> tuple[Ints, Ints]:
    """Return demands and capacities of the resources that say how many units there are."""
    r = x.resources.with_row_index("resource").filter((pl.col("units") > 0) & (pl.col("kind") != "material"))
    demand = np.zeros((x.activities.height, r.height), np.int64)
    column = np.full(x.resources.height, -1)
    column[r["resource"].to_numpy()] = np.arange(r.height)
    at, of = x.assignments["activity"].to_numpy(), column[x.assignments["resource"].to_numpy()]
    units = np.maximum(np.rint(x.assignments["units"].to_numpy() * PARTS), 0).astype(np.int64)
    real = of >= 0
    np.add.at(demand, (at[real], of[real]), units[real])
    demand[duration == 0] = 0
    capacity = np.rint(r["units"].to_numpy() * PARTS).astype(np.int64)
    for i, k in np.argwhere(demand > capacity).tolist()[:1]:
        need = f"activity {x.activities['code'][i]} needs {demand[i, k] / PARTS:g} of resource {r['code'][k]}"
        raise InfeasibleError(f"{need}, which has {capacity[k] / PARTS:g}; raise it")
    return demand, capacity


def _links(x: Exchange, duration: Ints, out: NDArray[np.bool_]) -> tuple[Ints, Ints, Ints]:
    """Return links; with fixed durations a relation to a finish is one to a start with another lag.

    What waits for something finished (or for a level of effort, which follows others) waits no more.
    """
    r = x.relations
    before, after = r["before"].to_numpy().astype(np.int64), r["after"].to_numpy().astype(np.int64)
    keep = ~(out[before] | out[after])
    kinds = r["kind"].to_numpy()[keep]
    before, after = before[keep], after[keep]
    lag = -(-r["lag_s"].to_numpy()[keep] // SLOT_S)
    lag = (
        lag
        + np.where(kinds == "FF", duration[before], 0)
        - np.where((kinds == "FF") | (kinds == "SF"), duration[after], 0)
    )
    return np.column_stack([before, after]), np.where(kinds == "FS", FINISH_START, START_START), lag.astype(np.int64)


def _unmodelled(x: Exchange, idle: int) -> list[Finding]:
    out = []
    used = set(x.activities["calendar"].to_list())
    weeks = {x.calendars[i].week for i in used if i >= 0}
    free = any(x.calendars[i].exceptions for i in used if i >= 0)
    if len(weeks) > 1 or free:
        text = (
            "calendars are not modelled: the answer counts working time, as if all calendars were one without holidays"
        )
        out.append(
            finding(
                Severity.warning,
                "calendars",
                text,
                "read dates from the planning program",
                found=f"{len(used)} calendars",
            )
        )
    fixed = int((x.activities["constraint"] != "").sum())
    if fixed:
        text = "date constraints are not modelled"
        out.append(
            finding(
                Severity.warning, "constraints", text, "compare the answer with them", found=f"{fixed:,} activities"
            )
        )
    if idle:
        text = "levels of effort are left out: they follow other activities"
        out.append(finding(Severity.note, "activities", text, "none needed", found=f"{idle:,} activities"))
    return out
