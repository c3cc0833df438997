"""Settings of a fabric held against their bounds, before anything is counted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gigasite._core.errors import InfeasibleError

if TYPE_CHECKING:
    from gigasite.design.fabric import FabricAsk

MOST_TIERS = 4
MOST = {"nodes": 8_000_000, "nics": 64, "gpus_per_node": 4096, "planes": 16, "radix": 32_767}
MAY_BE_ZERO = ("nodes_per_unit", "nodes_per_pod", "leaf_down", "leaf_up", "spine_up", "manager_links", "reserved_ports")
RADICES = ("spine_radix", "core_radix", "super_radix")
RATIOS = ("oversubscription", "spine_oversubscription", "core_oversubscription", "uplink_ratio")


def check(ask: FabricAsk) -> None:
    """Refuse settings outside their bounds.

    Raises
    ------
    InfeasibleError
        A setting is impossible.
    """
    for name, most in MOST.items():
        if not 1 <= getattr(ask, name) <= most:
            raise InfeasibleError(f"a fabric needs {_words(name)} from 1 to {most:,}, found {getattr(ask, name)}")
    for name in (*MAY_BE_ZERO, *RADICES):
        most = MOST["nodes"] if name.startswith("nodes") else MOST["radix"]
        if not 0 <= getattr(ask, name) <= most:
            raise InfeasibleError(f"{_words(name)} must lie between 0 and {most:,}, found {getattr(ask, name)}")
    for name in RATIOS:
        if not 0.01 <= getattr(ask, name) <= 1000:
            raise InfeasibleError(f"{_words(name)} must lie between 0.01 and 1000, found {getattr(ask, name):g}")
    _together(ask)


def _together(ask: FabricAsk) -> None:
    if not 0 <= ask.tiers <= MOST_TIERS:
        raise InfeasibleError(f"tiers must lie between 1 and {MOST_TIERS} (0: the fewest that fit), found {ask.tiers}")
    if not 0 <= ask.reserved_frac < 1:
        raise InfeasibleError(f"the reserved share of ports must lie between 0 and 1, found {ask.reserved_frac:g}")
    if min(ask.usable) < 2:
        raise InfeasibleError(f"a switch needs 2 ports or more, found {max(min(ask.usable), 0)}{kept(ask)}")
    if ask.manager_links > ask.nics:
        raise InfeasibleError(f"managers take one node's place: at most {ask.nics} links, found {ask.manager_links}")


def _words(name: str) -> str:
    return name.replace("_", " ")


def ports(ask: FabricAsk) -> str:
    """Return a leaf's ports in words."""
    return f"{ask.radix}-port" + (f" ({ask.reserved[0]} reserved)" if ask.reserved[0] else "")


def kept(ask: FabricAsk) -> str:
    """Return the reserved ports in words, "" where there are none."""
    return f" beside {max(ask.reserved)} reserved" if any(ask.reserved) else ""
