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
    from gigasite.schedule.solver import Solution

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
    from gigasite.show.result import schedule_json, spread

    campus, d = designed(file)
    bar = terminal.Bar()
    modes = conventional_modes(campus) if conventional else None
    made = build(campus, d, modes=modes, engine=Engine(workers=workers, progress=bar))
    bar.close()
    if as_json:
        emit({"campus": campus.name} | schedule_json(made))
    else:
        rows: list[tuple[str, object]] = [
            ("activities", made.activities.height),
            *[(m.name, terminal.day(spread(m.day))) for m in made.milestones],
        ]
        rows += [(f"  {x.name}", f"{x.low_days:+.1f} to {x.high_days:+.1f} days ({x.trust})") for x in made.drivers]
        show(f"{campus.name}: schedule", rows, made.findings)
    end(made.findings)


@schedule.command()
def solve(
    instance: Annotated[
        Path, typer.Argument(help="PSPLIB, MMLIB (.sm, .mm) or Patterson (.rcp, .txt).", show_default=False)
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

    problem = read_instance(instance)
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
    answer = _solution(str(instance), found, time.perf_counter() - begin)
    if as_json:
        emit(answer)
    else:
        _print(answer)


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
