"""The two ends of every link: which switch, which cage, what fits into it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from gigasite.design.networks import MOST_WAYS
from gigasite.design.types import FABRICS, PORT_BITS, TIERS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gigasite.campus.parts import Cable, Module, Switch
    from gigasite.campus.schema import Campus
    from gigasite.design.types import Design

    Ints = NDArray[np.int64]

COPPER_PORT, QSFP112 = 10e9, 400e9  # fastest RJ45 port and QSFP112 cage
SLOW = 100e9  # copper up to here has QSFP28 plugs, faster copper OSFP or QSFP112
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
    a_sub, z_sub
        Which of them this is, from 0.
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
    a_sub: NDArray[np.int8]
    z_sub: NDArray[np.int8]
    cages: int
    per_switch: int
    switch_code: Ints

    def kinds(self) -> Ints:
        """Return a number that is the same for links of equal speed and devices."""
        n = len(self.parts)
        return (self.speed * n + self.a_code) * n + self.z_code

    def some(self, keep: slice | Ints) -> Ends:
        """Return the ends of chosen links."""
        columns = ("speed", "a_code", "z_code", "a_cage", "z_cage", "a_share", "z_share", "a_sub", "z_sub")
        return replace(self, **{c: getattr(self, c)[keep] for c in columns})

    def kind(self, number: int) -> tuple[float, str, str]:
        """Return speed and device parts of a number of `kinds`."""
        rest, z = divmod(number, len(self.parts))
        speed, a = divmod(rest, len(self.parts))
        return self.speeds[speed], self.parts[a], self.parts[z]


def speeds(design: Design, fabric: NDArray[np.uint8], tier: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return the speed of links by fabric and tier, as the design says [bit/s]."""
    table = np.zeros((len(FABRICS), len(TIERS)))
    for at, speed in design.link_speed_bit_per_s.items():
        table[at] = speed
    return table[fabric, tier]


def ends(campus: Campus, design: Design) -> Ends:
    """Return the ends of every link."""
    links = design.links
    column = design.devices["part"]
    names = sorted(column.unique().to_list())
    code = column.replace_strict(names, range(len(names))).to_numpy().astype(np.int64)
    switches = campus.catalogue.switches
    known = sorted(set(design.link_speed_bit_per_s.values()))
    speed = np.searchsorted(known, speeds(design, links.fabric, links.tier))
    is_switch = np.array([n in switches for n in names])
    share = np.array([[cage_share(switches[n], s) if n in switches else 1 for s in known] for n in names])
    ordinal = np.where(is_switch[code], np.cumsum(is_switch[code]) - 1, -1)
    a, z = links.a_port >> PORT_BITS, links.z_port >> PORT_BITS
    a_share, z_share = share[code[a], speed], share[code[z], speed]
    low = (1 << PORT_BITS) - 1
    a_in, a_sub = np.divmod((links.a_port & low) - 1, a_share)
    z_in, z_sub = np.divmod((links.z_port & low) - 1, z_share)
    _faster_up(design, a_in, a_sub, a_share, z_share)
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
        a_sub=a_sub.astype(np.int8),
        z_sub=z_sub.astype(np.int8),
        cages=int(is_switch[code].sum()) * per_switch,
        per_switch=per_switch,
        switch_code=code[is_switch[code]],
    )


def _faster_up(design: Design, a_in: Ints, a_sub: Ints, a_share: Ints, z_share: Ints) -> None:
    """Count cages of up-links, where these run at another speed than the links below, from behind those below."""
    links = design.links
    for (fabric, tier), speed in design.link_speed_bit_per_s.items():
        if tier == 0 or design.link_speed_bit_per_s[fabric, tier - 1] == speed:
            continue
        up = np.flatnonzero((links.fabric == fabric) & (links.tier == tier))
        down = z_share[(links.fabric == fabric) & (links.tier == tier - 1)]
        port = links.a_port[up] & ((1 << PORT_BITS) - 1)
        first = int(port.min())
        cage, a_sub[up] = np.divmod(port - first, a_share[up])
        a_in[up] = cage - (1 - first) // int(down[0])  # cages below, rounded up


def cage_share(switch: Switch, speed_bit_per_s: float) -> int:
    """Return how many links of a speed share one cage of a switch, as the design counts its ports."""
    return max(min(int(switch.cage_speed_bit_per_s // speed_bit_per_s), MOST_WAYS), 1)


def form(campus: Campus, part: str, speed_bit_per_s: float) -> str:
    """Return the form of the cage at an end; of a server the forms that its NIC may have at this speed, as `a/b`.

    The up-links of an out-of-band switch have cages of their own.
    """
    switch = campus.catalogue.switches.get(part)
    if switch is None:
        return "/".join(host_cages(campus.network.cabling.host_cage, speed_bit_per_s))
    if switch.uplinks and speed_bit_per_s == switch.uplink_speed_bit_per_s:
        return switch.uplink_cage
    return switch.cage


def module_at(campus: Campus, cable: Cable, part: str) -> tuple[str, Module] | None:
    """Return name and module that a cable takes at a device: the first of its list that fits cage and cooling.

    None for copper, and where nothing fits.
    """
    known = campus.catalogue.modules
    where = form(campus, part, cable.speed_bit_per_s)
    names = cable.modules if part in campus.catalogue.switches else cable.host_modules
    for name in names:
        module = known.get(name)
        if module is not None and _fits(campus, module, part, where):
            return name, module
    return None


def host_cages(wanted: str, speed_bit_per_s: float) -> tuple[str, ...]:
    """Return the forms of cage that a NIC of this speed may have; none where the wanted form is too slow.

    A QSFP112 has four lanes of 100G, a QSFP28 four of 25G or one of 100G, a copper port 10G at most.

    >>> host_cages("any", 400e9), host_cages("qsfp112", 400e9), host_cages("qsfp112", 800e9), host_cages("any", 1e9)
    (('osfp', 'qsfp112'), ('qsfp112',), (), ('rj45',))
    """
    if speed_bit_per_s <= COPPER_PORT:
        return ("rj45",)
    if speed_bit_per_s <= SLOW:
        return ("qsfp28",)
    known = ("osfp", "qsfp112") if speed_bit_per_s <= QSFP112 else ("osfp",)
    return known if wanted == "any" else tuple(c for c in known if c == wanted)


def _fits(campus: Campus, module: Module, part: str, where: str) -> bool:
    if module.cage not in where.split("/"):
        return False
    if part not in campus.catalogue.switches:
        return True
    liquid = campus.catalogue.switches[part].cooling == "liquid"
    return where != "osfp" or module.top == ("flat" if liquid else "finned")


def joins(campus: Campus, cable: Cable, a_part: str, z_part: str) -> bool:
    """Say whether a cable can join ports of two devices: cages of both ends take its plugs or a module of its list."""
    if cable.medium in COPPER:
        wanted = {"rj45"} if cable.medium == "copper" else {"osfp", "qsfp112", "qsfp28"}
        if cable.medium != "copper":
            wanted = {"qsfp28"} if cable.speed_bit_per_s <= SLOW else {"osfp", "qsfp112"}
        return all(wanted & set(form(campus, p, cable.speed_bit_per_s).split("/")) for p in (a_part, z_part))
    return module_at(campus, cable, a_part) is not None and module_at(campus, cable, z_part) is not None
