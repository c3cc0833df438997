"""A counted Clos in the terms of the published tables: switches, cables, spare ports, cut."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gigasite.design.clos import limits, slots_of
from gigasite.design.types import TIERS, FabricSize, LastPod, LastUnit, TierSize

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gigasite.design.clos import Block, Clos


def size_of(kind: str, c: Clos, more: tuple[tuple[str, int], ...] = ()) -> FabricSize:
    """Return the counts of all copies."""
    ask = c.ask
    switches = [c.switches(t) * c.copies if t < c.tiers else 0 for t in range(len(TIERS))]
    cables = [c.links(t) * c.copies // ask.planes if t < c.tiers else 0 for t in range(len(TIERS))]
    tiers = by_tier(c)
    unit = c.leaves.unit
    frac = bisection(tiers)
    ends = ask.nodes * ask.nics + ask.manager_links
    return FabricSize(
        kind=kind,
        nodes=ask.nodes,
        gpus=ask.nodes * ask.gpus_per_node,
        radix=ask.radix,
        planes=ask.planes,
        tiers=c.tiers,
        units=-(-slots_of(ask) // unit) if unit else 0,
        pods=_pods(c),
        **dict(zip(("leaf", "spine", "core", "supercore"), switches, strict=True)),
        node_leaf_cables=cables[0],
        leaf_spine_cables=cables[1],
        spine_core_cables=cables[2],
        core_super_cables=cables[3],
        endpoints=ends,
        spare_ports=sum(t.spare_ports for t in tiers),
        reserved_ports=sum(t.reserved_ports for t in tiers),
        by_tier=tiers,
        bisection_frac=frac,
        bisection_links=frac * ends * ask.planes / 2,
        limits=limits(ask, c.shape),
        last_unit=_last_unit(c),
        last_pod=_last_pod(c),
        more=more,
    )


def _last_unit(c: Clos) -> LastUnit | None:
    leaves, slots = c.leaves, slots_of(c.ask)
    if not leaves.unit or slots % leaves.unit == 0:
        return None
    return LastUnit(
        nodes=slots % leaves.unit,
        full_nodes=leaves.unit,
        leaf=leaves.per_unit * c.copies,
        up_links=leaves.per_unit * leaves.up * c.copies,
        nics_per_node=c.ask.nics,
    )


def _last_pod(c: Clos) -> LastPod | None:
    if c.top is None or c.tiers < 3:
        return None
    pods = [block for block, _ in runs(c.top, c.tiers - 2)]
    first, last, up = pods[0], pods[-1], c.ups[1]
    if down_links(last) >= min(down_links(first), up):
        return None
    return LastPod(
        leaf=last.switches_at(1) * c.copies,
        full_leaf=first.switches_at(1) * c.copies,
        spine=last.switches * c.copies,
        down_links=down_links(last),
        up_links=up,
        full_down_links=down_links(first),
    )


def runs(block: Block, depth: int) -> Iterator[tuple[Block, int]]:
    """Yield blocks `depth` tiers below, in order, each with how often it is repeated in a row."""
    if depth == 0:
        yield block, 1
        return
    if block.below is not None and block.full:
        for _ in range(1 if depth == 1 else block.full):
            for inner, times in runs(block.below, depth - 1):
                yield inner, times * (block.full if depth == 1 else 1)
    if block.tail is not None:
        yield from runs(block.tail, depth - 1)


def by_tier(c: Clos) -> tuple[TierSize, ...]:
    """Return ports, links and achieved oversubscription of each tier, all copies together."""
    out = []
    for tier in range(c.tiers):
        switches, radix, usable = c.switches(tier), c.ask.radices[tier], c.ask.usable[tier]
        down, up = c.links(tier), switches * c.ups[tier]
        ratio = c.ask.uplink_ratio if tier == 0 else 1.0
        fullest = _leaf_links(c) if tier == 0 else _fullest(c, tier)
        out.append(
            TierSize(
                tier=TIERS[tier],
                switches=switches * c.copies,
                radix=radix,
                down_links=down * c.copies,
                up_links=up * c.copies,
                spare_ports=(switches * radix - down - up) * c.copies,
                reserved_ports=switches * (radix - usable) * c.copies,
                by_ports=-(-down // (c.leaves.down if tier == 0 else usable - c.ups[tier])) * c.copies,
                oversubscription=fullest / (c.ups[tier] * ratio) if c.ups[tier] else 0.0,
            )
        )
    return tuple(out)


def bisection(tiers: tuple[TierSize, ...]) -> float:
    """Return capacity between halves over what their end points send: the narrowest tier, all tiers multiplied."""
    frac = cut = 1.0
    for tier in tiers:
        if tier.oversubscription:
            cut /= tier.oversubscription
            frac = min(frac, cut)
    return frac


def _leaf_links(c: Clos) -> int:
    """Return node links of the fullest leaf."""
    if c.shape.rails and c.shape.joined and c.leaves.unit:
        return min(c.leaves.unit, slots_of(c.ask))
    return min(c.leaves.down, c.links(0))


def _fullest(c: Clos, tier: int) -> int:
    """Return down-links of the fullest switch of a tier."""
    most = 0
    stack: list[tuple[Block | None, int]] = [(c.top, c.tiers - 1)]
    while stack:
        block, at = stack.pop()
        if block is None:
            continue
        if at == tier:
            most = max(most, down_links(block))
        else:
            stack += [(block.below if block.full else None, at - 1), (block.tail, at - 1)]
    return most


def down_links(block: Block) -> int:
    """Return down-links of one switch of a block; all of its switches have the same."""
    full = block.full * (block.below.uplinks // block.switches) if block.below else 0
    return full + (block.tail.uplinks // block.switches if block.tail else 0)


def _pods(c: Clos) -> int:
    """Return groups of leaves that share spines, of one copy."""
    if c.top is None:
        return 1
    return _blocks(c.top, c.tiers - 2)


def _blocks(block: Block, depth: int) -> int:
    """Return blocks that lie `depth` tiers under this one."""
    if depth == 0:
        return 1
    rest = _blocks(block.tail, depth - 1) if block.tail else 0
    return rest + (block.full * _blocks(block.below, depth - 1) if block.below and block.full else 0)
