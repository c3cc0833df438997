"""The verbs of the schedule: campus (a file alone goes there), solve."""

from __future__ import annotations

import signal
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gigasite.show.common import AsJson, File, Workers, app, designed, emit, end, file_first, show

if TYPE_CHECKING:
    from gigasite._core.finding import Finding
    from gigasite.schedule.exchange import Exchange
    from gigasite.schedule.solver import Problem, Solution

schedule = typer.Typer(
    cls=file_first("campus"),
    help="Which day does training start, and what is the shortest build?",
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.add_typer(schedule, name="schedule")


@schedule.command("campus")
def campus_(
    file: File,
    conventional: Annotated[bool, typer.Option(help="New orders for every long-lead item.")] = False,
    workers: Workers = 1,
    as_json: AsJson = False,
) -> None:
    """Which day does training start, what drives it, what would change it?"""
    from gigasite._core.engine import Engine
    from gigasite.schedule import conventional_modes
    from gigasite.schedule import schedule as build
    from gigasite.show import terminal
    from gigasite.show.result import driving_path, schedule_json, spread

    campus, d = designed(file)
    bar = terminal.Bar()
    modes = conventional_modes(campus) if conventional else None
    made = build(campus, d, modes=modes, engine=Engine(workers=workers, progress=bar))
    bar.close()
    if as_json:
        emit({"campus": campus.name} | schedule_json(made))
    else:
        rows: list[tuple[str, object]] = [
            ("activities, links", f"{made.activities.height:,}, {len(made.links):,}"),
            ("man-hours", f"{made.baseline.people_h.sum():,.0f}"),
            *[(m.name, terminal.day(spread(m.day))) for m in made.milestones],
        ]
        rows += [("what holds it up", "")]
        rows += [(f"  {x['what']}", _piece(x)) for x in driving_path(made)]
        rows += [("what moves it", "")] if made.drivers else []
        rows += [(f"  {x.name}", f"{x.low_days:+.1f} to {x.high_days:+.1f} days ({x.trust})") for x in made.drivers]
        show(f"{campus.name}: schedule", rows, made.findings)
    end(made.findings)


def _piece(x: dict[str, Any]) -> str:
    """Print one piece of the driving path."""
    more = f", {x['activities']} of them" if x["activities"] > 1 else ""
    return f"day {x['start_day']:.1f} to {x['finish_day']:.1f}{more}"


@schedule.command()
def solve(
    instance: Annotated[
        Path,
        typer.Argument(help="PSPLIB, MMLIB (.sm, .mm), Patterson (.rcp, .txt), .xer, .xml, .csv.", show_default=False),
    ],
    seconds: Annotated[float, typer.Option(min=0.1, max=86400.0, help="Time for the search.")] = 30.0,
    seed: Annotated[int, typer.Option(min=0, help="Of the random numbers.")] = 1,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Threads.")] = 2,
    as_json: AsJson = False,
) -> None:
    """The shortest schedule of a benchmark instance, checked, with a proved lower bound."""
    begin = time.perf_counter()
    from gigasite.schedule.solver import read_instance
    from gigasite.schedule.solver import solve as search
    from gigasite.show import terminal

    planners = instance.suffix.lower() in {".xer", ".xml", ".csv"}
    problem = _planned(instance) if planners else read_instance(instance)
    interrupt = threading.Event()
    signal.signal(signal.SIGINT, lambda *_: interrupt.set())  # Ctrl-C ends the search, not the answer
    bar = terminal.Bar()
    try:
        found = search(
            problem,
            seconds=seconds,
            seed=seed,
            workers=workers,
            progress=bar,
            begin=begin,
            interrupt=interrupt,
        )
    finally:
        bar.close()
    answer = _solution(str(instance), found, time.perf_counter() - begin) | ({"slot_s": 900} if planners else {})
    if as_json:
        emit(answer)
    else:
        _print(answer)


def _planned(instance: Path) -> Problem:
    """Read a planner's project; what the solver does not model goes to stderr."""
    from gigasite.schedule.exchange_problem import problem
    from gigasite.schedule.format import read_project

    project = read_project(instance)
    made, found = problem(project)
    for f in (*project.findings, *found):
        sys.stderr.write(f"{f}\n")
    sys.stderr.write("one slot is 15 minutes of working time\n")
    return made


def _solution(file: str, found: Solution, seconds: float) -> dict[str, Any]:
    return {
        "instance": file,
        "makespan": found.makespan,
        "lower_bound": found.lower_bound,
        "optimal": found.optimal,
        "gap_frac": found.gap_frac,
        "seconds": seconds,
        "cpu_seconds": time.process_time(),
        "starts": found.starts.tolist(),
        "modes": (found.modes + 1).tolist(),  # formats count modes from 1
        "history": [step._asdict() for step in found.history],
    }


def _print(answer: dict[str, Any]) -> None:
    proved = "the shortest there is" if answer["optimal"] else f"at most {answer['gap_frac']:.2%} too long"
    rows: list[tuple[str, object]] = [
        ("makespan", f"{answer['makespan']:,} slots, {proved}"),
        ("lower bound", answer["lower_bound"]),
        ("found by", f"{answer['history'][-1]['by']} after {answer['history'][-1]['seconds']:.1f} s"),
        ("time", f"{answer['seconds']:.1f} s, {answer['cpu_seconds']:.1f} s of CPU"),
    ]
    show(Path(answer["instance"]).name, rows, ())
    sys.stdout.write("starts (--json holds modes and history too): " + " ".join(map(str, answer["starts"])) + "\n")


@schedule.command()
def export(
    file: File,
    out: Annotated[Path, typer.Option("--out", help="File to write.", show_default=False)],
    format_: Annotated[
        str, typer.Option("--format", help="xer (Primavera), mspdi (Microsoft Project XML), csv.")
    ] = "xer",
    as_json: AsJson = False,
) -> None:
    """The likely plan for planning programs: activities, WBS, calendars, crews, relations, dates."""
    from gigasite._core.files import write_bytes
    from gigasite._core.finding import worst_first
    from gigasite.schedule import schedule as build
    from gigasite.schedule.exchange_campus import exchange
    from gigasite.schedule.format import formats

    kind = formats[format_]()
    campus, d = designed(file)
    project = exchange(campus, d, build(campus, d, drivers=False))
    write_bytes(out, kind.write(project))
    found = worst_first([*project.findings, *kind.losses(project)])
    _project(str(out), project, found, as_json=as_json, format=format_)


@schedule.command()
def read(
    file: Annotated[Path, typer.Argument(help="Primavera .xer, Microsoft Project .xml, or .csv.", show_default=False)],
    as_json: AsJson = False,
) -> None:
    """What is in a planner's project file, and how healthy is it?"""
    from gigasite._core.finding import worst_first
    from gigasite.schedule.format import read_project
    from gigasite.schedule.health import health

    project = read_project(file)
    found = worst_first([*project.findings, *health(project)])
    _project(str(file), project, found, as_json=as_json)
    end(found)


def _project(file: str, x: Exchange, found: tuple[Finding, ...], *, as_json: bool, **more: str) -> None:
    """Print what a project holds."""
    kinds = dict(x.relations["kind"].value_counts().sort("kind").iter_rows())
    counts = {
        "activities": x.activities.height,
        "relations": x.relations.height,
        "wbs": x.wbs.height,
        "calendars": len(x.calendars),
        "resources": x.resources.height,
        "assignments": x.assignments.height,
    }
    if as_json:
        head = {"file": file, "project": x.name, "start": x.start, "status": x.status}
        emit(head | more | counts | {"relation_kinds": kinds, "findings": [f.to_json() for f in found]})
        return
    rows: list[tuple[str, object]] = [("file", file), ("start", x.start), *counts.items()]
    show(x.name, [*rows, *[(f"  {k}", v) for k, v in kinds.items()]], found)
