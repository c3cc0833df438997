"""Text for people: the answer in ten lines, progress on a terminal, findings in colour."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

from gigasite._core.finding import Severity

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from gigasite._core.finding import Finding

COLOUR = {Severity.error: "bold red", Severity.warning: "yellow", Severity.note: "dim"}


def err() -> Console:
    """Return the console of everything that is not data."""
    return Console(stderr=True, highlight=False, soft_wrap=True)


class Bar:
    """Progress on a terminal, silence elsewhere."""

    def __init__(self) -> None:
        self._live = sys.stderr.isatty()

    def step(self, chapter: str, done: int, total: int, /) -> None:
        """Rewrite one line."""
        if self._live:
            sys.stderr.write(f"\r\x1b[K{chapter}: {done}/{total}")
            sys.stderr.flush()

    def close(self) -> None:
        """Clear the line."""
        if self._live:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()


def day(d: dict[str, float]) -> str:
    """Print a day with its band; `never` where it does not come.

    >>> day({"p10": 60.2, "p50": 64.4, "p90": 70.0})
    'day 64 (P10 60, P90 70)'
    """
    from math import isfinite  # noqa: PLC0415  # a module-level import would hide that JSON may hold None here

    if d["p50"] is None or not isfinite(d["p50"]):
        return "never"
    high = "never" if d["p90"] is None or not isfinite(d["p90"]) else f"{d['p90']:.0f}"
    return f"day {d['p50']:.0f} (P10 {d['p10']:.0f}, P90 {high})"


def usd(value: float) -> str:
    """Print money with a fitting unit.

    >>> usd(5.63e9)
    '5.63 bn USD'
    """
    for size, unit in ((1e9, "bn USD"), (1e6, "M USD"), (1e3, "k USD")):
        if abs(value) >= size:
            return f"{value / size:,.2f} {unit}"
    return f"{value:,.0f} USD"


def answer(result: dict[str, Any], out: Path | None) -> str:
    """Return the ten lines that `gigasite plan` prints."""
    back = held(result["ramp_up"])
    counts = {s: sum(f["severity"] == s for f in result["findings"]) for s in ("error", "warning", "note")}
    drivers = result["schedule"]["drivers"][:3]
    cost = result["cost_range_usd"]
    lines = [
        f"{result['campus']}: {result['gpus']:,} GPUs in {result['racks']:,} racks, {result['cables']:,} cables, peak {result['peak_w'] / 1e6:,.1f} MW",
        f"first training step   {day(result['first_step_day'])}, with {result['first_step_gpus']:,} GPUs; wanted by day {result['target_day']:g}",
        f"all GPUs              {day(result['full_size_day'])}",
        f"by new orders alone   {day(result['conventional_first_step_day'])}",
        f"held back by          {back}",
        f"hangs on              {'; '.join(_driver(d) for d in drivers) or 'nothing that varies'}",
        f"cost                  {usd(cost['likely'])} ({usd(cost['low'])} to {usd(cost['high'])})",
        f"power swing           {_swing(result['power'])}",
        f"cooling               PUE {result['cooling']['pue']:.3f}, {result['cooling']['wue_l_per_kwh']:.2f} L/kWh, weather {result['cooling']['weather'][:60]}",
        f"findings              {counts['error']} errors, {counts['warning']} warnings, {counts['note']} notes",
    ]
    if result["observed"]:
        o = result["observed"]
        lines.append(
            f"observed cabling      {o['ports_right']} of {o['ports_planned']} ports as planned, {len(o['mismatches'])} differ: "
            f"{len(o['causes'])} causes, {o['moves']} plugs to move"
        )
    if out is not None:
        lines.append(f"report                {out / 'report.html'}")
    return "\n".join(lines)


def _driver(d: dict[str, Any]) -> str:
    return f"{d['name']} ({d['low_days']:+.0f} to {d['high_days']:+.0f} days)"


def held(ramp: list[dict[str, Any]]) -> str:
    """Return the longest spell by name: what holds GPUs back and from which day to which."""
    spells: list[tuple[str, float, float, int]] = []
    for step in ramp:
        if step["held_by"] == "nothing":
            continue
        if spells and spells[-1][0] == step["held_by"] and spells[-1][3] == step["gpus"]:
            spells[-1] = (step["held_by"], spells[-1][1], step["day"], step["gpus"])
        else:
            spells.append((step["held_by"], step["day"], step["day"], step["gpus"]))
    if not spells:
        return "nothing"
    running = [s for s in spells if s[3] > 0] or spells
    name, first, last, gpus = max(running, key=lambda s: s[2] - s[1])
    return f"{name} at {gpus:,} GPUs from day {first:.0f} to {last:.0f}"


def _swing(p: dict[str, Any]) -> str:
    kind = "island" if p["islanded"] else "grid"
    ramp = max(p["grid_ramp_w_per_s"].values()) * 60 / 1e6
    return f"{kind}, {p['nadir_hz']:.2f} to {p['peak_hz']:.2f} Hz, source ramps {ramp:,.0f} MW/min, battery {p['battery']['power_w'] / 1e6:,.1f} MW"


def findings(console: Console, found: Sequence[Finding], most: int = 12) -> None:
    """Print findings, worst first."""
    for f in found[:most]:
        console.print(f"[{COLOUR[f.severity]}]{f.severity.name:>7}[/] {f.chapter}: {_safe(f)}")
    if len(found) > most:
        console.print(f"        ... and {len(found) - most} more in findings.csv")


def _safe(f: Finding) -> str:
    from rich.markup import escape  # noqa: PLC0415  # only where text of the user is printed

    return escape(str(f).split(": ", 2)[2])


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> Table:
    """Make a table; numbers are right-aligned."""
    t = Table(title=title, title_justify="left", box=None, pad_edge=False)
    for i, name in enumerate(columns):
        numeric = bool(rows) and isinstance(rows[0][i], int | float)
        t.add_column(name, justify="right" if numeric else "left")
    for row in rows:
        t.add_row(*(f"{c:,}" if isinstance(c, int) else f"{c:,.4g}" if isinstance(c, float) else str(c) for c in row))
    return t
