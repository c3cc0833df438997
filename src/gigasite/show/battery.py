"""`gigasite battery ...`: battery units, emulated or real."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gigasite.show.common import AsJson, app, emit, show

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gigasite.field.emulator.fleet import Endpoint
    from gigasite.field.emulator.serve import Served

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
    config: Annotated[
        Path | None,
        typer.Option("--config", help="Settings (YAML): units, physics, faults; absent: one unit with the defaults."),
    ] = None,
    units: Annotated[
        int | None, typer.Option("--units", min=1, max=1000, help="How many units, in place of the file's (else 1).")
    ] = None,
    port: Annotated[
        int | None,
        typer.Option("--port", min=0, max=65535, help="First port, in place of the file's (else 0); 0: free ones."),
    ] = None,
    faults: Annotated[
        Path | None,
        typer.Option("--faults", help="Script of faults, on top of the file's: YAML with `faults`, or a table (.csv)."),
    ] = None,
    for_s: Annotated[
        float | None, typer.Option("--for", min=0.01, help="Run so many seconds, a plain number; absent: until Ctrl-C.")
    ] = None,
    case: Annotated[
        Path | None,
        typer.Option(
            "--case", help="Case of the swing bench (YAML): gensets, grid and load around the units, and a meter."
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", help="With --case: CSV to write, with load, battery, source [W] and frequency at every tick."
        ),
    ] = None,
    realtime: Annotated[bool, typer.Option("--realtime", help="Ask for SCHED_FIFO, below the loop's own.")] = False,
    as_json: AsJson = False,
) -> None:
    """Emulated units on Modbus ports of this machine, in real time. With --json where they are, then what they did."""
    from gigasite._core.errors import InputFileError
    from gigasite.field.emulator.load import load_fleet
    from gigasite.field.emulator.serve import serve
    from gigasite.power.case import read_bench

    given = {k: str(v) for k, v in (("units", units), ("port", port)) if v is not None}
    if out is not None and case is None:
        raise InputFileError(str(out), 0, "--out needs --case: without a plant there is no trace")
    bench = None if case is None else read_bench(case)
    fleet = load_fleet(config, faults, given, lockstep=bench is not None)

    def told(endpoints: Sequence[Endpoint], meter: int) -> None:
        _told(endpoints, meter, as_json=as_json)

    done = serve(fleet, told, for_s, bench=bench, realtime=realtime)
    if out is not None and done.trace is not None:
        _write_trace(out, done.trace)
    _served(done, len(fleet.endpoints), as_json=as_json)


def _served(done: Served, units: int, *, as_json: bool) -> None:
    """Say what a fleet did."""
    if as_json:
        emit({"served": {n: getattr(done, n) for n in done.__slots__ if n != "trace"}})
        return
    rows: list[tuple[str, object]] = [
        ("time", f"{done.seconds_s:,.1f} s"),
        ("requests", f"{done.requests:,}, {done.refused_writes:,} writes refused"),
        ("largest power", f"{done.most_frac:.1%} of the rating"),
        ("state of charge", f"{done.low_frac:.1%} to {done.high_frac:.1%}"),
    ]
    show(f"{units} emulated units", rows, [])


def _write_trace(out: Path, trace: Mapping[str, Any]) -> None:
    """Write what the site did, in SI."""
    import polars as pl

    from gigasite._core.files import write_text

    write_text(out, pl.DataFrame(dict(trace)).write_csv())


def _told(endpoints: Sequence[Endpoint], meter: int, *, as_json: bool) -> None:
    """Say where the units and the meter are, at once: whoever started us waits for it."""
    if as_json:
        emit({"endpoints": [e._asdict() for e in endpoints]} | ({"meter": meter} if meter else {}))
    else:
        lines = [f"{e.host}:{e.port} unit {e.unit}" for e in endpoints[:SHOWN]]
        if len(endpoints) > SHOWN:
            last = endpoints[-1]
            lines.append(f"... {last.host}:{last.port} unit {last.unit}")
        if meter:
            lines.append(f"meter {endpoints[0].host}:{meter}: load_w, source_w, frequency_hz as f64 from register 0")
        sys.stdout.write("SunSpec over Modbus TCP, Ctrl-C ends it:\n  " + "\n  ".join(lines) + "\n")
    sys.stdout.flush()
