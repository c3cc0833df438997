"""`gigasite cables localise|measure-next`: which links lose packets, and what to measure to be sure."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gigasite.show.cables import SHOWN, cables
from gigasite.show.cables_diagnose import read_plan_of
from gigasite.show.common import AsJson, emit, show

if TYPE_CHECKING:
    from gigasite.cabling.measure import Measured
    from gigasite.cabling.tomography import Localised, Sense

Plan = Annotated[Path, typer.Argument(help="Campus file, or plan (CSV: a_node,a_port,z_node,z_port).")]
Files = Annotated[
    list[Path],
    typer.Argument(
        help="Ping mesh (CSV: src,dst,sent,lost[,via]), bandwidth (CSV: src,dst,gb_per_s; matrix), nccl-tests output."
    ),
]
OutFile = Annotated[Path | None, typer.Option("--out", help="CSV file for the table.")]
FalseAlarm = Annotated[
    float, typer.Option("--false-alarm", min=1e-9, max=0.5, help="Share of named parts that may be good.")
]
LeastRate = Annotated[
    float, typer.Option("--least-rate", min=0.0, max=1.0, help="Lost share below which a part is not named.")
]
Sprayed = Annotated[
    bool, typer.Option("--sprayed", help="Packets of one measurement take all paths, not one of them each flow.")
]


@cables.command()
def localise(
    plan: Plan,
    measurements: Files,
    baseline: Annotated[bool, typer.Option("--baseline", help="Also what votes of lossy flows (007) name.")] = False,
    false_alarm: FalseAlarm = 0.05,
    least_rate: LeastRate = 1e-4,
    sprayed: Sprayed = False,
    out: OutFile = None,
    as_json: AsJson = False,
) -> None:
    """Links and switches that lose packets or bandwidth though their counters are clean; exit code 1 if there are."""
    from gigasite.cabling.tomography import Sense

    sense = Sense(false_alarm_frac=false_alarm, least_rate_frac=least_rate, sprayed=sprayed)
    measured, found = _localised(plan, measurements, sense)
    votes = _votes(measured, found) if baseline else None
    if out is not None:
        _write(out, found.suspects)
    if as_json:
        emit(_json(found) | ({} if votes is None else {"votes": votes}))
    else:
        show(f"{plan.name}: what loses packets", _rows(found, votes), found.findings)
    _leave(found)
    if found.suspects.height:
        raise typer.Exit(1)


def _leave(found: Localised) -> None:
    """Exit with 2 where no measurement lies in the plan: they do not belong together."""
    if not found.measurements:
        raise typer.Exit(2)


@cables.command("measure-next")
def measure_next_(
    plan: Plan,
    measurements: Files,
    count: Annotated[int, typer.Option(min=1, max=1000, help="Probes at most.")] = 10,
    sprayed: Sprayed = False,
    hosts_only: Annotated[bool, typer.Option("--hosts-only", help="Switches do not answer probes.")] = False,
    out: OutFile = None,
    as_json: AsJson = False,
) -> None:
    """The probes that tell remaining suspects apart, best first."""
    from gigasite.cabling.measure_next import measure_next
    from gigasite.cabling.tomography import Sense

    _, found = _localised(plan, measurements, Sense(sprayed=sprayed))
    probes = measure_next(found, count, bounce=not hosts_only)
    ties = found.suspects.filter(found.suspects["group"].is_duplicated())
    if out is not None:
        _write(out, probes)
    if as_json:
        emit({"probes": probes.to_dicts(), "groups": ties["group"].n_unique(), "suspects": ties.height})
        return _leave(found)
    rows: list[tuple[str, object]] = [
        ("not told apart", f"{ties.height:,} parts in {ties['group'].n_unique():,} groups"),
    ]
    for r in probes.to_dicts():
        way = f" by {r['via']}" if r["via"] else ""
        text = f"{r['packets']:,} packets tell {r['bits']:.2f} bit about {r['suspects']} suspects"
        rows.append((f"  {r['src']} to {r['dst']}{way}", text))
    if not probes.height:
        rows.append(
            ("", "nothing is left that a probe could tell apart" if ties.height else "every suspect stands alone")
        )
    show(f"{plan.name}: what to measure next", rows, found.findings)
    return _leave(found)


def _localised(plan: Path, places: list[Path], sense: Sense) -> tuple[Measured, Localised]:
    from gigasite.cabling.measure import read_measurements
    from gigasite.cabling.tomography import localise
    from gigasite.show import terminal

    bar = terminal.Bar()
    try:
        bar.step("plan", 0, 3)
        ends = read_plan_of(plan).ends
        bar.step("measurements", 1, 3)
        measured = read_measurements(*places)
        bar.step("paths", 2, 3)
        return measured, localise(ends, measured, sense)
    finally:
        bar.close()


def _votes(measured: Measured, found: Localised) -> list[dict[str, Any]]:
    """Return what the baseline names, in its order."""
    from gigasite.cabling.tomography import Sense, counts
    from gigasite.cabling.votes import votes

    ways = found.routes
    order, score = votes(ways, counts(measured.table[ways.row], ways, Sense()).lost)
    ends = ways.fabric.ends[order].select("a_node", "a_port", "z_node", "z_port")
    return [r | {"votes": v} for r, v in zip(ends.to_dicts(), score.tolist(), strict=True)]


def _rows(found: Localised, votes: list[dict[str, Any]] | None) -> list[tuple[str, object]]:
    s = found.suspects
    rows: list[tuple[str, object]] = [
        ("measurements", f"{found.measurements:,}, {found.measurements_lossy:,} of them lost something"),
        ("links", f"{found.links_covered:,} of {found.links:,} are crossed by a measurement"),
        ("lost elsewhere", f"{found.other_frac:.1e} of packets"),
        ("found", f"{s['group'].n_unique():,} gray parts, {s.height - s['group'].n_unique():,} more look alike"),
    ]
    for r in s.head(SHOWN).to_dicts():
        where = f"{r['a_node']} {r['a_port']} - {r['z_node']} {r['z_port']}" if r["kind"] == "link" else r["a_node"]
        rows.append((f"  {r['kind']} {where}", f"loses {r['rate_frac']:.2%}, sure {r['confidence_frac']:.0%}"))
    if s.height > SHOWN:
        rows.append(("", f"and {s.height - SHOWN:,} more: --out FILE or --json has all"))
    if votes is not None:
        rows.append(("votes (007) name", f"{len(votes):,} links"))
    return rows


def _json(found: Localised) -> dict[str, Any]:
    return {
        "measurements": found.measurements,
        "measurements_lossy": found.measurements_lossy,
        "links": found.links,
        "links_covered": found.links_covered,
        "other_frac": found.other_frac,
        "suspects": found.suspects.drop("link").to_dicts(),
        "findings": [f.to_json() for f in found.findings],
    }


def _write(out: Path, table: Any) -> None:
    from gigasite._core.files import write_text

    write_text(out, table.write_csv())
