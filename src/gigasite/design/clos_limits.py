"""What would fit: the words of a refusal, each remedy tried before it is named."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from gigasite._core.errors import InfeasibleError
from gigasite.design.clos import leaves_of, limits, pod_leaves
from gigasite.design.clos_ask import MOST_TIERS, ports

if TYPE_CHECKING:
    from gigasite.design.clos import Shape
    from gigasite.design.fabric import FabricAsk

MOST_RADIX = 8192
OVERSUBSCRIPTIONS = (1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 16.0)


def refusal(ask: FabricAsk, shape: Shape) -> str:
    """Return what binds and what would fit."""
    tiers = ask.tiers or MOST_TIERS
    found = {x.tiers: x.nodes for x in limits(ask, shape)}
    most = found[tiers] if ask.tiers else max(found.values())
    words = "one tier" if tiers == 1 else f"{tiers} tiers"
    if tiers == 1 and not most:
        head = "one tier leaves rails apart: a single switch per rail cannot join them"
    else:
        head = f"{ask.nodes:,} nodes are more than {words} of {ports(ask)} switches join ({most:,} nodes)"
    if most >= ask.nodes:  # the limit is not what binds
        head = f"{words} of {ports(ask)} switches cannot stripe {ask.nodes:,} nodes evenly"
    if ask.nodes_per_pod and tiers > 1 and (pod := _pod(ask, shape)):
        return pod
    fits = _remedies(ask, shape, tiers)
    return f"{head}. What would fit: {'; '.join(fits)}" if fits else f"{head}. Take a larger radix and fewer nodes"


def _pod(ask: FabricAsk, shape: Shape) -> str:
    """Return why a pod of the asked size does not fit under its spines, "" if it does."""
    leaves = leaves_of(ask, shape)
    tiers = min(ask.tiers or MOST_TIERS, 3)  # above two, every pod keeps ports toward the core
    if pod_leaves(ask, leaves, tiers):
        return ""
    per_leaf = ask.nodes_per_pod / leaves.count(ask.nodes_per_pod, ask.nodes_per_pod * leaves.nics)
    fits = next(
        (
            n
            for n in range(ask.usable[1], 0, -1)
            if pod_leaves(replace(ask, nodes_per_pod=int(n * per_leaf)), leaves, tiers)
        ),
        0,
    )
    count = leaves.count(ask.nodes_per_pod, ask.nodes_per_pod * leaves.nics)
    return (
        f"a pod of {ask.nodes_per_pod:,} nodes has {count:,} leaves, more than the {ask.usable[1]} ports of a "
        f"spine join beside its up-links. What would fit: nodes per pod <= {int(fits * per_leaf):,}; "
        "a larger spine radix; more spine oversubscription"
    )


def _remedies(ask: FabricAsk, shape: Shape, tiers: int) -> list[str]:
    out = [
        f"{t} tiers (up to {n:,} nodes)"
        for t in range(tiers + 1, MOST_TIERS + 1)
        if (n := _most(ask, shape, t)) >= ask.nodes
    ][:1]
    free = replace(ask, nodes_per_unit=0) if not ask.nodes_per_pod else ask
    if radix := _radix(free, shape, tiers):
        out.append(f"a larger radix ({radix} ports)")
    for planes in (2, 4, 8):
        split = replace(free, planes=ask.planes * planes, **_times(ask, planes))
        if ask.planes * planes <= 16 and _most(split, shape, tiers) >= ask.nodes:
            out.append(f"more planes ({ask.planes * planes}, each link at 1/{planes} of the speed)")
            break
    for o in OVERSUBSCRIPTIONS:
        name = "oversubscription" if tiers < 3 else "spine_oversubscription"
        if o > getattr(ask, name) and _most(replace(free, **_one(name, o)), shape, tiers) >= ask.nodes:
            out.append(f"{name.replace('_', ' ')} {o:g}:1")
            break
    if ask.nodes_per_pod:
        out.append("larger pods")
    return out


def _radix(ask: FabricAsk, shape: Shape, tiers: int) -> int:
    """Return the least radix of all switches, in steps of 8 ports, that joins the nodes; 0 if none does."""
    for radix in range(-(-ask.radix // 8) * 8, MOST_RADIX + 1, 8):
        same: dict[str, Any] = {"radix": radix, "spine_radix": 0, "core_radix": 0, "super_radix": 0}
        if radix > ask.radix and _most(replace(ask, **same), shape, tiers) >= ask.nodes:
            return radix
    return 0


def _times(ask: FabricAsk, planes: int) -> dict[str, Any]:
    """Return radices of switches whose ports are split."""
    names = ("radix", "spine_radix", "core_radix", "super_radix")
    return {n: min(r * planes, 32_767) for n, r in zip(names, ask.radices, strict=True)}


def _one(name: str, value: float) -> dict[str, Any]:
    return {name: value}


def _most(ask: FabricAsk, shape: Shape, tiers: int) -> int:
    try:
        return limits(replace(ask, nodes=1), shape)[tiers - 1].nodes
    except InfeasibleError:
        return 0
