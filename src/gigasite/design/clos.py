"""Folded Clos networks of two and three tiers: counts and wiring for any radix, rails, planes and oversubscription.

Rules (facts carried over from NVIDIA's SuperPOD reference architectures, whose tables the tests reproduce):
leaves come in whole groups per unit; the up-links of a switch stripe evenly over the switches above, so the count
above divides them; the smallest such count with enough ports is taken. At most k^2/2 end points in two tiers of k-port
switches, k^3/4 in three.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gigasite._core.errors import InfeasibleError
from gigasite.design.fabric import FabricAsk, Wiring
from gigasite.design.types import FabricSize


@dataclass(frozen=True, slots=True, kw_only=True)
class Pod:
    """Leaves that share their spines."""

    leaves: int
    spines: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Clos:
    """One plane, fully counted.

    `pods` has one entry in two tiers. `down` and `up` are ports of a leaf, `spine_up` of a spine (0 in two tiers),
    `core_base` the first port (from 0) that each pod uses on every core.
    """

    ask: FabricAsk
    rails: bool
    unit: int
    leaves_per_unit: int
    down: int
    up: int
    pods: tuple[Pod, ...]
    spine_up: int
    cores: int
    core_base: tuple[int, ...]

    @property
    def leaves(self) -> int:
        """Return leaves of one plane."""
        return sum(p.leaves for p in self.pods)

    @property
    def spines(self) -> int:
        """Return spines of one plane."""
        return sum(p.spines for p in self.pods)


def clos(ask: FabricAsk, *, rails: bool) -> Clos:
    """Count one plane of a fabric.

    Parameters
    ----------
    ask
        Settings.
    rails
        True: NIC r of every node of a unit goes to leaf r of the unit. False: all NICs of a node to the same leaf
        as far as ports allow.

    Raises
    ------
    InfeasibleError
        A setting is impossible, or the nodes are more than three tiers can join.
    """
    down, up, unit = _leaf_ports(ask, rails=rails)
    leaves_per_unit = ask.nics if rails else -(-unit * ask.nics // down)
    units = -(-ask.nodes // unit)
    leaves = units * leaves_per_unit
    spine_radix = ask.spine_radix or ask.radix
    shape = {
        "ask": ask,
        "rails": rails,
        "unit": unit,
        "leaves_per_unit": leaves_per_unit,
        "down": down,
        "up": up,
    }
    two = _divisor_at_least(up, -(-leaves * up // spine_radix))
    if two:
        pods: tuple[Pod, ...] = (Pod(leaves=leaves, spines=two),)
        return Clos(**shape, pods=pods, spine_up=0, cores=0, core_base=(0,))  # type: ignore[arg-type]
    spine_up = ask.spine_up or spine_radix // 2
    pods = _pods(units, leaves_per_unit, up, spine_radix - spine_up)
    cores, base = _cores(pods, spine_up, ask)
    return Clos(**shape, pods=pods, spine_up=spine_up, cores=cores, core_base=base)  # type: ignore[arg-type]


def _leaf_ports(ask: FabricAsk, *, rails: bool) -> tuple[int, int, int]:
    """Return down-ports, up-ports and nodes of a unit."""
    for name in ("nodes", "nics", "planes", "gpus_per_node"):
        if getattr(ask, name) < 1:
            raise InfeasibleError(f"a fabric needs {name} >= 1, found {getattr(ask, name)}")
    if ask.radix < 2 or ask.oversubscription < 1:
        raise InfeasibleError(f"a leaf needs 2 ports or more and oversubscription >= 1 (radix {ask.radix})")
    most = ask.leaf_down or int(ask.radix * ask.oversubscription / (1 + ask.oversubscription))
    unit = ask.nodes_per_unit or most
    if rails and unit > most:
        raise InfeasibleError(
            f"{unit} nodes per unit need {unit} down-ports on a leaf; a {ask.radix}-port leaf at "
            f"{ask.oversubscription:g}:1 has {most}. Take nodes per unit <= {most}"
        )
    down = unit if rails else most
    up = ask.leaf_up or max(1, -(-int(down / ask.oversubscription) // 1))
    return down, up, unit


def _divisor_at_least(number: int, least: int) -> int:
    """Return the smallest divisor of `number` that is >= least, 0 if there is none."""
    return next((d for d in range(max(least, 1), number + 1) if number % d == 0), 0)


def _pods(units: int, leaves_per_unit: int, up: int, spine_down: int) -> tuple[Pod, ...]:
    units_per_pod = spine_down // leaves_per_unit
    if units_per_pod < 1:
        raise InfeasibleError(
            f"a unit has {leaves_per_unit} leaves, a spine only {spine_down} down-ports: "
            "take larger spines or fewer rails"
        )
    sizes = [min(units_per_pod, units - first) for first in range(0, units, units_per_pod)]
    pods = []
    for size in sizes:
        leaves = size * leaves_per_unit
        pods.append(Pod(leaves=leaves, spines=_divisor_at_least(up, -(-leaves * up // spine_down))))
    return tuple(pods)


def _cores(pods: tuple[Pod, ...], spine_up: int, ask: FabricAsk) -> tuple[int, tuple[int, ...]]:
    """Return the least number of cores that every full pod reaches evenly, and each pod's first core port."""
    radix = ask.core_radix or ask.spine_radix or ask.radix
    slots = [p.spines * spine_up for p in pods]
    for cores in (d for d in range(-(-sum(slots) // radix), slots[0] + 1) if slots[0] % d == 0):
        ports = [-(-s // cores) for s in slots]
        if sum(ports) <= radix:
            return cores, tuple(int(b) for b in np.cumsum([0, *ports[:-1]]))
    fits = radix * pods[0].leaves // max(1, _leaves_per_unit(ask)) * _unit(ask)
    raise InfeasibleError(
        f"{ask.nodes} nodes are more than three tiers of {ask.radix}-port switches join (about {fits:,} nodes). "
        "Take a larger radix, more planes at a lower link speed, or oversubscription"
    )


def _unit(ask: FabricAsk) -> int:
    return ask.nodes_per_unit or ask.leaf_down or int(ask.radix * ask.oversubscription / (1 + ask.oversubscription))


def _leaves_per_unit(ask: FabricAsk) -> int:
    return ask.nics


def size_of(kind: str, c: Clos) -> FabricSize:
    """Return the counts of all planes, in the terms of the published tables."""
    ask = c.ask
    return FabricSize(
        kind=kind,
        nodes=ask.nodes,
        gpus=ask.nodes * ask.gpus_per_node,
        radix=ask.radix,
        planes=ask.planes,
        tiers=3 if c.cores else 2,
        leaf=c.leaves * ask.planes,
        spine=c.spines * ask.planes,
        core=c.cores * ask.planes,
        node_leaf_cables=ask.nodes * ask.nics,
        leaf_spine_cables=c.leaves * c.up,
        spine_core_cables=c.spines * c.spine_up,
    )


def wire(c: Clos) -> Wiring:
    """Return every link of all planes, sorted by plane, tier and lower end."""
    per_plane = [_node_leaf(c), _leaf_spine(c), *([_spine_core(c)] if c.cores else [])]
    counts = {0: (c.ask.nodes, c.leaves), 1: (c.leaves, c.spines), 2: (c.spines, c.cores)}
    columns: list[tuple[np.ndarray, ...]] = []
    for plane in range(c.ask.planes):
        for tier, (a, a_port, z, z_port) in enumerate(per_plane):
            below = 0 if tier == 0 else plane * counts[tier][0]
            nodes_port = a_port + plane if tier == 0 else a_port
            full = np.full(len(a), tier, np.uint8)
            columns.append((full, a + below, nodes_port, z + plane * counts[tier][1], z_port))
    tier_, a_, ap_, z_, zp_ = (np.concatenate(col) for col in zip(*columns, strict=True))
    return Wiring(
        tier=tier_,
        a=a_.astype(np.int32),
        a_port=ap_.astype(np.int16),
        z=z_.astype(np.int32),
        z_port=zp_.astype(np.int16),
    )


Columns = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def _node_leaf(c: Clos) -> Columns:
    node = np.repeat(np.arange(c.ask.nodes, dtype=np.int64), c.ask.nics)
    nic = np.tile(np.arange(c.ask.nics, dtype=np.int64), c.ask.nodes)
    unit, local = np.divmod(node, c.unit)
    if c.rails:
        leaf, port = nic, local
    else:
        leaf, port = np.divmod(local * c.ask.nics + nic, c.down)
    return node, 1 + nic * c.ask.planes, unit * c.leaves_per_unit + leaf, 1 + port


def _leaf_spine(c: Clos) -> Columns:
    out: list[Columns] = []
    leaf0 = spine0 = 0
    for pod in c.pods:
        leaf = np.repeat(np.arange(pod.leaves, dtype=np.int64), c.up)
        j = np.tile(np.arange(c.up, dtype=np.int64), pod.leaves)
        turn, spine = np.divmod(j, pod.spines)
        out.append((leaf0 + leaf, 1 + c.down + j, spine0 + spine, 1 + leaf * (c.up // pod.spines) + turn))
        leaf0 += pod.leaves
        spine0 += pod.spines
    return _joined(out)


def _spine_core(c: Clos) -> Columns:
    radix = c.ask.spine_radix or c.ask.radix
    out: list[Columns] = []
    spine0 = 0
    for pod, base in zip(c.pods, c.core_base, strict=True):
        spine = np.repeat(np.arange(pod.spines, dtype=np.int64), c.spine_up)
        j = np.tile(np.arange(c.spine_up, dtype=np.int64), pod.spines)
        turn, core = np.divmod(spine * c.spine_up + j, c.cores)
        out.append((spine0 + spine, 1 + radix - c.spine_up + j, core, 1 + base + turn))
        spine0 += pod.spines
    return _joined(out)


def _joined(parts: list[Columns]) -> Columns:
    a, ap, z, zp = (np.concatenate(col) for col in zip(*parts, strict=True))
    return a, ap, z, zp
