"""Cables that differ from the plan and do as well: the plan may follow them, and no plug is moved.

Cables between the same two switches may carry each other's numbers, and the up-links of a switch may be exchanged among
themselves, as long as every pair of switches keeps its number of cables. Ports of servers may not: their rail counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from gigasite.cabling.residue import residue

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gigasite.cabling.diagnose import Diagnosis
    from gigasite.cabling.fault import Case

MOST_SERVER_PORTS = 16
"""A device with so many planned ports or fewer, all to devices with more, is taken for a server (`estimate`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Acceptance:
    """Cables that may stay: planned links that they replace, and themselves, as pairs of ports (k, 2)."""

    planned: NDArray[np.int64]
    real: NDArray[np.int64]
    moves_saved: int


def acceptable(found: Diagnosis) -> Acceptance:
    """Return the wrong cables that do as well as the planned ones: rings among switches, pair by pair as many."""
    case = found.case
    parts = residue(case)
    ports, component = parts.ports, parts.component
    planned = np.flatnonzero(case.plan[ports] > ports)
    real = np.flatnonzero(case.real[ports] > ports)
    balance = _balance(case, ports, component, planned, real)
    switch = _switches(case)[case.unit[ports]]
    ok = parts.closed & ~np.isin(np.arange(len(parts.planned)), component[~switch]) & balance
    kept_p, kept_r = planned[ok[component[planned]]], real[ok[component[real]]]
    return Acceptance(
        planned=np.c_[ports[kept_p], case.plan[ports[kept_p]]],
        real=np.c_[ports[kept_r], case.real[ports[kept_r]]],
        moves_saved=int(parts.real[ok].sum()),
    )


def _balance(
    case: Case, ports: NDArray[np.int64], component: NDArray[np.int64], planned: NDArray[np.int64],
    real: NDArray[np.int64],
) -> NDArray[np.bool_]:  # fmt: skip
    """Say for each component whether every pair of devices has as many real links as planned ones."""
    count = int(component.max(initial=-1)) + 1
    a = np.r_[case.node[ports[planned]], case.node[ports[real]]]
    z = np.r_[case.node[case.plan[ports[planned]]], case.node[case.real[ports[real]]]]
    keys = np.c_[np.r_[component[planned], component[real]], np.minimum(a, z), np.maximum(a, z)]
    sign = np.r_[np.ones(len(planned), np.int64), -np.ones(len(real), np.int64)]
    each, which = np.unique(keys, axis=0, return_inverse=True)
    total = np.zeros(len(each), np.int64)
    np.add.at(total, which.ravel(), sign)
    out = np.ones(count, bool)
    out[each[total != 0, 0]] = False
    return out


def _switches(case: Case) -> NDArray[np.bool_]:
    """Say which groups of devices are switches, by their places in the plan."""
    at = np.flatnonzero(case.plan >= 0)
    m = len(case.host)
    count = np.bincount(case.unit[at], minlength=m)
    least = np.full(m, np.iinfo(np.int64).max)
    np.minimum.at(least, case.unit[at], count[case.unit[case.plan[at]]])
    out: NDArray[np.bool_] = (count > MOST_SERVER_PORTS) | (least <= count)
    return out


def accepted(ends: pl.DataFrame, found: Diagnosis, which: Acceptance) -> pl.DataFrame:
    """Return the plan with what may stay; ids of devices are kept."""
    ports = found.bound.ports
    drop = {(*ports.row(int(a)), *ports.row(int(z))) for a, z in which.planned} if len(which.planned) else set()
    gone = {(r[0], r[1]) for r in drop} | {(r[3], r[4]) for r in drop}
    key = pl.struct("a_node", "a_port")
    lost = pl.DataFrame([*gone], schema={"a_node": pl.String, "a_port": pl.String}, orient="row")
    out = ends.filter(~key.is_in(lost.select(key.alias("k"))["k"].implode())) if gone else ends
    new = [(*ports.row(int(a))[:2], *ports.row(int(z))[:2]) for a, z in which.real]
    more = pl.DataFrame(new, schema=dict.fromkeys(("a_node", "a_port", "z_node", "z_port"), pl.String), orient="row")
    return pl.concat([out, more], how="diagonal").fill_null("")
