"""The running battery loop in the terminal: fetched once a second from its status on loopback, and drawn."""

from __future__ import annotations

import json
import signal
import threading
import time
from http.client import HTTPConnection, HTTPException
from typing import Any

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from gigasite._core.errors import FieldError

COLOURS = {"running": "green", "failsafe": "red", "latched": "red", "armed": "yellow", "ready": "cyan"}
BAR = 18
EVERY_S = 0.5
FIXED = 42
"""Columns of the terminal for power, set point, charge, what a unit is held for, and gaps."""
WIDE = 72
"""Columns with which three values of the site stand side by side."""
LEFT_OVER = 14
"""Lines of the picture that are not units."""


def fetch(port: int) -> dict[str, Any]:
    """Return the status of the loop whose metrics are on this port of loopback.

    Raises
    ------
    FieldError
        Nothing answers there.
    """
    if not port:
        raise FieldError("these settings have no metrics_port: set one (such as 9618) and start the loop again")
    connection = HTTPConnection("127.0.0.1", port, timeout=3.0)
    try:
        connection.request("GET", "/status")
        found: dict[str, Any] = json.loads(connection.getresponse().read())
    except (OSError, HTTPException, ValueError) as error:
        raise FieldError(f"no loop answers on port {port} of this machine: {error}") from error
    finally:
        connection.close()
    return found


def begun(port: int, wait_s: float) -> dict[str, Any]:
    """Return the first status of a loop that may still be starting.

    Raises
    ------
    FieldError
        Nothing answers there for so long.
    """
    ends = time.monotonic() + wait_s
    while True:
        try:
            return fetch(port)
        except FieldError:
            if not port or time.monotonic() >= ends:
                raise
        time.sleep(EVERY_S)


def picture(status: dict[str, Any], lines: int = 40, width: int = 80) -> Group:
    """Return the status as something to print; at most `lines` units, those that are held first.

    Where `width` has no room for all columns, the bars are left out first, then set points and what names share.
    """
    state = status["state"]
    head = Text.assemble((f" {state.upper()} ", f"reverse {COLOURS.get(state, 'white')}"), f"  {status['cause']}")
    if status.get("note"):
        head.append(f"  ({status['note']})", "yellow")
    if not status["units"]:
        return Group(head)
    units = sorted(status["units"], key=lambda u: (u["hold"] == "none", u["name"]))
    room = width - max(len(u["name"]) for u in units) - FIXED
    columns = [c for c, least in (("set", 0), ("bar", BAR + 3)) if room >= least]
    shared = "" if columns else _shared([u["name"] for u in units])
    more = f"... and {len(units) - lines} more" if len(units) > lines else ""
    whose = [Text(f"units of {shared}")] if shared else []
    return Group(head, _site(status, width), *whose, _units(units[:lines], columns, shared), Text(more))


def _units(units: list[dict[str, Any]], columns: list[str], shared: str) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2 if columns else 1, 0, 0))
    table.add_column("unit", no_wrap=True)
    table.add_column("power", justify="right", no_wrap=True)
    for name in columns:
        table.add_column("" if name == "bar" else name, justify="right", no_wrap=True)
    table.add_column("charge", justify="right", no_wrap=True)
    table.add_column("held")
    for u in units:
        held = "" if u["hold"] == "none" else u["hold"]
        cells: dict[str, str | Text] = {"set": _mw(u["set_w"]), "bar": _bar(u)}
        name, power, charge = u["name"].removeprefix(shared), _mw(u["power_w"]), _percent(u["soc_frac"])
        table.add_row(name, power, *(cells[c] for c in columns), charge, Text(held, "red"))
    return table


def _shared(names: list[str]) -> str:
    """Return the host with which all names begin; "" where they have several, or there is one unit.

    >>> _shared(["10.0.0.7:502/1", "10.0.0.7:502/2"]), _shared(["10.0.0.7:502/1"]), _shared(["a:1", "b:1"])
    ('10.0.0.7:', '', '')
    """
    hosts = {name.rpartition(":")[0] for name in names}
    return f"{hosts.pop()}:" if len(hosts) == 1 and len(names) > 1 else ""


def _site(s: dict[str, Any], width: int) -> Table:
    power = sum(u["power_w"] or 0.0 for u in s["units"])
    hz = "-" if s["frequency_hz"] is None else f"{s['frequency_hz']:.3f} Hz"
    load, source = ("load", _mw(s["load_w"])), ("source", _mw(s["source_w"]))
    battery, granted = ("battery", _mw(power)), ("granted", _mw(s["granted_w"]))
    cycles, missed = ("cycles", f"{s['cycles']:,}"), ("missed", f"{s['missed']:,}")
    late, taken = f"{1e3 * s['late_p99_s']:.2f} ms", f"{1e3 * s['cycle_p99_s']:.1f} ms"
    frequency, by = ("frequency", hz), ("by", s["by"])
    rows = (
        ((load, source, frequency), (battery, granted, by), (cycles, missed, ("p99", f"{late} late, {taken} taken")))
        if width >= WIDE
        else (
            (load, source),
            (battery, granted),
            (cycles, frequency),
            (missed, ("late p99", late)),
            (by, ("taken", taken)),
        )
    )
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 1, 0, 0))
    for row in rows:
        table.add_row(*(cell for pair in row for cell in pair))
    return table


def _bar(u: dict[str, Any]) -> Text:
    """Draw power within the rating: charge to the left, discharge to the right of the middle."""
    half = BAR // 2
    share = (u["power_w"] or 0.0) / u["rating_w"]
    n = min(round(abs(share) * half), half)
    left, right = ("█" * n).rjust(half), ("█" * n).ljust(half)
    return Text(left + "|" + " " * half, "blue") if share < 0 else Text(" " * half + "|" + right, "magenta")


def _mw(value: float | None) -> str:
    return "-" if value is None else f"{value / 1e6:,.3f} MW"


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.1f} %"


def follow(port: int, status: dict[str, Any]) -> None:
    """Draw again and again until Ctrl-C."""
    console = Console(highlight=False)
    ended = threading.Event()
    before = signal.signal(signal.SIGINT, lambda *_: ended.set())  # the way to end it: no error

    def drawn(now: dict[str, Any]) -> Group:
        return picture(now, max(5, console.height - LEFT_OVER), console.width)

    try:
        with Live(drawn(status), console=console, refresh_per_second=4) as live:
            while not ended.wait(EVERY_S):
                try:
                    live.update(drawn(fetch(port)))
                except FieldError as error:
                    live.update(Text(str(error), "red"))
    finally:
        signal.signal(signal.SIGINT, before)
