"""Faults planted into a plan: labelled snapshots for drills and tests."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from gigasite._core.errors import InfeasibleError
from gigasite.cabling.case import case
from gigasite.cabling.fault import faults
from gigasite.cabling.hosts import natural
from gigasite.cabling.lab import lab, seen
from gigasite.cabling.match import bind
from gigasite.cabling.types import OBSERVED_NODES, SIGHTINGS, Observed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gigasite.cabling.lab import Lab

NOTHING = Observed(
    sightings=pl.DataFrame(schema=SIGHTINGS.polars()),
    nodes=pl.DataFrame(schema=OBSERVED_NODES.polars()),
    files=0,
    readers={},
    findings=(),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Drill:
    """What the devices of a plan with planted faults say, and what was planted (`lab.planted`)."""

    observed: Observed
    lab: Lab


def inject(
    ends: pl.DataFrame, *, rate_frac: float, seed: int, kinds: Sequence[str] = (), spare: pl.DataFrame | None = None
) -> Drill:
    """Plant faults into a plan.

    Parameters
    ----------
    ends
        The plan: `a_node, a_port, z_node, z_port`.
    rate_frac
        Faults over cables: of one class after the other until so many cables are touched.
    seed
        Of the random numbers.
    kinds
        Classes of faults; none: all that can be planted.
    spare
        Ports without planned cable, `node, port`: plugs are moved there. None: two behind the last one of each device
        that has four or more.

    Raises
    ------
    UnknownPartError
        An unknown class of faults.
    InfeasibleError
        There is no room for one fault of any class.
    """
    made = _lab(ends, _spares(ends) if spare is None else spare)
    rng = np.random.default_rng(seed)
    parts = {name: faults[name]() for name in (kinds or faults.names())}
    wanted = max(1, round(rate_frac * ends.height))
    open_ = list(parts)
    while open_ and sum(len(p.ports) for p in made.planted) // 2 < wanted:
        name = open_[int(rng.integers(len(open_)))]
        if not parts[name].plant(made, rng):
            open_.remove(name)
    if not made.planted:
        raise InfeasibleError(f"no fault of the classes {', '.join(parts)} fits into a plan of {ends.height} cables")
    return Drill(observed=seen(made), lab=made)


def _lab(ends: pl.DataFrame, spare: pl.DataFrame) -> Lab:
    """Return the plan's cabling with free ports: they get numbers as if they were cabled in pairs."""
    half = spare.height // 2
    pairs = pl.concat(
        [
            spare[:half].select(a_node="node", a_port="port"),
            spare[half : 2 * half].select(z_node="node", z_port="port"),
        ],
        how="horizontal",
    )
    four = ["a_node", "a_port", "z_node", "z_port"]
    both = bind(pl.concat([ends.select(four), pairs.select(four)]), NOTHING)
    free = both.ports.join(spare.select("node", "port", spare=True), on=["node", "port"], how="left")["spare"]
    plan = np.where(free.fill_null(value=False).to_numpy(), -1, both.plan_peer)
    return lab(case(replace(both, plan_peer=plan), NOTHING))


def _spares(ends: pl.DataFrame) -> pl.DataFrame:
    """Return two more ports behind the last one of each device with four or more."""
    ports = pl.concat([ends.select(node=f"{e}_node", port=f"{e}_port") for e in "az"])
    several = ports.filter(pl.len().over("node") >= 4).group_by("node").agg("port").sort("node")
    rows = []
    for node, names in several.iter_rows():
        last = max(names, key=natural)
        number = re.findall(r"\d+", last)[-1] if re.search(r"\d", last) else ""
        stem, _, tail = last.rpartition(number) if number else (last, "", "")
        rows += [(node, f"{stem}{int(number or 0) + step}{tail}") for step in (1, 2)]
    return pl.DataFrame(rows, schema={"node": pl.String, "port": pl.String}, orient="row")
