"""The running battery loop in the terminal: fetched once a second from its status on loopback, and drawn."""

from __future__ import annotations

import json
import time
from http.client import HTTPConnection, HTTPException
from typing import Any

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from gigasite._core.errors import FieldError

COLOURS = {"running": "green", "failsafe": "red", "latched": "red", "armed": "yellow", "ready": "cyan"}
BAR = 20
EVERY_S = 0.5
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


def picture(status: dict[str, Any], lines: int = 40) -> Group:
    """Return the status as something to print; at most `lines` units, those that are held first."""
    state = status["state"]
    head = Text.assemble((f" {state.upper()} ", f"reverse {COLOURS.get(state, 'white')}"), f"  {status['cause']}")
    if status.get("note"):
        head.append(f"  ({status['note']})", "yellow")
    if not status["units"]:
        return Group(head)
    units = sorted(status["units"], key=lambda u: (u["hold"] == "none", u["name"]))
    table = Table(box=None, pad_edge=False)
    for name, side in (("unit", "left"), ("power", "right"), ("set", "right"), ("", "left"), ("charge", "right")):
        table.add_column(name, justify=side)  # type: ignore[arg-type]  # rich's own literals
    table.add_column("held")
    for u in units[:lines]:
        held = "" if u["hold"] == "none" else u["hold"]
        table.add_row(
            u["name"], _mw(u["power_w"]), _mw(u["set_w"]), _bar(u), _percent(u["soc_frac"]), Text(held, "red")
        )
    more = f"... and {len(units) - lines} more" if len(units) > lines else ""
    return Group(head, _site(status), table, Text(more))


def _site(s: dict[str, Any]) -> Table:
    table = Table(box=None, show_header=False, pad_edge=False)
    power = sum(u["power_w"] or 0.0 for u in s["units"])
    hz = "-" if s["frequency_hz"] is None else f"{s['frequency_hz']:.3f} Hz"
    table.add_row("load", _mw(s["load_w"]), "source", _mw(s["source_w"]), "frequency", hz)
    table.add_row("battery", _mw(power), "granted", _mw(s["granted_w"]), "by", s["by"])
    late = f"{1e3 * s['late_p99_s']:.2f} ms late, {1e3 * s['cycle_p99_s']:.1f} ms taken (p99)"
    table.add_row("cycles", f"{s['cycles']:,}", "missed", f"{s['missed']:,}", "times", late)
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


def follow(port: int) -> None:
    """Draw again and again until Ctrl-C."""
    console = Console(highlight=False)
    with Live(picture(fetch(port), console.height - LEFT_OVER), console=console, refresh_per_second=4) as live:
        while True:
            time.sleep(EVERY_S)
            try:
                live.update(picture(fetch(port), max(5, console.height - LEFT_OVER)))
            except FieldError as error:
                live.update(Text(str(error), "red"))
