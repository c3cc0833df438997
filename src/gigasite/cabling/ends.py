"""The two ends of every link: which switch, which cage, what fits into it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gigasite.design.types import FABRICS, PORT_BITS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gigasite.campus.parts import Cable, Module, Switch
    from gigasite.campus.schema import Campus
    from gigasite.design.types import Design, Links

    Ints = NDArray[np.int64]

MANAGEMENT_DOWN, MANAGEMENT_UP = 1e9, 100e9  # RJ45 ports and uplinks of an SN2201
MANAGEMENT_SHARE = 2  # links of one cage of a management switch at most: its core is an SN5600 with 128 ports
COPPER = {"dac", "acc", "aec", "copper"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ends:
    """Ends of all links as columns (n,).

    Parameters
    ----------
    speed
        Index into `speeds` [bit/s].
    a_code, z_code
        Kind of device, index into `parts`.
    a_cage, z_cage
        Number of the switch cage, -1 at a host; `cage_code` gives the kind of switch of each.
    a_share, z_share
        Links that share one cage.
    """

    parts: tuple[str, ...]
    speeds: tuple[float, ...]
    speed: Ints
    a_code: Ints
    z_code: Ints
    a_cage: Ints
    z_cage: Ints
    a_share: Ints
    z_share: Ints
    cages: int
    per_switch: int
    switch_code: Ints

    def kinds(self) -> Ints:
        """Return a number that is the same for links of equal speed and devices."""
        n = len(self.parts)
        return (self.speed * n + self.a_code) * n + self.z_code

    def kind(self, number: int) -> tuple[float, str, str]:
        """Return speed and device parts of a number of `kinds`."""
        rest, z = divmod(number, len(self.parts))
        speed, a = divmod(rest, len(self.parts))
        return self.speeds[speed], self.parts[a], self.parts[z]


def speeds(campus: Campus, links: Links) -> NDArray[np.float64]:
    """Return the speed of each link [bit/s].

    The management network has copper down-links and faster ones between its switches; fabrics other than those of the
    GPUs and of management run at the speed of storage.
    """
    n = campus.network
    out = np.full(len(links), n.storage_speed_bit_per_s)
    for i, name in enumerate(FABRICS):
        mine = links.fabric == i
        if name == "gpu":
            out[mine] = n.speed_bit_per_s
        elif name in {"management", "oob", "out-of-band"}:
            out[mine] = np.where(links.tier[mine] == 0, MANAGEMENT_DOWN, MANAGEMENT_UP)
    return out


def ends(campus: Campus, design: Design) -> Ends:
    """Return the ends of every link."""
    links = design.links
    column = design.devices["part"]
    names = sorted(column.unique().to_list())
    code = column.replace_strict(names, range(len(names))).to_numpy().astype(np.int64)
    switches = campus.catalogue.switches
    values = speeds(campus, links)
    known = sorted({float(v) for v in np.unique(values)})
    speed = np.searchsorted(known, values)
    is_switch = np.array([n in switches for n in names])
    share = np.array([[_share(switches[n], s) if n in switches else 1 for s in known] for n in names])
    ordinal = np.where(is_switch[code], np.cumsum(is_switch[code]) - 1, -1)
    a, z = links.a_port >> PORT_BITS, links.z_port >> PORT_BITS
    most = np.where(design.devices["kind"].str.starts_with("management").to_numpy(), MANAGEMENT_SHARE, 1 << PORT_BITS)
    a_share, z_share = np.minimum(share[code[a], speed], most[a]), np.minimum(share[code[z], speed], most[z])
    low = (1 << PORT_BITS) - 1
    a_in, z_in = ((links.a_port & low) - 1) // a_share, ((links.z_port & low) - 1) // z_share
    per_switch = int(max(a_in.max(initial=0), z_in.max(initial=0))) + 1
    return Ends(
        parts=tuple(names),
        speeds=tuple(known),
        speed=speed,
        a_code=code[a],
        z_code=code[z],
        a_cage=np.where(ordinal[a] >= 0, ordinal[a] * per_switch + a_in, -1),
        z_cage=np.where(ordinal[z] >= 0, ordinal[z] * per_switch + z_in, -1),
        a_share=a_share,
        z_share=z_share,
        cages=int(is_switch[code].sum()) * per_switch,
        per_switch=per_switch,
        switch_code=code[is_switch[code]],
    )


def _share(switch: Switch, speed_bit_per_s: float) -> int:
    """Return how many links of a speed share one cage of a switch, as the design counts its ports."""
    return max(int(switch.cage_speed_bit_per_s // speed_bit_per_s), 1)


def form(campus: Campus, part: str, speed_bit_per_s: float) -> str:
    """Return the form of the cage at an end: of the switch; `host` at a server.

    The up-links of a copper switch are faster than its ports and have cages of their own.
    """
    switch = campus.catalogue.switches.get(part)
    if switch is None:
        return "host"
    if speed_bit_per_s > switch.cage_speed_bit_per_s:
        return "qsfp28"
    return switch.cage


def module_at(campus: Campus, cable: Cable, part: str) -> tuple[str, Module] | None:
    """Return name and module that a cable takes at a device: the first of its list that fits cage and cooling.

    None for copper, and where nothing fits.
    """
    known = campus.catalogue.modules
    where = form(campus, part, cable.speed_bit_per_s)
    names = cable.host_modules if where == "host" else cable.modules
    for name in names:
        module = known.get(name)
        if module is not None and _fits(campus, module, part, where):
            return name, module
    return None


def _fits(campus: Campus, module: Module, part: str, where: str) -> bool:
    if where == "host":
        wanted = campus.network.cabling.host_cage
        return wanted == "any" or module.cage in {wanted, "qsfp28", "rj45"}
    if module.cage != where:
        return False
    liquid = campus.catalogue.switches[part].cooling == "liquid"
    return where != "osfp" or module.top == ("flat" if liquid else "finned")


def joins(campus: Campus, cable: Cable, a_part: str, z_part: str) -> bool:
    """Say whether a cable can join ports of two devices: cages of both ends take its plugs or a module of its list."""
    if cable.medium in COPPER:
        wanted = {"rj45"} if cable.medium == "copper" else {"osfp", "qsfp112", "qsfp28"}
        if cable.medium != "copper":
            wanted = {"qsfp28"} if cable.speed_bit_per_s <= MANAGEMENT_UP else {"osfp", "qsfp112"}
        return all(form(campus, p, cable.speed_bit_per_s) in wanted | {"host"} for p in (a_part, z_part))
    return module_at(campus, cable, a_part) is not None and module_at(campus, cable, z_part) is not None
