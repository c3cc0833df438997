"""The verbs of a schedule's uncertainty: risk."""

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

MOST_ACTIVITIES = 10  # printed; --json holds a hundred
MOST_INPUTS = 14
CLEAR = 3.0  # standard errors of a rank correlation below which an input's effect may be chance


@schedule.command()
def risk(
    file: File,
    samples: Annotated[
        int | None, typer.Option(min=10, max=1_000_000, help="Default: the file's schedule.samples.")
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
    saved = [
        (s.name, f"{s.probability_frac:.0%}", f"{s.p50_days:.1f} d", f"{s.p80_days:.1f} d") for s in made.saved
    ]
    if saved:
        console.print(terminal.table("without a risk the first step comes earlier", ("", "chance", "P50", "P80"), saved))
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
