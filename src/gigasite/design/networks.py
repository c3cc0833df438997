"""The networks of a campus: GPU fabric, storage, out-of-band and in-band, sized by the settings of its file."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

from gigasite._core.errors import InfeasibleError
from gigasite._core.quantity import yaml_key
from gigasite.design.fabric import FabricAsk, fabrics
from gigasite.design.layout import counts
from gigasite.design.types import PORT_BITS

if TYPE_CHECKING:
    from gigasite.campus.parts import Switch
    from gigasite.campus.schema import Campus
    from gigasite.design.fabric import Fabric
    from gigasite.design.layout import Counts
    from gigasite.design.types import FabricSize

MOST_WAYS = 8  # links of one cage: eight lanes
MANAGEMENT_UP = 2  # uplinks of an out-of-band leaf that are used, one to each of two spines; estimate
MANAGEMENT_SPINE_UP = 8  # of an out-of-band spine: that network carries consoles and boot images; estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class Net:
    """One network of the campus: who asks, which kind answers, what switches it takes."""

    name: str
    kind: str
    ask: FabricAsk
    size: FabricSize
    parts: tuple[str, str, str, str]
    """Catalogue names of leaf, spine, core, super-core."""
    speed_bit_per_s: float
    """Of node links; those above the leaves are `ask.uplink_ratio` times as fast."""

    @property
    def fabric(self) -> Fabric:
        """Return the part."""
        return fabrics[self.kind]()

    def tier_speed_bit_per_s(self, tier: int) -> float:
        """Return the speed of links below the switches of a tier [bit/s]."""
        return self.speed_bit_per_s * (self.ask.uplink_ratio if tier else 1.0)


def nets(campus: Campus) -> tuple[Net, ...]:
    """Return GPU, storage, management and in-band networks, sized, in the order of `FABRICS`.

    Raises
    ------
    InfeasibleError
        A fabric cannot join the servers, with what would fit.
    """
    n, net = counts(campus), campus.network
    out = [_gpu(campus, n)]
    if net.storage_links:
        part, o = net.storage_switch, net.storage_oversubscription
        out.append(_ethernet(campus, n, "storage", part, net.storage_links, net.storage_speed_bit_per_s, o))
    if net.management_links:
        out.append(_management(campus, n))
    if net.inband_links:
        part, o = net.inband_switch, net.inband_oversubscription
        out.append(_ethernet(campus, n, "inband", part, net.inband_links, net.inband_speed_bit_per_s, o))
    return tuple(out)


def radix(switch: Switch, speed_bit_per_s: float) -> int:
    """Return ports of a switch at one link's speed: cages split up to eight ways, or joined, to that speed."""
    ways = switch.cage_speed_bit_per_s / speed_bit_per_s
    ports = switch.cages * min(MOST_WAYS, math.floor(ways)) if ways >= 1 else math.floor(switch.cages * ways)
    return min(max(1, ports), (1 << PORT_BITS) - 1)


def _gpu(campus: Campus, n: Counts) -> Net:
    net, server = campus.network, campus.catalogue.servers[campus.compute.server]
    leaf = net.leaf
    spine = net.spine or leaf
    core = net.core or spine
    parts = (leaf, spine, core, net.supercore or core)
    kind = fabrics[net.fabric]()
    own = {k: v for k, v in (dict(kind.defaults) | dict(kind.fixed)).items() if not k.endswith("radix")}
    ratio = float(own.get("uplink_ratio", 1.0))
    given: dict[str, Any] = {
        "planes": net.planes,
        "nodes_per_unit": net.nodes_per_unit,
        "nodes_per_pod": net.nodes_per_pod,
        "oversubscription": net.oversubscription,
        "spine_oversubscription": net.spine_oversubscription,
        "core_oversubscription": net.core_oversubscription,
        "tiers": net.tiers,
        "reserved_ports": net.reserved_ports,
        "reserved_frac": net.reserved_frac,
    }
    _agree(campus, dict(kind.fixed), given)
    names = ("radix", "spine_radix", "core_radix", "super_radix")
    ports: dict[str, Any] = {
        name: radix(campus.catalogue.switches[part], net.speed_bit_per_s * (1.0 if name == "radix" else ratio))
        for name, part in zip(names, parts, strict=True)
    }
    ask = FabricAsk(
        **_kept(campus, own, given) | ports | {"nodes": n.servers, "gpus_per_node": server.gpus, "nics": server.nics}
    )
    if not ask.nodes_per_unit:
        ask = replace(ask, nodes_per_unit=_unit(campus, ask))
    return _net("gpu", net.fabric, ask, parts, net.speed_bit_per_s)


