"""What the counts of one row owe each other: invariants that no striping can break, and rules of even striping."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gigasite.design.fabric import Fabric, FabricAsk
    from gigasite.design.types import FabricSize

MOST_NODES = 4_000_000
SWITCHES = ("leaf", "spine", "core", "super")
CABLES = ("node-leaf", "leaf-spine", "spine-core", "core-super")

Values = dict[str, "int | None"]


def columns_of(size: FabricSize) -> dict[str, int]:
    """Return the counts of a fabric by role of a published column."""
    more = dict(size.more)
    out = {"nodes": size.nodes, "gpus": size.gpus}
    if units := more.get("scalable_units", size.units):
        out["su"] = units
    out |= dict(zip(SWITCHES, size.switches, strict=True)) | dict(zip(CABLES, size.cables, strict=True))
    out |= {"switches": sum(size.switches), "cables": sum(size.cables)}
    if "racks" in more:
        out["racks"] = more["racks"]
    return out


def nodes_of(column: str, value: int, ask: FabricAsk, part: Fabric) -> int:
    """Return the nodes that a cell implies, 0 where it implies none."""
    if column == "nodes":
        return value
    if column == "gpus":
        return value // ask.gpus_per_node if value % ask.gpus_per_node == 0 else 0
    if column == "node-leaf":
        ends = value - ask.manager_links
        return ends // ask.nics if ends % ask.nics == 0 else 0
    per_rack, per_su = part_nodes(part, ask)
    return value * (per_rack if column == "racks" else per_su) - (1 if ask.manager_links else 0)


def part_nodes(part: Fabric, ask: FabricAsk) -> tuple[int, int]:
    """Return nodes of a rack and of a scalable unit (0 where the kind does not say)."""
    rack, su = (int(getattr(part, name, 0)) for name in ("nodes_per_rack", "nodes_per_su"))
    return rack, su or ask.nodes_per_unit


def broken(row: Values, ask: FabricAsk) -> list[tuple[tuple[str, ...], str]]:
    """Return invariants that break: the columns they join and the sentence. Absent columns judge nothing."""
    out = []
    for columns, holds, text in [*_sums(row, ask), *_ports(row, ask), *_cuts(row, ask)]:
        if all(row.get(c) is not None for c in columns) and not holds:
            out.append((columns, text))
    return out


Rule = tuple[tuple[str, ...], bool, str]


def _get(row: Values, column: str) -> int:
    return row.get(column) or 0


def _sums(row: Values, ask: FabricAsk) -> list[Rule]:
    nodes, gpus, ends = (_get(row, c) for c in ("nodes", "gpus", "node-leaf"))
    managers = f" and {ask.manager_links} manager links" if ask.manager_links else ""
    return [
        (("gpus", "nodes"), gpus == nodes * ask.gpus_per_node, f"GPUs = nodes x {ask.gpus_per_node}"),
        (
            ("node-leaf", "nodes"),
            ends == nodes * ask.nics + ask.manager_links,
            f"node-leaf cables = nodes x {ask.nics} rail ports{managers}",
        ),
        (
            ("node-leaf", "gpus"),
            (ends - ask.manager_links) * ask.gpus_per_node == gpus * ask.nics,
            f"node-leaf cables = {_rail_ports(ask)}{managers}",
        ),
    ]


def _rail_ports(ask: FabricAsk) -> str:
    """Return the NICs of a GPU in words."""
    return "GPUs" if ask.nics == ask.gpus_per_node else f"GPUs x {ask.nics}/{ask.gpus_per_node}"


def _ports(row: Values, ask: FabricAsk) -> list[Rule]:
    """Return: both sides' links fit in the ports of every tier; a tier has switches where it has cables."""
    out: list[Rule] = []
    for tier, switch in enumerate(SWITCHES):
        count, radix = _get(row, switch), ask.radices[tier]
        sides = tuple(c for c in CABLES[tier : tier + 2] if row.get(c) is not None)
        used = sum(_get(row, c) for c in sides) * ask.planes
        text = f"{count:,} {switch} switches of {radix} ports have {count * radix:,} ports; their cables use {used:,}"
        out.append(((switch, *sides), used <= count * radix, text))
        below = CABLES[tier]
        out.append(
            (
                (switch, below),
                bool(count) == bool(_get(row, below)),
                f"{switch} switches and {below} cables go together",
            )
        )
    return out


def _cuts(row: Values, ask: FabricAsk) -> list[Rule]:
    """Return: every tier carries up what it takes in, over the oversubscription asked."""
    out: list[Rule] = []
    over = (ask.oversubscription * ask.uplink_ratio, ask.spine_oversubscription, ask.core_oversubscription)
    for tier, o in enumerate(over):
        down, up = _get(row, CABLES[tier]), _get(row, CABLES[tier + 1])
        text = f"{up:,} {CABLES[tier + 1]} cables carry less than {down:,} {CABLES[tier]} cables bring at {o:g}:1"
        out.append(((CABLES[tier], CABLES[tier + 1]), not up or up * o >= down * (1 - 1e-9), text))
    return out


def soft(row: Values, column: str, ask: FabricAsk) -> str:
    """Return which rule of even striping a row breaks in a column, "" if none: uneven is unusual, not impossible."""
    leaf, spine, up = (_get(row, c) for c in ("leaf", "spine", "leaf-spine"))
    if column in {"leaf", "leaf-spine"} and leaf and up * ask.planes % leaf:
        return f"{up * ask.planes:,} leaf-spine links do not divide over {leaf:,} leaves"
    if column == "leaf" and leaf % (ask.nics * ask.planes):
        return f"{leaf:,} leaves are no whole groups of {ask.nics * ask.planes}, one per rail and plane"
    per_leaf = up * ask.planes // leaf if leaf else 0
    if column == "spine" and spine and not _get(row, "core") and per_leaf % max(1, spine // ask.planes):
        return f"a leaf's {per_leaf} up-links do not stripe evenly over {spine // ask.planes} spines"
    return ""
