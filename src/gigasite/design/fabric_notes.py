"""What a buyer of a fabric must know: units, pods and tiers that are bought whole and used in part."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gigasite._core.finding import Finding, Severity
from gigasite._core.words import counted

if TYPE_CHECKING:
    from gigasite.design.types import FabricSize, LastPod, LastUnit


def notes(size: FabricSize, network: str = "") -> list[Finding]:
    """Return notes on the last unit, the last pod and the top tier, with numbers.

    Parameters
    ----------
    network
        Name of the campus's network, "" for a fabric by itself.
    """
    where = f"{network} network ({size.kind})" if network else size.kind
    out = []
    if size.last_unit is not None:
        out.append(_unit(where, size.last_unit))
    if size.last_pod is not None:
        out.append(_pod(where, size.last_pod))
    top = size.by_tier[-1]
    if size.tiers > 2 and top.switches > top.by_ports:
        out.append(
            _note(
                where,
                f"even striping takes more {top.tier} switches than ports alone would",
                limit=f"{top.by_ports:,} by ports",
                found=f"{top.switches:,}",
                remedy="none needed; a multiple of whole pods would use every port",
            )
        )
    return out


def _unit(where: str, last: LastUnit) -> Finding:
    full, used = last.full_nodes * last.nics_per_node, last.nodes * last.nics_per_node
    return _note(
        where,
        f"the last unit is bought whole: {counted(last.leaf, 'leaf switch')} with {counted(last.up_links, 'up-link')}",
        limit=f"{counted(last.full_nodes, 'node')}, {counted(full, 'NIC')} in a full unit",
        found=f"{counted(last.nodes, 'node')}, {counted(used, 'NIC')} used",
        remedy="none needed; a multiple of whole units would use every port, or take smaller units (nodes per unit)",
    )


def _pod(where: str, last: LastPod) -> Finding:
    return _note(
        where,
        f"the spines of the last pod ({last.leaf:,} of {last.full_leaf:,} leaves) have more links up than down: "
        "spines of all pods have as many up-links, striped evenly over the tier above",
        limit=f"{last.full_down_links} down, {last.up_links} up at a spine of a full pod",
        found=f"{last.down_links} down, {last.up_links} up at each of {last.spine:,}",
        remedy="none needed; whole pods, or pods of another size (nodes per pod), would need fewer spines",
    )


def _note(where: str, what: str, *, limit: str, found: str, remedy: str) -> Finding:
    return Finding(
        severity=Severity.note, chapter="design", where=where, what=what, limit=limit, found=found, remedy=remedy
    )
