"""Replay: every decision of a log made again from what was read then, and held against what was written then."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gigasite._core.errors import InputFileError
from gigasite.campus.battery_loop import loop_of
from gigasite.field.battery.brain import Brain
from gigasite.field.battery.device import makes
from gigasite.field.battery.record import decision_bytes, read_decision, read_inputs
from gigasite.field.battery.settings import core_of, setup_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from gigasite.field.battery.device import Unit
    from gigasite.field.battery.log import Log
    from gigasite.field.battery.record import Said
    from gigasite.field.battery.settings import Setup


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A cycle whose decision comes out another way."""

    number: int
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """What a replay found."""

    runs: int
    cycles: int
    """Of all runs."""
    set_points: int
    """Written in all of them."""
    differences: tuple[Difference, ...]
    """The first 100."""
    different: int
    states: tuple[tuple[float, str, str], ...]
    """Time, state and cause of every change."""
    cut: str
    versions: tuple[str, ...]
    """Of gigasite, that wrote the logs: another one may decide otherwise."""


def header(setup: Setup, units: Sequence[Unit], *, signed: bool, version: str) -> dict[str, Any]:
    """Return the header of a log: enough to decide the same again."""
    from gigasite.field.battery.settings import plain  # noqa: PLC0415  # beside setup_of

    return {
        "version": version,
        "settings": plain(setup.file),
        "folder": "",
        "digest": setup.digest,
        "signed": signed,
        "units": [
            {"name": a.wanted.name, "make": type(a.make).kind, "facts": u.facts()}
            for a, u in zip(setup.addresses, units, strict=True)
        ],
    }


def brain_of(log: Log) -> Brain:
    """Return the brain as it was at the start of a log's run.

    Raises
    ------
    InputFileError
        The header does not hold what is needed.
    """
    try:
        head = log.header
        units = tuple(makes[u["make"]].restore(u["facts"]) for u in head["units"])
        setup = setup_of(loop_of(head["settings"]), log.path)
        return Brain(core_of(setup, units, signed=bool(head["signed"])), units)
    except (KeyError, TypeError, ValueError) as error:
        raise InputFileError(str(log.path), 0, f"its header does not describe a run: {error!r}") from error


def replay(logs: Iterable[Log]) -> Replay:
    """Replay logs in order: a file that begins with cycle 0 is a new run, another goes on where the one before ended.

    Raises
    ------
    InputFileError
        Cycles before a record are missing, so that nobody knows what the loop remembered.
    """
    brain: Brain | None = None
    cycles = set_points = different = runs = due = 0
    differences: list[Difference] = []
    states: list[tuple[float, str, str]] = []
    cut, versions = "", set()
    for log in logs:
        versions.add(str(log.header.get("version", "")))
        cut = log.cut or cut
        if not log.blocks:  # killed within its first second
            continue
        if log.begins or brain is None:
            brain, due, runs = brain_of(log), 0, runs + 1
        for number, time_s, was, now in _again(brain, log):
            if number != due:
                what = f"holds cycle {number} where {due} is due: records before it were lost, or a file is missing"
                raise InputFileError(str(log.path), 0, what)
            due, cycles = due + 1, cycles + 1
            said = read_decision(was, len(brain.units))
            set_points += int(said.write.sum())
            state, cause = said.state, said.cause
            if not states or states[-1][1:] != (state, cause):
                states.append((time_s, state, cause))
            if was != now:
                different += 1
                if len(differences) < 100:
                    differences.append(
                        Difference(number=number, what=_words(said, read_decision(now, len(brain.units))))
                    )
    return Replay(
        runs=runs,
        cycles=cycles,
        set_points=set_points,
        differences=tuple(differences),
        different=different,
        states=tuple(states),
        cut=cut,
        versions=tuple(sorted(versions)),
    )


def _again(brain: Brain, log: Log) -> Iterator[tuple[int, float, bytes, bytes]]:
    reads = [u.reads for u in brain.units]
    for given, was in log:
        inputs = read_inputs(given, reads)
        yield inputs.number, inputs.time_s, was, decision_bytes(brain.cycle(inputs))


def _words(was: Said, now: Said) -> str:
    if (was.state, was.cause) != (now.state, now.cause):
        return f"was {was.state} ({was.cause}), is {now.state} ({now.cause})"
    if was.granted_w != now.granted_w:
        return f"granted {was.granted_w!r} W by {was.by}, now {now.granted_w!r} W by {now.by}"
    moved = (was.set_w != now.set_w) | (was.write != now.write)
    return f"{int(moved.sum())} set points differ" if moved.any() else "reasons differ"
