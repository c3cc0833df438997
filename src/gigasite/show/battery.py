"""`gigasite battery ...`: battery units, emulated or real."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gigasite.show.common import AsJson, app, emit, show

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gigasite.field.emulator.fleet import Endpoint

battery = typer.Typer(
    help="Run battery units over Modbus, or emulate them.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.add_typer(battery, name="battery")

SHOWN = 3
"""Endpoints on the terminal."""


@battery.command()
def emulate(
    config: Annotated[Path | None, typer.Option("--config", help="Settings (YAML): units, physics, faults.")] = None,
    units: Annotated[
        int | None, typer.Option("--units", min=1, max=1000, help="Units, in place of the file's.")
    ] = None,
    port: Annotated[int | None, typer.Option("--port", min=0, max=65535, help="First port; 0: free ones.")] = None,
    faults: Annotated[
        Path | None, typer.Option("--faults", help="Script of faults (YAML), on top of the file's.")
    ] = None,
    for_s: Annotated[
        float | None, typer.Option("--for", min=0.01, help="Seconds to run; absent: until Ctrl-C.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Emulated units on Modbus ports of this machine, in real time. With --json where they are, then what they did."""
    from gigasite.field.emulator.load import load_fleet
    from gigasite.field.emulator.serve import serve

    given = {k: str(v) for k, v in (("units", units), ("port", port)) if v is not None}
    fleet = load_fleet(config, faults, given)

    def told(endpoints: Sequence[Endpoint]) -> None:
        _told(endpoints, as_json=as_json)

    done = serve(fleet, told, for_s)
    result: dict[str, Any] = {n: getattr(done, n) for n in done.__slots__}
    if as_json:
        emit({"served": result})
        return
    rows: list[tuple[str, object]] = [
        ("time", f"{done.seconds_s:,.1f} s"),
        ("requests", f"{done.requests:,}, {done.refused_writes:,} writes refused"),
        ("largest power", f"{done.most_frac:.1%} of the rating"),
        ("state of charge", f"{done.low_frac:.1%} to {done.high_frac:.1%}"),
    ]
    show(f"{len(fleet.endpoints)} emulated units", rows, [])


def _told(endpoints: Sequence[Endpoint], *, as_json: bool) -> None:
    """Say where the units are, at once: whoever started us waits for it."""
    if as_json:
        emit({"endpoints": [e._asdict() for e in endpoints]})
    else:
        lines = [f"{e.host}:{e.port} unit {e.unit}" for e in endpoints[:SHOWN]]
        if len(endpoints) > SHOWN:
            last = endpoints[-1]
            lines.append(f"... {last.host}:{last.port} unit {last.unit}")
        sys.stdout.write("SunSpec over Modbus TCP, Ctrl-C ends it:\n  " + "\n  ".join(lines) + "\n")
    sys.stdout.flush()
