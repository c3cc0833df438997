"""The joints of a plan: its links grouped by part and devices, for the rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gigasite.cabling.choose import NONE, used
from gigasite.cabling.ends import form, module_at
from gigasite.cabling.rule import Joint, JointEnd
from gigasite.design.types import FABRICS, TIERS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gigasite.cabling.choose import Chosen
    from gigasite.cabling.ends import Ends
    from gigasite.campus.parts import Cable, Module
    from gigasite.campus.schema import Campus
    from gigasite.design.types import Links


def joints(campus: Campus, links: Links, ends: Ends, chosen: Chosen, extra_m: NDArray[np.float32]) -> list[Joint]:
    """Return every combination of fabric, tier, devices and part.

    Parameters
    ----------
    extra_m
        (n,) length that patch panels add to each link: two jumpers, or 0.
    """
    meets = mixed(ends, chosen)
    return grouped(campus, links, ends, chosen, extra_m, meets, np.zeros(len(meets), np.int64))[0]


def grouped(
    campus: Campus,
    links: Links,
    ends: Ends,
    chosen: Chosen,
    extra_m: NDArray[np.float32],
    meets: NDArray[np.bool_],
    apart: NDArray[np.int64],
) -> tuple[list[Joint], NDArray[np.int64]]:
    """Return joints, and the joint of each link (-1: it has no part).

    Parameters
    ----------
    meets
        (n,) links that meet another part in a cage, from `mixed`.
    apart
        (n,) links with different numbers are different joints.
    """
    net = links.fabric.astype(np.int64) * len(TIERS) + links.tier
    kind = (net * (int(ends.kinds().max(initial=0)) + 1) + ends.kinds()) * 256 + chosen.part
    _, kind = np.unique(kind, return_inverse=True)
    key = kind.reshape(-1).astype(np.int64) * (int(apart.max(initial=0)) + 1) + apart
    _, first, group, count = np.unique(key, return_index=True, return_inverse=True, return_counts=True)
    group = group.reshape(-1)
    longest = np.zeros(len(first))
    np.maximum.at(longest, group, chosen.length_m + extra_m)
    beyond, unlisted = _against_lists(campus, chosen, extra_m)
    over, off, mix, panels = (
        np.bincount(group, weights=flags, minlength=len(first)) for flags in (beyond, unlisted, meets, extra_m > 0)
    )
    out: list[Joint] = []
    place = np.full(len(first), -1)
    for i, at in enumerate(first.tolist()):
        name = chosen.names[chosen.part[at]]
        if name == NONE:
            continue  # told as links without a part
        place[i] = len(out)
        cable = campus.catalogue.cables[name]
        a, z = (
            _end(campus, cable, ends.parts[code], share)
            for code, share in ((ends.a_code[at], ends.a_share[at]), (ends.z_code[at], ends.z_share[at]))
        )
        out.append(
            Joint(
                where=f"{FABRICS[links.fabric[at]]} fabric, tier {links.tier[at]}, {a.device} to {z.device} by {name}",
                part=name,
                cable=cable,
                fibre=campus.catalogue.fibres.get(cable.fibre or ""),
                a=a,
                z=z,
                count=int(count[i]),
                longest_m=float(longest[i]),
                over_reach=int(over[i]),
                off_list=int(off[i]),
                mixed_cages=int(mix[i]),
                panels=2 if panels[i] else 0,
            )
        )
    return out, place[group]


def _end(campus: Campus, cable: Cable, device: str, share: int) -> JointEnd:
    switch = campus.catalogue.switches.get(device)
    name, module = _module(campus, cable, device)
    return JointEnd(
        device=device,
        switch=switch,
        form=form(campus, device, cable.speed_bit_per_s),
        share=int(share),
        module_name=name,
        module=module,
    )


def _module(campus: Campus, cable: Cable, device: str) -> tuple[str, Module | None]:
    """Return the module that fits; where none does the first of the list, so that the rules say what is wrong."""
    found = module_at(campus, cable, device)
    if found is not None:
        return found
    listed = cable.modules if device in campus.catalogue.switches else cable.host_modules
    return (listed[0], campus.catalogue.modules.get(listed[0])) if listed else ("", None)


def _against_lists(
    campus: Campus, chosen: Chosen, extra_m: NDArray[np.float32]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    over, off = np.zeros(len(chosen.part), bool), np.zeros(len(chosen.part), bool)
    for index, cable in used(campus, chosen.names, chosen.part):
        mine = np.flatnonzero(chosen.part == index)
        length = chosen.length_m[mine]
        over[mine] = length + extra_m[mine] > cable.reach_m + 1e-3
        off[mine] = ~np.isin(np.round(length * 1e3), np.round(np.array(cable.lengths) * 1e3))
    return over, off


def mixed(ends: Ends, chosen: Chosen) -> NDArray[np.bool_]:
    """Return which links meet another part in one of their switch cages."""
    low, high = np.full(ends.cages + 1, 255, np.uint8), np.zeros(ends.cages + 1, np.uint8)
    for cage in (ends.a_cage, ends.z_cage):  # -1, a host, is the last place and never read
        np.minimum.at(low, cage, chosen.part)
        np.maximum.at(high, cage, chosen.part)
    unlike = low != high
    unlike[-1] = False
    meets: NDArray[np.bool_] = unlike[ends.a_cage] | unlike[ends.z_cage]
    return meets
