"""The verbs of a schedule's uncertainty: risk, tradeoff."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gigasite.show.common import AsJson, File, Workers, designed, emit, end
from gigasite.show.schedule import schedule

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from gigasite.schedule.outlook import Change, Outlook, Percentiles
    from gigasite.schedule.tradeoff import Point, Tradeoff

MOST_ACTIVITIES = 10  # printed; --json holds a hundred
MOST_INPUTS = 14
CLEAR = 3.0  # standard errors of a rank correlation below which an input's effect may be chance


@schedule.command()
def risk(
    file: File,
    samples: Annotated[
        int | None, typer.Option(min=10, max=100_000, help="Default: the file's schedule.samples.")
    ] = None,
    what_if: Annotated[
        list[str] | None,
        typer.Option(
            help="KEY=VALUE of the campus file, such as schedule.crews.pipe=40; compared sample by sample. Repeatable."
        ),
    ] = None,
    workers: Workers = 1,
    as_json: AsJson = False,
) -> None:
    """How sure is the day: percentiles, what drives it, which risks cost most, what a change is worth."""
    from gigasite._core.engine import Engine
    from gigasite.schedule.outlook import compare, findings, outlook
    from gigasite.show import terminal

    campus, d = designed(file)
    other = designed(file, what_if) if what_if else None
    bar = terminal.Bar()
    engine = Engine(workers=workers, progress=bar)
    try:
        made = outlook(campus, d, samples=samples, engine=engine)
        count = len(made.samples.first_step)
        after = outlook(*other, samples=count, engine=engine, deep=False) if other else None
    finally:
        bar.close()
    changes = compare(made, after) if after else ()
    if as_json:
        emit({"campus": campus.name} | outlook_json(made) | {"what_if": what_if or [], "changes": plain(changes)})
    else:
        _print(campus.name, made, what_if or [], changes)
    end(findings(made))


def plain(values: Sequence[Any]) -> list[dict[str, Any]]:
    """Return frozen values as dictionaries, nested ones too."""
    return [{f.name: _plain(getattr(v, f.name)) for f in fields(v)} for v in values]


def _plain(value: Any) -> Any:
    return plain([value])[0] if hasattr(value, "__dataclass_fields__") else value


def outlook_json(made: Outlook) -> dict[str, Any]:
    """Return everything but the samples of inputs."""
    from gigasite.schedule.outlook import findings

    return {
        "samples": len(made.samples.first_step),
        "target_day": made.target_day,
        "days": plain(made.sure),
        "merge_bias": plain(made.merges),
        "inputs": plain(made.inputs),
        "one_at_a_time": plain(made.drivers),
        "risks": plain(made.saved),
        "activities": made.indices.head(100).to_dicts(),
        "first_step_samples": made.samples.first_step.tolist(),
        "full_size_samples": made.samples.full_size.tolist(),
        "findings": [f.to_json() for f in findings(made)],
    }


def _print(name: str, made: Outlook, what_if: Sequence[str], changes: Sequence[Change]) -> None:
    from rich.console import Console

    from gigasite.schedule.outlook import findings
    from gigasite.show import terminal

    console = Console(highlight=False, soft_wrap=True)
    count = len(made.samples.first_step)
    rows = [(s.name, _day(s.likely), *_four(s.crews), f"{s.by_target_frac:.1%}") for s in made.sure]
    rows += [(f"  {s.name}, crews without end", "", *_four(s.links), "") for s in made.sure]
    columns = ("day of", "plan", "P10", "P50", "P80", "P90", f"by day {made.target_day:g}")
    console.print(terminal.table(f"{name}: {count:,} samples", columns, rows))
    merges = [(m.name, _day(m.likely), _day(m.mean_durations), _day(m.mean)) for m in made.merges]
    title = "where the days come from: likely durations, mean ones (skew, risks), mean of samples (merge bias)"
    console.print(terminal.table(title, ("day of", "likely", "mean durations", "samples"), merges))
    _inputs(console, made, count)
    single = [(x.name, f"{x.low_days:+.1f} d", f"{x.high_days:+.1f} d", x.trust) for x in made.drivers]
    if single:
        console.print(terminal.table("one at a time, all others likely", ("input", "low", "high", ""), single))
    saved = [(s.name, f"{s.probability_frac:.0%}", f"{s.p50_days:.1f} d", f"{s.p80_days:.1f} d") for s in made.saved]
    if saved:
        console.print(
            terminal.table("without a risk the first step comes earlier", ("", "chance", "P50", "P80"), saved)
        )
    busy = [
        (a["name"], f"{a['critical_frac']:.0%}", f"{a['cruciality']:+.2f}", f"{a['ssi']:.3f}", f"{a['sd_days']:.1f} d")
        for a in made.indices.head(MOST_ACTIVITIES).to_dicts()
    ]
    head = ("activity", "critical", "cruciality", "SSI", "sd")
    console.print(terminal.table("most sensitive activities", head, busy))
    for c in changes:
        _change(console, what_if, c)
    terminal.findings(console, findings(made))


def _inputs(console: Console, made: Outlook, count: int) -> None:
    from gigasite.show import terminal

    clear = [x for x in made.inputs if abs(x.rank_correlation) > CLEAR / count**0.5]
    rows = [
        (x.name, x.kind, f"{x.rank_correlation:+.2f}", f"{x.best_days:+.1f} d", f"{x.worst_days:+.1f} d")
        for x in clear[:MOST_INPUTS]
    ]
    title = "what the first step follows: lowest and highest tenth; risks: not struck, struck"
    if rows:
        console.print(terminal.table(title, ("input", "", "rank correlation", "low", "high"), rows))


def _change(console: Console, what_if: Sequence[str], c: Change) -> None:
    from gigasite.show import terminal

    rows = [("before", *_four(c.before)), ("after", *_four(c.after)), ("difference", *_four(c.difference, "+.1f"))]
    title = f"what if {', '.join(what_if)}: {c.name}, mean {c.mean:+.1f} d, earlier in {c.earlier_frac:.0%}, later in {c.later_frac:.0%} of samples"
    console.print(terminal.table(title, ("", "P10", "P50", "P80", "P90"), rows))


def _four(p: Percentiles, form: str = ".1f") -> tuple[str, ...]:
    return tuple(_day(x, form) for x in (p.p10, p.p50, p.p80, p.p90))


def _day(value: float, form: str = ".1f") -> str:
    from math import isfinite

    return format(value, form) if isfinite(value) else "never"


@schedule.command()
def tradeoff(
    file: File,
    target: Annotated[
        float | None, typer.Option(min=0.0, help="Day by which the first step is wanted. Default: the file's.")
    ] = None,
    samples: Annotated[int, typer.Option(min=20, max=100_000, help="Of each way to build.")] = 200,
    cables: Annotated[bool, typer.Option(help="Plan the cables, so that their price counts.")] = True,
    workers: Workers = 1,
    as_json: AsJson = False,
) -> None:
    """What does an earlier day cost: modes of long-lead items and sizes of crews, on the front of cost against day."""
    import polars as pl

    from gigasite._core.engine import Engine
    from gigasite.schedule.tradeoff import tradeoff as trade
    from gigasite.show import terminal

    campus, d = designed(file)
    bill = d.bom
    if cables:
        from gigasite.cabling import plan

        bill = pl.concat([bill, plan(campus, d).bom])
    bar = terminal.Bar()
    try:
        engine = Engine(workers=workers, progress=bar)
        made = trade(campus, d, bill, target_day=target, samples=samples, engine=engine)
    finally:
        bar.close()
    if as_json:
        emit({"campus": campus.name, "samples": samples} | tradeoff_json(made))
    else:
        _print_front(campus.name, made, samples)
    end(made.findings)


def tradeoff_json(made: Tradeoff) -> dict[str, Any]:
    """Return the front and what makes the earliest day."""
    return {
        "target_day": made.target_day,
        "own": _point_json(made.own),
        "front": [_point_json(p) for p in made.front],
        "usd_per_day": list(made.usd_per_day),
        "worth_usd_per_day": made.worth_usd_per_day,
        "earliest_day": made.chain_day,
        "earliest_path": plain(made.chain),
        "findings": [f.to_json() for f in made.findings],
    }


def _point_json(p: Point) -> dict[str, Any]:
    return plain([p])[0] | {"cost_usd": p.cost_usd}


def _print_front(name: str, made: Tradeoff, samples: int) -> None:
    from rich.console import Console

    from gigasite.show import terminal

    console = Console(highlight=False, soft_wrap=True)
    rows = [_row("file", made.own, "")]
    each = ["", *(f"{usd / 1e6:,.2f}" for usd in made.usd_per_day)]
    rows += [_row(str(i + 1), p, each[i]) for i, p in enumerate(made.front)]
    columns = ("", "P50", "P80", "full size", "MUSD", "a day earlier", "GPU-days")
    title = f"{name}: cost (MUSD) against the first step, {samples:,} samples each; GPU-days before day {made.target_day:g} in the likely plan"
    console.print(terminal.table(title, columns, rows))
    for i, p in enumerate(made.front):
        console.print(f"{i + 1}: {_changed(p, made)}")
    console.print(f"A day of the first step's GPUs is worth {made.worth_usd_per_day / 1e6:,.2f} MUSD.")
    path = " -> ".join(f"{x.name} ({x.finish_day - x.start_day:.1f} d)" for x in made.chain)
    lead = "With the quickest modes and crews without end, likely durations: "
    console.print(lead + ": ".join(filter(None, (f"day {_day(made.chain_day)}".replace("day never", "never"), path))))
    terminal.findings(console, made.findings)


def _row(label: str, p: Point, each: str) -> tuple[str, ...]:
    days = (_day(p.first.p50), _day(p.first.p80), _day(p.full.p50))
    return (label, *days, f"{p.cost_usd / 1e6:,.1f}", each, f"{p.gpu_days:,.0f}")


def _changed(p: Point, made: Tradeoff) -> str:
    """Say what a way changes in the file."""
    changed = [
        f"{item} by {mode or 'the ways of the file'}" for item, mode in p.modes.items() if mode != made.own.modes[item]
    ]
    changed += [f"{people} people of {crew}" for crew, people in p.crews.items()]
    return ", ".join(changed) or "as in the file"