def _kept(campus: Campus, own: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    """Return settings of the kind, replaced by those that the campus sets: in its file, or to other than usual."""
    usual = {f.name: f.default for f in fields(FabricAsk)}
    return own | {
        k: v for k, v in given.items() if k not in own or v != usual[k] or f"network.{yaml_key(k)}" in campus.places
    }


def _agree(campus: Campus, fixed: dict[str, Any], given: dict[str, Any]) -> None:
    """Refuse a campus whose servers or settings differ from what the kind of fabric prescribes."""
    net, server = campus.network, campus.catalogue.servers[campus.compute.server]
    usual = {f.name: f.default for f in fields(FabricAsk)}
    have: dict[str, Any] = {"nics": server.nics, "gpus_per_node": server.gpus}
    have |= {k: v for k, v in given.items() if v != usual[k]}
    for key, value in have.items():
        if key in fixed and fixed[key] != value:
            raise InfeasibleError(
                f"network.fabric {net.fabric} takes {fixed[key]:g} for {key.replace('_', ' ')}; the campus has "
                f"{value:g} (server {campus.compute.server}). Take another server or fabric, or leave the setting out"
            )


def _unit(campus: Campus, ask: FabricAsk) -> int:
    """Return servers that share leaves: as many whole racks as a leaf's down-ports hold."""
    most = ask.leaf_down or int(ask.usable[0] * ask.oversubscription / (1 + ask.oversubscription) + 1e-9)
    per_rack = campus.compute.servers_per_rack
    return max(most // per_rack * per_rack, min(most, per_rack))


def _ethernet(campus: Campus, n: Counts, name: str, part: str, links: int, speed: float, o: float) -> Net:
    """Return a network of servers and storage nodes on one kind of switch."""
    ask = FabricAsk(
        nodes=n.servers + n.storage_nodes,
        gpus_per_node=1,
        nics=links,
        radix=radix(campus.catalogue.switches[part], speed),
        oversubscription=o,
        reserved_ports=campus.network.reserved_ports,
        reserved_frac=campus.network.reserved_frac,
    )
    return _net(name, "rail-optimized", ask, (part, part, part, part), speed)


def _management(campus: Campus, n: Counts) -> Net:
    """Return the out-of-band network: copper leaves with a few fast uplinks, small spines, one layer above."""
    net, switches = campus.network, campus.catalogue.switches
    leaf, spine, core = (switches[p] for p in (net.management_switch, net.management_spine, net.management_core))
    up = min(MANAGEMENT_UP, leaf.uplinks)
    speed, fast = leaf.cage_speed_bit_per_s, leaf.uplink_speed_bit_per_s
    ports = leaf.cages + up
    down = leaf.cages - max(net.reserved_ports, math.ceil(ports * net.reserved_frac - 1e-9))
    if down < 1:
        raise InfeasibleError(f"management network: no port of {net.management_switch} is left beside reserved ones")
    ask = FabricAsk(
        nodes=n.servers + n.storage_nodes,
        gpus_per_node=1,
        nics=net.management_links,
        radix=ports,
        spine_radix=radix(spine, fast),
        core_radix=radix(core, fast),
        leaf_down=down,
        leaf_up=up,
        nodes_per_unit=down,
        gap_at=n.servers if n.storage_nodes else 0,
        gap=-n.servers % down if n.storage_nodes else 0,  # storage nodes begin with a leaf of their own
        spine_up=MANAGEMENT_SPINE_UP,
        uplink_ratio=fast / speed,
        reserved_ports=net.reserved_ports,
        reserved_frac=net.reserved_frac,
    )
    parts = (net.management_switch, net.management_spine, net.management_core, net.management_core)
    return _net("management", "rail-optimized", ask, parts, speed)


def _net(name: str, kind: str, ask: FabricAsk, parts: tuple[str, str, str, str], speed: float) -> Net:
    fabric = fabrics[kind]()
    try:
        size = fabric.size(ask)
    except InfeasibleError as error:
        raise InfeasibleError(f"{name} network ({kind}): {error}") from error
    return Net(name=name, kind=kind, ask=ask, size=size, parts=parts, speed_bit_per_s=speed)
