"""Events of a run in time order, those of one moment in the order of the file; and which ones cannot happen."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from gigasite._core.registry import unknown

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gigasite.power.types import Event, Plant

ROUNDING = 1e-9
"""Of a moment against the ends of a run, relative."""


def in_order(events: Sequence[Event]) -> list[tuple[int, Event]]:
    """Return place and event in order of time; at equal times the order given decides."""
    return sorted(enumerate(events), key=lambda pair: pair[1].time_s)


def wrong_events(events: Sequence[Event], plant: Plant, span: tuple[float, float]) -> list[tuple[int, str, str]]:
    """Return what cannot happen.

    Parameters
    ----------
    events
        In any order.
    plant
        What they happen to.
    span
        Begin and end of the run [s].

    Returns
    -------
    list of (int, str, str)
        Place in `events`, key of its entry in a case file (at, kind, where, count), what is wrong and what to write.
    """
    left = {m.title: m.count for m in plant.machines}
    state = {"intake": plant.grid is not None, "battery": plant.battery is not None}
    out = []
    for place, event in in_order(events):
        found = [*_when(event, span), *_parts(event)]
        found += _trip(event, left) if event.kind == "trip-machines" else _switch(event, plant, state)
        out += [(place, key, message) for key, message in found]
    return out


def _when(e: Event, span: tuple[float, float]) -> Iterator[tuple[str, str]]:
    start_s, stop_s = span
    if not math.isfinite(e.time_s) or e.time_s < start_s - ROUNDING * abs(start_s):
        yield "at", f"{e.time_s:g} s is before the run begins ({start_s:g} s)"
    elif e.time_s >= stop_s - ROUNDING * abs(stop_s):
        yield "at", f"{e.time_s:g} s is not before the run's end ({stop_s:g} s): an earlier moment, or a longer run"


def _parts(e: Event) -> Iterator[tuple[str, str]]:
    """Only machines have groups and units."""
    if e.kind == "trip-machines":
        return
    if e.where:
        yield "where", f"is for trip-machines only; {e.kind} has one place: take it out"
    if e.count != 1:
        yield "count", f"is for trip-machines only; {e.kind} happens to the whole: take it out"


def _trip(e: Event, left: dict[str, int]) -> Iterator[tuple[str, str]]:
    if not left:
        yield "kind", "needs `machines`"
        return
    if not e.where and len(left) > 1:
        yield "where", f"is missing: say which machines trip, of {', '.join(left)}"
        return
    title = e.where or next(iter(left))
    if title not in left:
        yield "where", str(unknown("group of machines", title, left))
        return
    if e.count > left[title]:
        have = f"only {left[title]} run" if left[title] else "none runs any more"
        yield "count", f"trips {e.count} units of '{title}' at {e.time_s:g} s, of which {have}: fewer, or another group"
    left[title] = max(left[title] - e.count, 0)


def _switch(e: Event, plant: Plant, state: dict[str, bool]) -> Iterator[tuple[str, str]]:
    """Open and close what there is, when it is the other way."""
    if e.kind == "trip-battery":
        if plant.battery is None:
            yield "kind", "needs a `battery`"
        elif not state["battery"]:
            yield "kind", "trips a battery that has tripped before: take it out"
        state["battery"] = False
        return
    closes = e.kind == "close-intake"
    if plant.grid is None:
        yield "kind", "needs a `grid`"
    elif closes == state["intake"]:
        word, other = ("closed", "an open-intake") if closes else ("open", "a close-intake")
        yield (
            "kind",
            f"the intake is {word} at {e.time_s:g} s: {other} must come before (the run begins with it closed)",
        )
    state["intake"] = closes
