"""`gigasite battery program`: a controller as parameters of the units."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gigasite.show.battery import battery
from gigasite.show.battery_loop import Settings, Trusted
from gigasite.show.common import AsJson, emit

if TYPE_CHECKING:
    from gigasite.field.battery.connect import Connected
    from gigasite.field.battery.program import Program, Target
    from gigasite.field.battery.rig import Rig
    from gigasite.field.battery.settings import Setup


ANSWER_S = 2.0
"""So long a unit is given to say how it stands."""


@battery.command()
def program(
    settings: Settings,
    arm: Annotated[
        bool, typer.Option("--arm", help="Write what differs; without it only the difference is shown.")
    ] = False,
    trusted: Trusted = None,
    wait: Annotated[float, typer.Option("--wait", min=0.1, help="Seconds that units are given to answer.")] = 5.0,
    as_json: AsJson = False,
) -> None:
    """The controller as parameters of the units: the register difference first; --arm writes it."""
    from gigasite.field.battery.program import differing
    from gigasite.field.battery.program import program as program_
    from gigasite.field.battery.settings import read_setup
    from gigasite.field.battery.sign import refusal
    from gigasite.field.runner import run as run_

    setup = read_setup(settings)
    wanted = program_(setup.controller, setup.file)
    why = refusal(setup, trusted or []) if arm else ""
    targets, absent = run_(_program(setup, wanted, wait, write=arm and not why))
    for name, words in absent.items():
        print(f"{name} is left out: {words}", file=sys.stderr)
    if as_json:
        emit(_program_json(wanted, targets, written=arm and not why) | {"absent": absent})
    else:
        _print_program(wanted, targets)
        count = differing(targets)
        if why:
            print(f"not written: {why}", file=sys.stderr)
        elif arm:
            print(f"{count} registers written and read back")
        else:
            print(f"{count} registers differ; nothing was written (--arm writes)" if count else "nothing differs")
        if wanted.fast_layer and not setup.file.fast_layer:
            print("then set `fast_layer: true` in the settings: frequency is the units' own matter")
    if why or absent:
        raise typer.Exit(1)


async def _program(setup: Setup, wanted: Program, wait_s: float, *, write: bool) -> tuple[list[Target], dict[str, str]]:
    from gigasite.field.battery.connect import connect
    from gigasite.field.battery.program import compare
    from gigasite.field.battery.program import write as write_

    connected: Connected = await connect(setup, wait_s)
    try:
        pairs = [
            (link, name)
            for link, name in zip(connected.rig.links, connected.rig.names, strict=True)
            if name not in connected.absent
        ]
        targets = [await compare(link, name, wanted) for link, name in pairs]
        left_out = dict(connected.absent)
        if write:
            left_out |= await _in_hand(connected.rig)
            for (link, name), target in zip(pairs, targets, strict=True):
                if name not in left_out:
                    await write_(link, target)
    finally:
        await connected.close()
    return targets, left_out


async def _in_hand(rig: Rig) -> dict[str, str]:
    """Return the units that somebody has in hand on site, or that do not say: nothing is written to those."""
    from gigasite.field.battery.image import Status
    from gigasite.field.battery.rig import read_all

    answers, _ = await read_all(rig, ANSWER_S)
    out = {}
    for name, unit, answer in zip(rig.names, rig.units, answers, strict=True):
        if answer is None:
            out[name] = "does not answer any more"
        elif not unit.decode(answer).status & Status.REMOTE:
            out[name] = "is switched to LOCAL: somebody has it in hand on site"
    return out


def _program_json(wanted: Program, targets: list[Target], *, written: bool) -> dict[str, Any]:
    changes = [
        {
            "unit": c.unit,
            "model": c.model,
            "point": c.point,
            "address": c.address,
            "now": c.now,
            "wanted": c.wanted,
            "in": c.unit_text,
            "differs": c.differs,
            "why": c.why,
        }
        for t in targets
        for c in t.changes
    ]
    words = {"loop": wanted.loop, "cannot": wanted.cannot, "fast_layer": wanted.fast_layer}
    return {"changes": changes, "written": written} | words


def _print_program(wanted: Program, targets: list[Target]) -> None:
    from rich.console import Console

    from gigasite.show import terminal

    console = Console(highlight=False, soft_wrap=True)
    groups: dict[tuple[Any, ...], list[str]] = {}
    for t in targets:
        for c in t.changes:
            row = (c.model, c.point, c.address, c.now, c.wanted, c.unit_text, c.differs, c.why)
            groups.setdefault(row, []).append(c.unit)
    table = [
        (
            str(model),
            point,
            str(address),
            "none" if now is None else f"{now:g}",
            f"{want:g}" if differs else "the same",
            unit,
            f"{len(units)} units" if len(units) > 1 else units[0],
            why,
        )
        for (model, point, address, now, want, unit, differs, why), units in groups.items()
    ]
    heads = ("model", "point", "register", "now", "wanted", "", "of", "why")
    console.print(terminal.table("registers of the units", heads, table))
    for words in wanted.loop:
        console.print(f"stays in the loop: {words}")
    for words in wanted.cannot:
        console.print(f"cannot be programmed: {words}")
