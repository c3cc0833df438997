"""Fabrics and checked tables for people and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.console import Console

from gigasite._core.finding import Finding, Severity
from gigasite.design.fabric_notes import notes
from gigasite.show import terminal

if TYPE_CHECKING:
    from gigasite.design.fabric_check import TableCheck
    from gigasite.design.types import FabricSize


def print_sizes(sizes: list[FabricSize]) -> None:
    """Print one row per size; of one size alone also its tiers and limits."""
    console = _console()
    head = (
        "nodes",
        "GPUs",
        "tiers",
        "leaf",
        "spine",
        "core",
        "super",
        "node-leaf",
        "leaf-spine",
        "spine-core",
        "core-super",
    )
    rows = [[f"{v:,}" for v in (s.nodes, s.gpus, s.tiers, *s.switches, *s.cables)] for s in sizes]
    planes = sizes[0].planes
    each = "" if planes == 1 else f"; a cable carries one NIC's {planes} links, one in each plane"
    console.print(terminal.table(f"{sizes[0].kind}: switches and cables{each}", head, rows))
    if planes > 1:
        links = [[f"{v:,}" for v in (s.nodes, *s.links, sum(s.links))] for s in sizes]
        console.print(terminal.table("single links, all planes", ("nodes", *head[-4:], "sum"), links))
    if len(sizes) == 1:
        _print_tiers(console, sizes[0])


def _print_tiers(console: Console, s: FabricSize) -> None:
    tiers = [
        (
            t.tier,
            *(f"{v:,}" for v in (t.switches, t.radix, t.down_links, t.up_links, t.spare_ports, t.reserved_ports)),
            f"{t.oversubscription:.3g}:1" if t.oversubscription else "top",
        )
        for t in s.by_tier
    ]
    head = ("tier", "switches", "ports", "links down", "links up", "spare ports", "reserved", "down:up")
    console.print(terminal.table("by tier, all planes", head, tiers))
    limits = ", ".join(f"{x.tiers}: {x.nodes:,}" for x in s.limits)
    console.print(
        f"bisection {s.bisection_frac:.1%} ({s.bisection_links:,.0f} node links); most nodes by tiers {limits}"
    )
    for name, value in s.more:
        console.print(f"{name.replace('_', ' ')} {value:,}")
    for note in notes(s):
        console.print(str(note))


def print_check(made: TableCheck) -> None:
    """Print the verdict and every cell that differs."""
    console = _console()
    wrong = sum(c.verdict != "other-rule" for c in made.cells)
    words = {
        "consistent": "every cell is as the kind derives it",
        "inconsistent": f"{wrong} {'cell contradicts' if wrong == 1 else 'cells contradict'} the others",
        "other-rule": "consistent in itself, by another rule than the kind's",
    }
    console.print(f"{made.file}: {len(made.rows)} rows of {made.kind}: {words[made.verdict]}")
    head = ("line", "row", "column", "printed", "implied", "verdict", "rule")
    rows = [
        (str(c.line), str(c.row), c.title, _printed(c.printed), f"{c.implied:,}", c.verdict, c.rule) for c in made.cells
    ]
    if rows:
        console.print(terminal.table("cells that differ", head, rows))
    for note in made.notes:
        console.print(f"note: {note}")


def _printed(value: int | None) -> str:
    return "empty" if value is None else f"{value:,}"


def _console() -> Console:
    console = Console(highlight=False, soft_wrap=True, markup=False)
    if not console.is_terminal:
        console.width = 160  # a file has no width: numbers must not be cut
    return console


def findings(made: TableCheck) -> list[Finding]:
    """Return cells as findings: errors where they contradict, notes where the table keeps another rule."""
    out = []
    for c in made.cells:
        other = c.verdict == "other-rule"
        out.append(
            Finding(
                severity=Severity.note if other else Severity.error,
                chapter="design",
                where=f"{made.file}:{c.line}, row {c.row}, column '{c.title}'",
                what=("another rule: " if other else "one of two: " if c.verdict == "one-of" else "") + c.rule,
                limit=f"{c.implied:,} implied",
                found=_printed(c.printed),
                remedy="none needed if the table keeps its own striping or rounding" if other else "correct the cell",
            )
        )
    text = [Finding(severity=Severity.note, chapter="design", where=made.file, what=n) for n in made.notes]
    return out + text


def check_json(made: TableCheck) -> dict[str, Any]:
    """Return what `gigasite fabric check --json` prints, without findings."""
    return {
        "file": made.file,
        "kind": made.kind,
        "verdict": made.verdict,
        "cells": [{n: getattr(c, n) for n in c.__slots__} for c in made.cells],
        "rows": [{n: getattr(r, n) for n in r.__slots__} for r in made.rows],
        "notes": list(made.notes),
    }
