"""Steel pipe by nominal size: the smallest that keeps its velocity, and what a size weighs, holds and costs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gigasite.campus.schema import Campus

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

STEEL_KG_PER_M3 = 7850.0
JOINT_M = 6.0  # length in which pipe is supplied: one weld each; usual random lengths are 5.5 to 7 m


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """Sizes of the catalogue in ascending order, (k,) each."""

    name: tuple[str, ...]
    nominal: Ints
    inner_m: Floats
    wall_m: Floats
    roughness_m: Floats
    velocity_m_per_s: Floats
    kg_per_m: Floats
    support_m: Floats
    outer_m: Floats
    usd_per_m: Floats


def sizes(campus: Campus) -> Sizes:
    """Return the catalogue's pipes."""
    parts = sorted(campus.catalogue.pipes.items(), key=lambda kv: kv[1].outer_m - 2 * kv[1].wall_m)
    outer = np.array([p.outer_m for _, p in parts])
    wall = np.array([p.wall_m for _, p in parts])
    return Sizes(
        name=tuple(n for n, _ in parts),
        nominal=np.array([p.nominal for _, p in parts], np.int64),
        inner_m=outer - 2 * wall,
        wall_m=wall,
        roughness_m=np.array([p.roughness_m for _, p in parts]),
        velocity_m_per_s=np.array([p.velocity_m_per_s for _, p in parts]),
        kg_per_m=np.pi * (outer - wall) * wall * STEEL_KG_PER_M3,
        support_m=np.array([p.support_m for _, p in parts]),
        outer_m=outer,
        usd_per_m=np.array([p.price_usd_per_m for _, p in parts]),
    )


def chosen(table: Sizes, flow_m3_per_s: Floats) -> Ints:
    """Return for each pipe the smallest size that keeps its velocity (n,); the largest where none does."""
    able = np.maximum.accumulate(np.pi / 4 * table.inner_m**2 * table.velocity_m_per_s)
    return np.minimum(np.searchsorted(able, np.abs(flow_m3_per_s) * (1 - 1e-9)), len(able) - 1).astype(np.int64)
