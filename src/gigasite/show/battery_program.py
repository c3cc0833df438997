"""`gigasite battery program`: a controller as parameters of the units."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gigasite._core.errors import FieldError
from gigasite.show.battery import battery
from gigasite.show.battery_loop import WAIT, Settings, Trusted
from gigasite.show.common import AsJson, emit

if TYPE_CHECKING:
    from gigasite.field.battery.program import Program, Target
    from gigasite.field.battery.programming import Outcome
    from gigasite.field.battery.settings import Setup

NAMED = 3
"""Units by name in one line."""


@battery.command()
def program(
    settings: Settings,
    arm: Annotated[
        bool, typer.Option("--arm", help="Write what differs; without it only the difference is shown.")
    ] = False,
    trusted: Trusted = None,
    wait: Annotated[float, typer.Option("--wait", min=0.1, help=WAIT)] = 5.0,
    as_json: AsJson = False,
) -> None:
    """The controller as parameters of the units: the register difference first; --arm writes it.

    A unit that is LOCAL, in alarm or runs on somebody's set point is not written. Ctrl-C ends after the unit at hand.
    """
    from gigasite.field.battery.program import program as program_
    from gigasite.field.battery.settings import read_setup
    from gigasite.field.battery.sign import refusal
    from gigasite.field.runner import run as run_

    setup = read_setup(settings)
    wanted = program_(setup.controller, setup.file)
    why = refusal(setup, trusted or []) if arm else ""
    done = run_(_program(setup, wanted, wait, write=arm and not why))
    if as_json:
        emit(_program_json(wanted, done, written=arm and done.whole))
    else:
        _print_program(wanted, done.targets)
        _print_done(done, arm=arm)
        if wanted.fast_layer and not setup.file.fast_layer:
            print("then set `fast_layer: true` in the settings: frequency is the units' own matter")
    if why:
        print(f"not written: {why}", file=sys.stderr)
    if why or done.absent or not done.whole:
        raise typer.Exit(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Done:
    """What was found, and what became of it."""

    targets: list[Target]
    absent: dict[str, str]
    hindered: dict[str, str]
    """Why units would not be written now; only where nothing was to be."""
    outcomes: tuple[Outcome, ...]

    @property
    def whole(self) -> bool:
        """Say whether every unit that was to be programmed is."""
        return not self.absent and all(o.end == "programmed" for o in self.outcomes)


async def _program(setup: Setup, wanted: Program, wait_s: float, *, write: bool) -> _Done:
    from gigasite.field.battery.connect import FIND_S, connect
    from gigasite.field.battery.program import compare
    from gigasite.field.battery.programming import hindrance, places, program_units

    mapped = [a.wanted.name for a in setup.addresses if a.make.kind != "sunspec"]
    if mapped:
        what = "has a register map, and no map names parameters; only SunSpec units can be programmed"
        raise FieldError(f"{mapped[0]} {what}", device=mapped[0])
    connected = await connect(setup, wait_s, timeout_s=FIND_S)
    try:
        units = places(connected)
        targets = [await compare(p.link, p.name, wanted) for p in units]
        outcomes: tuple[Outcome, ...] = ()
        hindered: dict[str, str] = {}
        if write:
            outcomes = await program_units(units, wanted, lambda words: print(words, file=sys.stderr, flush=True))
        else:
            hindered = {p.name: why for p in units if (why := await hindrance(p))}
    finally:
        await connected.close()
    return _Done(targets=targets, absent=dict(connected.absent), hindered=hindered, outcomes=outcomes)


def _program_json(wanted: Program, done: _Done, *, written: bool) -> dict[str, Any]:
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
        for t in done.targets
        for c in t.changes
    ]
    units = [
        {
            "unit": o.unit,
            "end": str(o.end),
            "why": o.why,
            "written": [c.point for c in o.written],
            "left": [c.point for c in o.left],
            "doubt": o.doubt.point if o.doubt else None,
        }
        for o in done.outcomes
    ]
    words = {"loop": wanted.loop, "cannot": wanted.cannot, "fast_layer": wanted.fast_layer}
    told = {"units": units, "absent": done.absent, "hindered": done.hindered}
    return {"changes": changes, "written": written} | told | words


def _print_done(done: _Done, *, arm: bool) -> None:
    """Say what became of the units: those that are programmed as a number, all others by name."""
    from gigasite.field.battery.program import differing

    for name, why in done.absent.items():
        print(f"{name}: did not answer: {why}")
    reasons: dict[str, list[str]] = {}
    for name, why in done.hindered.items():
        reasons.setdefault(why, []).append(name)
    for why, names in reasons.items():
        more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
        print(f"{', '.join(names[:NAMED])}{more}: would not be written now: {why}")
    if not done.outcomes:
        count = differing(done.targets)
        how = "nothing was written" + ("" if arm else " (--arm writes)")
        print(f"{count} registers differ; {how}" if count else "nothing differs")
        return
    for o in done.outcomes:
        if o.end == "programmed":
            continue
        print(f"{o.unit}: {o.end}: {o.why}")
        for what, some in (
            ("written and read back", o.written),
            ("written, and perhaps taken", (o.doubt,) if o.doubt else ()),
            ("not as wanted", o.left),
        ):
            if some and o.end == "half":
                print(f"    {what}: {', '.join(f'{c.model}.{c.point}' for c in some)}")
    good = [o for o in done.outcomes if o.end == "programmed"]
    registers = sum(len(o.written) for o in good)
    did = f"{registers} registers written and read back" if registers else "nothing had to be written"
    print(f"{len(good)} of {len(done.outcomes)} units hold the program; {did}")
    if len(good) < len(done.outcomes):
        print("the same command again writes only what is left")


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
