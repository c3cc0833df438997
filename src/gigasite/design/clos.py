"""Folded Clos networks of one to four tiers, counted: any radix, rails, planes, pods and oversubscription per tier.

A switch of tier t divides its ports into down- and up-ports. Switches of tier t and the blocks below them make a block
(leaf, pod, cluster, whole); every block below spreads its up-links evenly over the block's switches, so that the count
of switches divides the up-links; the smallest such count with enough ports is taken. At most k^2/2 end points join in
two tiers of k-port switches, k^3/4 in three, k^4/8 in four (Al-Fares et al., SIGCOMM 2008, for three).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from gigasite._core.errors import InfeasibleError
from gigasite.design.clos_ask import MOST_TIERS, check, kept, ports
from gigasite.design.types import FabricLimit

if TYPE_CHECKING:
    from gigasite.design.fabric import FabricAsk


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """How NICs find their leaf.

    Parameters
    ----------
    rails
        True: NIC r of every node of a unit goes to leaf r of the unit. False: the NICs of a node go to the same leaf
        as far as its ports allow.
    joined
        False: rails are networks apart, each NIC's own.
    """

    rails: bool
    joined: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaves:
    """The lowest tier of one copy of the fabric.

    Parameters
    ----------
    nics
        NICs of a node in this copy.
    unit
        Nodes that share leaves; 0: leaves are filled one after the other.
    per_unit
        Leaves of a unit (1 where leaves are filled one after the other).
    down, up
        Ports of a leaf toward nodes and toward spines.
    """

    nics: int
    unit: int
    per_unit: int
    down: int
    up: int

    def count(self, slots: int, endpoints: int) -> int:
        """Return leaves for so many places of nodes and links of nodes."""
        if not self.unit:
            return -(-endpoints // self.down)
        return -(-slots // self.unit) * self.per_unit


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Blocks of the tier below and the switches that join them; a block of tier 1 is a leaf.

    Parameters
    ----------
    full
        Equal blocks below.
    below
        One of them, None for leaves.
    tail
        A smaller last block below, None where all are equal.
    switches
        At this tier.
    uplinks
        Of the whole block to the tier above, 0 at the top.
    """

    full: int
    below: Block | None
    tail: Block | None
    switches: int
    uplinks: int

    def switches_at(self, depth: int) -> int:
        """Return switches that lie `depth` tiers under this one (0: own)."""
        if depth == 0:
            return self.switches
        rest = self.tail.switches_at(depth - 1) if self.tail else 0
        return rest + (self.full * self.below.switches_at(depth - 1) if self.below else 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Clos:
    """One copy of a fabric, fully counted.

    Parameters
    ----------
    ask
        Settings.
    shape
        How NICs find their leaf.
    copies
        Equal copies: planes, times rails where these are apart.
    leaves
        The lowest tier.
    ups
        Up-ports of a switch of each tier, 0 at the top.
    top
        The whole above the leaves; None with one tier.
    """

    ask: FabricAsk
    shape: Shape
    copies: int
    leaves: Leaves
    ups: tuple[int, ...]
    top: Block | None

    @property
    def tiers(self) -> int:
        """Return tiers of switches."""
        return len(self.ups)

    def switches(self, tier: int) -> int:
        """Return switches of a tier (0: leaves) in one copy."""
        if self.top is None:
            return 1
        return self.top.switches_at(self.tiers - 1 - tier)

    def links(self, tier: int) -> int:
        """Return links of one copy below the switches of a tier."""
        if tier == 0:
            return self.ask.nodes * self.leaves.nics + self.ask.manager_links
        return self.switches(tier - 1) * self.ups[tier - 1]


def clos(ask: FabricAsk, shape: Shape) -> Clos:
    """Count a fabric with the fewest tiers that join its nodes, or with as many as asked.

    Raises
    ------
    InfeasibleError
        A setting is impossible, or the nodes are more than the tiers can join, with what would fit.
    """
    leaves = leaves_of(ask, shape)
    for tiers in [ask.tiers] if ask.tiers else range(1, MOST_TIERS + 1):
        for whole_units in (True, False):
            made = _built(ask, shape, leaves, tiers, whole_units=whole_units)
            if made is not None:
                return made
    from gigasite.design.clos_limits import refusal  # noqa: PLC0415  # it asks this module what would fit

    raise InfeasibleError(refusal(ask, shape))


def leaves_of(ask: FabricAsk, shape: Shape) -> Leaves:
    """Return the leaf tier that follows from the settings.

    Raises
    ------
    InfeasibleError
        A setting is impossible.
    """
    check(ask)
    nics = ask.nics if shape.joined else 1
    o = ask.oversubscription
    most = ask.leaf_down or _down_ports(ask.usable[0], o)
    rails = shape.rails and shape.joined
    unit = ask.nodes_per_unit or (most if rails else 0)
    if (rails or not shape.joined) and unit > most:
        raise InfeasibleError(
            f"{unit} nodes per unit need {unit} down-ports on a leaf; a {ports(ask)} leaf at {o:g}:1 has {most}. "
            f"Take nodes per unit <= {most}, a larger radix, or more oversubscription"
        )
    per_unit = nics if rails else max(1, -(-unit * nics // most))
    down = unit if rails else -(-unit * nics // per_unit) if unit else most
    up = ask.leaf_up or max(1, math.ceil(down / o / ask.uplink_ratio - 1e-9))
    if down + up > ask.usable[0] and not (ask.tiers == 1 and down <= ask.usable[0]):
        raise InfeasibleError(
            f"a leaf with {down} ports down and {up} up needs {down + up} ports; it has {ask.usable[0]}{kept(ask)}. "
            "Take fewer nodes per unit, a larger radix, or more oversubscription"
        )
    return Leaves(nics=nics, unit=unit, per_unit=per_unit, down=down, up=up)


def _down_ports(radix: int, oversubscription: float) -> int:
    """Return down-ports of a switch that also has up-ports, at least one of each."""
    return min(max(1, int(radix * oversubscription / (1 + oversubscription) + 1e-9)), radix - 1)


def slots_of(ask: FabricAsk) -> int:
    """Return places of nodes: the nodes, those left free before node `gap_at`, and one for fabric managers."""
    return ask.nodes + ask.gap + (1 if ask.manager_links else 0)


def one_switch(ask: FabricAsk, shape: Shape) -> int:
    """Return end points of one copy that a single switch joins; 0 where rails could not meet in it."""
    if shape.rails and shape.joined and ask.nics > 1:
        return 0
    return ask.leaf_down or ask.usable[0]


def _built(ask: FabricAsk, shape: Shape, leaves: Leaves, tiers: int, *, whole_units: bool) -> Clos | None:
    """Return the fabric with so many tiers, None where it does not fit."""
    copies = ask.planes * (1 if shape.joined else ask.nics)
    endpoints = ask.nodes * leaves.nics + ask.manager_links
    if tiers == 1:
        if endpoints > one_switch(ask, shape):
            return None
        flat = Leaves(nics=leaves.nics, unit=0, per_unit=1, down=ask.leaf_down or ask.usable[0], up=0)
        return Clos(ask=ask, shape=shape, copies=copies, leaves=flat, ups=(0,), top=None)
    pod = pod_leaves(ask, leaves, tiers, whole_units=whole_units)
    count = leaves.count(slots_of(ask), endpoints)
    if not pod or (tiers == 2 and ask.nodes_per_pod and count > pod):
        return None
    steps = _steps(ask, leaves, tiers, min(pod, count))
    top = _whole(steps, count, pod) if steps else None
    if top is None:
        return None
    return Clos(ask=ask, shape=shape, copies=copies, leaves=leaves, ups=(leaves.up, *(s.up for s in steps)), top=top)


def pod_leaves(ask: FabricAsk, leaves: Leaves, tiers: int, *, whole_units: bool = True) -> int:
    """Return leaves of a full pod, 0 where a unit, or the pod that is asked for, does not fit in one."""
    spine, o = ask.usable[1], ask.spine_oversubscription
    most = spine if tiers == 2 else spine - ask.spine_up if ask.spine_up else _down_ports(spine, o)
    if ask.nodes_per_pod:
        wanted = leaves.count(ask.nodes_per_pod, ask.nodes_per_pod * leaves.nics)
        up = 0 if tiers == 2 else ask.spine_up or max(1, math.ceil(wanted / o - 1e-9))
        return wanted if wanted + up <= spine else 0
    return most // leaves.per_unit * leaves.per_unit if whole_units else most


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A tier above the leaves: ports of a switch by side; `below` is the up-ports of a switch of the tier below."""

    down: int
    up: int
    below: int


def _steps(ask: FabricAsk, leaves: Leaves, tiers: int, pod: int) -> list[Step]:
    """Return spine, core, super-core as ports; empty where the pod's spines cannot be made."""
    over = (ask.spine_oversubscription, ask.core_oversubscription)
    out: list[Step] = []
    below = leaves.up
    for tier in range(1, tiers):
        radix, top = ask.usable[tier], tier == tiers - 1
        if top:
            down, up = radix, 0
        elif tier == 1 and ask.nodes_per_pod:
            down, up = _pod_ports(ask, leaves, pod)
        elif tier == 1 and ask.spine_up:
            down, up = radix - ask.spine_up, ask.spine_up
        else:
            down = _down_ports(radix, over[tier - 1])
            up = max(1, math.ceil(down / over[tier - 1] - 1e-9))
        if down < 1 or down + up > radix:
            return []
        out.append(Step(down=down, up=up, below=below))
        below = up
    return out


def _pod_ports(ask: FabricAsk, leaves: Leaves, pod: int) -> tuple[int, int]:
    """Return down- and up-ports of a spine whose pod is given: no more up than the pod's links need."""
    radix, o = ask.usable[1], ask.spine_oversubscription
    for switches in divisors(leaves.up):
        down = pod * (leaves.up // switches)
        up = ask.spine_up or max(1, math.ceil(down / o - 1e-9))
        if down + up <= radix:
            return down, up if ask.spine_up else _rounder(up, radix - down)
    return 0, 0


def _rounder(up: int, most: int) -> int:
    """Return up to 5 % more up-ports if they are a multiple of 8, 4 or 2: odd numbers stripe over many switches."""
    rounded = (-(-up // p) * p for p in (8, 4, 2))
    return next((r for r in rounded if r <= min(most, 1.05 * up)), up)


def _whole(steps: list[Step], leaves: int, pod: int) -> Block | None:
    """Join all leaves: blocks of each tier are as large as its ports allow, the last one holds the rest."""
    full = Block(full=0, below=None, tail=None, switches=1, uplinks=steps[0].below)  # a leaf
    count, tail = leaves, None
    for step, size in zip(steps[:-1], [pod, *(s.down for s in steps[1:])], strict=False):
        if count + (tail is not None) <= size:  # one block holds everything
            block = _joined(step, full, count, tail, 1)
            count, tail = 1, None
        else:
            block = _joined(step, full, size, None, 1)
            count, rest = divmod(count, size)
            tail = _Rest(step=step, inner=full, full=rest, tail=tail) if rest or tail else None
        if block is None:
            return None
        full = block
    return _joined(steps[-1], full, count, tail, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rest:
    """The last block of a tier before its switches are counted: they depend on the tier above."""

    step: Step
    inner: Block
    full: int
    tail: _Rest | None

    def solved(self, multiple: int) -> Block | None:
        """Return the block with the fewest switches whose up-links divide over `multiple` switches above."""
        return _joined(self.step, self.inner, self.full, self.tail, multiple)


def _joined(step: Step, inner: Block, full: int, tail: _Rest | None, multiple: int) -> Block | None:
    """Return a block of `full` inner blocks and a last one, with the fewest switches that stripe evenly."""
    least = -(-full * inner.uplinks // step.down)
    for switches in divisors(inner.uplinks):
        even = switches >= step.below or step.below % switches == 0
        if switches < least or not even or switches * step.up % multiple:
            continue
        last = tail.solved(switches) if tail else None
        if tail is not None and last is None:
            continue
        used = full * (inner.uplinks // switches) + (last.uplinks // switches if last else 0)
        if used <= step.down:
            return Block(full=full, below=inner, tail=last, switches=switches, uplinks=switches * step.up)
    return None


@lru_cache(maxsize=512)
def divisors(number: int) -> tuple[int, ...]:
    """Return all divisors, ascending.

    Examples
    --------
    >>> divisors(12)
    (1, 2, 3, 4, 6, 12)
    """
    low = [d for d in range(1, math.isqrt(number) + 1) if number % d == 0]
    high = [number // d for d in reversed(low) if d * d != number]
    return (*low, *high)


def limits(ask: FabricAsk, shape: Shape) -> tuple[FabricLimit, ...]:
    """Return the largest fabric of each number of tiers; `ask.nodes` and `ask.tiers` are not looked at.

    Raises
    ------
    InfeasibleError
        A setting is impossible.
    """
    leaves = leaves_of(ask, shape)
    out = [_limit(ask, leaves, 1, one_switch(ask, shape))]
    core, top = ask.usable[2:]
    for tiers in range(2, MOST_TIERS + 1):
        above = {2: 1, 3: core, 4: _down_ports(core, ask.core_oversubscription) * top}[tiers]
        count = above * max(pod_leaves(ask, leaves, tiers, whole_units=w) for w in (True, False))
        ends = count // leaves.per_unit * leaves.unit * leaves.nics if leaves.unit else count * leaves.down
        out.append(_limit(ask, leaves, tiers, ends))
    return tuple(out)


def _limit(ask: FabricAsk, leaves: Leaves, tiers: int, endpoints: int) -> FabricLimit:
    nodes = max(0, endpoints // leaves.nics - (1 if ask.manager_links else 0))
    return FabricLimit(tiers=tiers, nodes=nodes, endpoints=nodes * ask.nics)
