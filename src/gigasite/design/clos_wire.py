"""A counted Clos as links. Equal blocks are wired once and repeated by offsets, so a million end points take seconds.

Up-link j of a block goes to switch j mod m of the m switches above, on the next free port there: with m a divisor of
the block's up-links every switch gets the same number.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gigasite.design.clos import slots_of
from gigasite.design.clos_size import runs
from gigasite.design.fabric import Wiring

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gigasite.design.clos import Block, Clos

    Columns = tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]


def wire(c: Clos) -> Wiring:
    """Return every link, sorted by plane (and rail, where rails are apart), tier and lower end."""
    one = [_node_leaf(c), *(_tier(c, t) for t in range(1, c.tiers))]
    columns: list[tuple[NDArray[np.generic], ...]] = []
    for copy in range(c.copies):
        plane, rail = divmod(copy, c.copies // c.ask.planes)
        for tier, (a, a_port, z, z_port) in enumerate(one):
            below = 0 if tier == 0 else copy * c.switches(tier - 1)
            shift = rail * c.ask.planes + plane if tier == 0 else 0
            above = copy * c.switches(tier)
            kind = np.full(len(a), tier, np.uint8)
            columns.append(
                (
                    kind,
                    a + np.int32(below),
                    (a_port + np.int32(shift)).astype(np.int16),
                    z + np.int32(above),
                    z_port.astype(np.int16),
                )
            )
    tier_, a_, ap_, z_, zp_ = (np.concatenate(col) for col in zip(*columns, strict=True))
    return Wiring(tier=tier_, a=a_, a_port=ap_, z=z_, z_port=zp_)


def _node_leaf(c: Clos) -> Columns:
    """Return links of nodes of one copy; fabric managers are the last node."""
    count, nics, leaves = c.links(0), c.leaves.nics, c.leaves
    every = np.arange(slots_of(c.ask) - c.ask.gap, dtype=np.int32)
    node = np.repeat(every, nics)[:count]
    slot = node + np.where(node >= c.ask.gap_at, np.int32(c.ask.gap), np.int32(0))
    nic = np.tile(np.arange(nics, dtype=np.int32), len(every))[:count]
    port = 1 + nic * np.int32(c.ask.planes)
    if not leaves.unit:
        leaf, local = np.divmod(np.arange(count, dtype=np.int32), np.int32(leaves.down))
        return node, port, leaf, local + 1
    unit, local = np.divmod(slot, np.int32(leaves.unit))
    if c.shape.rails and c.shape.joined:
        return node, port, unit * np.int32(leaves.per_unit) + nic, local + 1
    leaf, at = np.divmod(local * np.int32(nics) + nic, np.int32(leaves.down))
    return node, port, unit * np.int32(leaves.per_unit) + leaf, at + 1


def _tier(c: Clos, tier: int) -> Columns:
    """Return links below the switches of a tier (1: spines) of one copy."""
    up = c.ups[tier - 1]
    first = c.leaves.down if tier == 1 else c.ask.usable[tier - 1] - up
    parts: list[Columns] = []
    below = above = 0
    assert c.top is not None
    for block, times in runs(c.top, c.tiers - 1 - tier):
        a, a_port, z, z_port = _block(block, up, first)
        wide = block.switches_at(1)
        copies = np.arange(times, dtype=np.int32)[:, None]
        parts.append(
            (
                (a[None, :] + copies * np.int32(wide) + np.int32(below)).ravel(),
                np.tile(a_port, times),
                (z[None, :] + copies * np.int32(block.switches) + np.int32(above)).ravel(),
                np.tile(z_port, times),
            )
        )
        below += times * wide
        above += times * block.switches
    a, ap, z, zp = (np.concatenate(col) for col in zip(*parts, strict=True))
    return a, ap, z, zp


def _block(block: Block, up: int, first: int) -> Columns:
    """Return links between a block's inner blocks and its own switches, from index 0 on both sides."""
    parts: list[Columns] = []
    below = base = 0
    for inner, times in ((block.below, block.full), (block.tail, 1)):
        if inner is None or not times:
            continue
        j = np.arange(inner.uplinks, dtype=np.int32)
        turn, switch = np.divmod(j, np.int32(block.switches))
        lower, port = np.divmod(j, np.int32(up))
        step = inner.uplinks // block.switches
        nth = np.arange(times, dtype=np.int32)[:, None]
        parts.append(
            (
                (lower[None, :] + nth * np.int32(inner.switches) + np.int32(below)).ravel(),
                np.tile(port + np.int32(1 + first), times),
                np.tile(switch, times),
                (turn[None, :] + nth * np.int32(step) + np.int32(1 + base)).ravel(),
            )
        )
        below += times * inner.switches
        base += times * step
    a, ap, z, zp = (np.concatenate(col) for col in zip(*parts, strict=True))
    return a, ap, z, zp
