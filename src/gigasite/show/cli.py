"""The command line: `gigasite VERB FILE`. Human text on a terminal, one JSON object with --json, exit code 0, 1 or 2.

Rooms are imported inside the verbs, so that `gigasite --help` stays light.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gigasite._core.errors import GigasiteError, OutputError
from gigasite._core.finding import Severity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gigasite._core.finding import Finding
    from gigasite.campus.schema import Campus
    from gigasite.design.types import Design

app = typer.Typer(
    help="From an empty factory to the first training step: one campus file in, the whole build out.",
    no_args_is_help=True, add_completion=True, pretty_exceptions_enable=False, rich_markup_mode=None,
)

File = Annotated[Path, typer.Argument(help="Campus file (YAML).", show_default=False)]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]
Out = Annotated[Path, typer.Option("--out", help="Folder for report.html, plan.json and tables.")]
Weather = Annotated[Path | None, typer.Option(help="EPW or TMY3 file in place of the campus's weather.")]
Load = Annotated[Path | None, typer.Option(help="Measured power trace (CSV, nvidia-smi log) in place of the job.")]
LoadGpus = Annotated[int | None, typer.Option(min=1, help="GPUs that the trace was measured on.")]
Observed = Annotated[Path | None, typer.Option(help="Dump or folder of dumps of what is really cabled.")]
ObservedPlan = Annotated[Path | None, typer.Option(help="Cable plan (CSV) that the dumps belong to.")]
Workers = Annotated[int, typer.Option(min=1, max=256, help="Processes for the schedule's samples; same result for any.")]


def main() -> None:
    """Run the command line; every error of the user is a message and exit code 2."""
    try:
        app()
    except GigasiteError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(2)
    except KeyboardInterrupt:
        sys.stderr.write("interrupted; nothing was written\n")
        sys.exit(130)
    except BrokenPipeError:
        # the reader of our output (head, less) has gone: no traceback, and no second one at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)


def _emit(value: Any) -> None:
    from gigasite.show.result import dumps  # noqa: PLC0415  # rooms are imported inside verbs

    sys.stdout.write(dumps(value) + "\n")


def _end(found: Sequence[Finding]) -> None:
    """Leave with 1 if a limit is broken."""
    if any(f.severity == Severity.error for f in found):
        raise typer.Exit(1)


def _campus(file: Path) -> Campus:
    from gigasite.plan.names import load  # noqa: PLC0415

    return load(file)


def _designed(file: Path) -> tuple[Campus, Design]:
    from gigasite.design import design  # noqa: PLC0415

    campus = _campus(file)
    return campus, design(campus)


def _show(title: str, rows: Sequence[tuple[str, object]], found: Sequence[Finding]) -> None:
    """Print a chapter: name and value, then findings."""
    from rich.console import Console  # noqa: PLC0415

    from gigasite.show import terminal  # noqa: PLC0415

    console = Console(highlight=False, soft_wrap=True)
    console.print(terminal.table(title, ("", ""), [(k, _text(v)) for k, v in rows]))
    terminal.findings(console, found)


def _text(value: object) -> str:
    return f"{value:,.4g}" if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else str(value)


@app.command()
def new(
    file: Annotated[Path, typer.Argument(help="File to write.")],
    source: Annotated[str, typer.Option("--from", help="Reference campus: memphis, next, lab.")] = "memphis",
) -> None:
    """Start a commented campus file from a reference campus."""
    from gigasite._core.files import write_text  # noqa: PLC0415
    from gigasite.campus import reference  # noqa: PLC0415

    text = reference(source).read_text(encoding="utf-8")
    if file.exists():
        raise OutputError(f"{file} exists; choose another name")
    write_text(file, text)
    sys.stdout.write(f"{file} written; next: gigasite check {file}\n")


@app.command()
def check(file: File, as_json: AsJson = False) -> None:
    """Check a campus file: every mistake with file, line, column and remedy."""
    from gigasite._core.errors import CampusFileError  # noqa: PLC0415

    try:
        campus = _campus(file)
    except CampusFileError as error:
        if not as_json:
            raise
        problems = [{n: getattr(p, n) for n in p.__slots__} for p in error.problems]
        _emit({"file": str(file), "ok": False, "problems": problems})
        raise typer.Exit(2) from error
    if as_json:
        _emit({"file": str(file), "ok": True, "campus": campus.name, "problems": []})
    else:
        sys.stdout.write(f"{file}: no mistakes; next: gigasite plan {file} --out out\n")


@app.command()
def schema() -> None:
    """Print the JSON Schema of a campus file, for editors."""
    from gigasite.campus import json_schema  # noqa: PLC0415

    _emit(json_schema())


@app.command()
def plan(
    file: File, out: Annotated[Path | None, typer.Option("--out", help="Folder for report.html, plan.json and tables.")] = None,
    weather: Weather = None, load: Load = None, load_gpus: LoadGpus = None, observed: Observed = None,
    observed_plan: ObservedPlan = None, workers: Workers = 1, as_json: AsJson = False,
) -> None:
    """Tell the whole story: first-step day, what holds it up, power, cooling, cables, cost."""
    from gigasite.plan import Inputs  # noqa: PLC0415

    inputs = Inputs(weather=weather, load=load, load_gpus=load_gpus, observed=observed, observed_plan=observed_plan)
    _plan(file, inputs, out, workers, as_json=as_json)


def _plan(file: Path, inputs: Any, out: Path | None, workers: int, *, as_json: bool) -> None:
    from gigasite.plan import plan as make  # noqa: PLC0415
    from gigasite.show import terminal  # noqa: PLC0415
    from gigasite.show.export import export  # noqa: PLC0415
    from gigasite.show.result import plan_json  # noqa: PLC0415

    bar = terminal.Bar()
    try:
        made = make(_campus(file), inputs, workers=workers, progress=bar)
        result = export(made, out) if out is not None else plan_json(made)
    finally:
        bar.close()
    if as_json:
        _emit(result)
    else:
        sys.stdout.write(terminal.answer(result, out) + "\n")
        terminal.findings(terminal.err(), made.findings)
    _end(made.findings)


@app.command()
def demo(out: Out = Path("demo"), as_json: AsJson = False) -> None:
    """Run the reference campus (100,000 H100) with a real lldpd capture; the report is in --out."""
    from gigasite.campus import reference  # noqa: PLC0415
    from gigasite.plan import Inputs  # noqa: PLC0415

    capture = Path(__file__).parents[1] / "cabling" / "demo"
    try:
        _plan(reference("memphis"), Inputs(observed=capture), out, 1, as_json=as_json)
    except typer.Exit as end:
        # the reference campus breaks limits on purpose (its controller is too fast for its intake): a demo is no check
        if end.exit_code == 1:
            raise typer.Exit(0) from end
        raise


@app.command("design")
def design_(file: File, as_json: AsJson = False) -> None:
    """Halls, racks, fabric, power chain, cooling plant, parts."""
    from gigasite.show.result import design_json  # noqa: PLC0415
    from gigasite.show.terminal import usd  # noqa: PLC0415

    campus, d = _designed(file)
    if as_json:
        _emit({"campus": campus.name} | design_json(d))
    else:
        p, c = d.power, d.cooling
        area = sum(h.length_m * h.width_m for h in d.halls)
        rows: list[tuple[str, object]] = [
            ("halls", f"{len(d.halls)}, {area:,.0f} m2"), ("racks", d.racks.height), ("arrays", d.arrays),
            ("devices", d.devices.height), ("links", len(d.links)),
            *[(f"{f.kind} fabric", f"{f.tiers} tiers, {f.leaf:,} leaf, {f.spine:,} spine, {f.core:,} core") for f in d.fabrics],
            ("peak power", f"{p.peak_w / 1e6:,.1f} MW (IT {p.it_typical_w / 1e6:,.1f}, network {p.network_w / 1e6:,.1f}, cooling {p.cooling_w / 1e6:,.1f}, losses {p.loss_w / 1e6:,.1f})"),
            ("supply", f"grid {p.grid_w / 1e6:,.0f} MW, gensets {p.genset_w / 1e6:,.0f} MW, battery {p.battery_w / 1e6:,.0f} MW / {p.battery_j / 3.6e9:,.0f} MWh"),
            ("chain", f"{p.switchgear} switchgear, {p.transformers} unit substations, {p.busways} busways"),
            ("cooling plant", f"{c.scheme}: {c.towers} towers, {c.dry_coolers} dry coolers, {c.chillers} chillers, {c.cdus} CDUs"),
            ("parts", f"{usd(d.capex.likely_usd)} without cables"),
        ]
        _show(f"{campus.name}: design", rows, d.findings)
    _end(d.findings)


@app.command()
def training(file: File, load: Load = None, load_gpus: LoadGpus = None, as_json: AsJson = False) -> None:
    """The job: step time, power levels, goodput."""
    from gigasite.plan import Inputs  # noqa: PLC0415
    from gigasite.plan.story import the_load  # noqa: PLC0415
    from gigasite.show.result import training_json  # noqa: PLC0415
    from gigasite.training import goodput_of  # noqa: PLC0415

    campus, d = _designed(file)
    trace = the_load(campus, d, Inputs(load=load, load_gpus=load_gpus))
    good = goodput_of(campus)
    figures = {n: getattr(good, n) for n in ("mtbf_s", "best_interval_s", "ettr_frac")}
    if as_json:
        _emit({"campus": campus.name} | training_json(trace) | {"goodput": figures, "findings": [f.to_json() for f in trace.findings]})
    else:
        step = trace.step
        rows: list[tuple[str, object]] = [
            ("load", f"{trace.source}, {trace.duration_s:,.0f} s, {trace.power_w.min() / 1e6:,.1f} to {trace.power_w.max() / 1e6:,.1f} MW"),
            ("step", "" if step is None else f"{step.step_s:,.3g} s ({step.communication_s:,.3g} s exposed communication), {step.tokens_per_s:,.4g} tokens/s"),
            ("failures", f"one in {good.mtbf_s / 3600:,.2f} h"), ("effective training time", f"{good.ettr_frac:.1%}"),
            ("best checkpoint interval", f"{good.best_interval_s:,.0f} s"),
        ]
        _show(f"{campus.name}: training", rows, trace.findings)


@app.command()
def power(file: File, load: Load = None, load_gpus: LoadGpus = None, as_json: AsJson = False) -> None:
    """Will the load's swings trip the plant? Frequency, ramp, battery against the campus's limits."""
    from gigasite.plan import Inputs  # noqa: PLC0415
    from gigasite.plan.story import swing_at_full_size, the_load  # noqa: PLC0415
    from gigasite.schedule import schedule as build  # noqa: PLC0415
    from gigasite.show.result import swing_json  # noqa: PLC0415

    campus, d = _designed(file)
    trace = the_load(campus, d, Inputs(load=load, load_gpus=load_gpus))
    swing = swing_at_full_size(campus, d, trace, build(campus, d, drivers=False))
    if as_json:
        _emit({"campus": campus.name} | swing_json(swing))
    else:
        rows: list[tuple[str, object]] = [
            ("plant", "island of gensets" if swing.islanded else "beside the grid"), ("controller", swing.controller),
            ("frequency", f"{swing.nadir_hz:.3f} to {swing.peak_hz:.3f} Hz, {swing.rocof_hz_per_s:.2f} Hz/s"),
            ("source ramp over 1 s", f"{swing.ramp_up_w_per_s * 60 / 1e6:,.0f} up, {swing.ramp_down_w_per_s * 60 / 1e6:,.0f} down MW/min"),
            ("battery", f"{swing.battery_peak_w / 1e6:,.1f} MW, {swing.battery_used_j / 3.6e6:,.0f} kWh used, charge {swing.soc_frac.min():.1%} to {swing.soc_frac.max():.1%}"),
        ]
        _show(f"{campus.name}: power swing at full size", rows, swing.findings)
    _end(swing.findings)


@app.command()
def cooling(file: File, weather: Weather = None, as_json: AsJson = False) -> None:
    """A year of cooling: PUE, water, hours in which the supply is too warm."""
    from gigasite.cooling import simulate, weather_of  # noqa: PLC0415
    from gigasite.plan import Inputs  # noqa: PLC0415
    from gigasite.plan.story import mean_it_power, the_load  # noqa: PLC0415
    from gigasite.show.result import cooling_json  # noqa: PLC0415

    campus, d = _designed(file)
    year = simulate(campus, d, weather_of(campus, weather), mean_it_power(the_load(campus, d, Inputs())))
    if as_json:
        _emit({"campus": campus.name} | cooling_json(year))
    else:
        rows: list[tuple[str, object]] = [
            ("weather", year.weather.source), ("PUE", f"{year.pue:.3f}, worst hour {year.pue_peak:.3f}"),
            ("water", f"{year.water_m3:,.0f} m3 a year, {year.wue_l_per_kwh:.2f} L/kWh"),
            ("plant", f"{year.plant_peak_w / 1e6:,.2f} MW at most"), ("chillers run", f"{year.chiller_hours} h"),
            ("supply too warm", f"{year.hours_short} h"), ("energy", f"{year.energy_j / 3.6e15:,.3f} TWh a year"),
        ]
        _show(f"{campus.name}: cooling", rows, year.findings)
    _end(year.findings)


@app.command()
def cables(
    file: File, out: Annotated[Path | None, typer.Option("--out", help="Folder for cables.csv and cables.parquet.")] = None,
    observed: Observed = None, observed_plan: ObservedPlan = None, as_json: AsJson = False,
) -> None:
    """Every cable with length and part; what is really cabled, compared port by port."""
    from gigasite.cabling import plan as plan_cables  # noqa: PLC0415
    from gigasite.plan import Inputs  # noqa: PLC0415
    from gigasite.plan.story import observation  # noqa: PLC0415
    from gigasite.show.terminal import usd  # noqa: PLC0415

    campus, d = _designed(file)
    made = plan_cables(campus, d)
    seen = observation(d, made, Inputs(observed=observed, observed_plan=observed_plan))
    found = [*made.findings, *(seen.findings if seen else ())]
    if out is not None:
        _write_cables(d, made, out)
    if as_json:
        _emit({
            "campus": campus.name, "cables": made.count, "gpu_fabric_cables": made.gpu_fabric_count, "total_m": made.total_m,
            "optics_w": made.optics_w, "cost_usd": made.cost.likely_usd,
            "mismatches": seen.mismatches.to_dicts() if seen else None, "findings": [f.to_json() for f in found],
        })
    else:
        rows: list[tuple[str, object]] = [
            ("cables", f"{made.count:,}, {made.gpu_fabric_count:,} of them in the GPU fabric"),
            ("length", f"{made.total_m / 1000:,.0f} km"), ("modules", f"{made.optics_w / 1e6:,.2f} MW"),
            ("cost", usd(made.cost.likely_usd)),
        ]
        if seen is not None:
            rows.append(("observed", f"{seen.ports_right} of {seen.ports_planned} ports as planned, {seen.mismatches.height} differ"))
            rows += [(f"  {m['node']} {m['port']}", f"planned {m['planned_node']} {m['planned_port']}, seen {m['seen_node']} {m['seen_port']}") for m in seen.mismatches.head(20).to_dicts()]
        _show(f"{campus.name}: cables", rows, found)
    _end(found)


def _write_cables(d: Design, made: Any, out: Path) -> None:
    from gigasite._core.files import folder_beside  # noqa: PLC0415
    from gigasite.cabling import pull_sheet  # noqa: PLC0415

    with folder_beside(out) as folder:
        made.cables.write_parquet(folder / "cables.parquet")
        pull_sheet(d, made).write_csv(folder / "cables.csv")


@app.command()
def schedule(
    file: File, conventional: Annotated[bool, typer.Option(help="New orders for every long-lead item.")] = False,
    workers: Workers = 1, as_json: AsJson = False,
) -> None:
    """Which day does training start, what drives it, what would change it?"""
    from gigasite._core.engine import Engine  # noqa: PLC0415
    from gigasite.schedule import conventional_modes  # noqa: PLC0415
    from gigasite.schedule import schedule as build  # noqa: PLC0415
    from gigasite.show import terminal  # noqa: PLC0415
    from gigasite.show.result import schedule_json, spread  # noqa: PLC0415

    campus, d = _designed(file)
    bar = terminal.Bar()
    modes = conventional_modes(campus) if conventional else None
    made = build(campus, d, modes=modes, engine=Engine(workers=workers, progress=bar))
    bar.close()
    if as_json:
        _emit({"campus": campus.name} | schedule_json(made))
    else:
        rows: list[tuple[str, object]] = [("activities", made.activities.height), *[(m.name, terminal.day(spread(m.day))) for m in made.milestones]]
        rows += [(f"  {x.name}", f"{x.low_days:+.1f} to {x.high_days:+.1f} days ({x.trust})") for x in made.drivers]
        _show(f"{campus.name}: schedule", rows, made.findings)
    _end(made.findings)


@app.command()
def decide(file: File, as_json: AsJson = False) -> None:
    """Build, lease or rent: worth, days, break-evens."""
    from gigasite.decide import lease_or_build  # noqa: PLC0415
    from gigasite.plan import plan as make  # noqa: PLC0415
    from gigasite.show import terminal  # noqa: PLC0415

    bar = terminal.Bar()
    made = lease_or_build(make(_campus(file), progress=bar))
    bar.close()
    if as_json:
        options = [{n: getattr(o, n) for n in o.__slots__} for o in made.options]
        _emit({n: getattr(made, n) for n in made.__slots__ if n != "options"} | {"options": options})
        return
    rows: list[tuple[str, object]] = []
    for o in made.options:
        days = f"first step day {o.first_step_day[1]:.0f}, all GPUs day {o.full_size_day[1]:.0f}"
        rows.append((o.name, f"{days}, worth {terminal.usd(o.npv_usd[1])} (P10 {terminal.usd(o.npv_usd[0])}, P90 {terminal.usd(o.npv_usd[2])}), best in {o.best_frac:.0%}"))
    rows += [
        ("a day of delay", f"{terminal.usd(made.cost_of_delay_usd_per_day)} of GPU-hours; idle capital {terminal.usd(made.idle_capital_usd_per_day)} (another view, not to be added)"),
        ("build stays ahead until", f"{made.break_even_delay_days:,.0f} days late"),
        ("build may be dearer by", f"{made.break_even_premium_frac:+.1%}"), *made.inputs.items(),
    ]
    _show("decision", rows, ())


@app.command()
def sites(
    file: Annotated[Path, typer.Argument(help="File of candidate sites (YAML).", show_default=False)], as_json: AsJson = False
) -> None:
    """Where: hard filters, then first-step day and cost of the same campus on each site."""
    from gigasite.campus.sites import load_sites  # noqa: PLC0415
    from gigasite.decide import rank_sites  # noqa: PLC0415
    from gigasite.show import terminal  # noqa: PLC0415

    base, candidates = load_sites(file)
    bar = terminal.Bar()
    ranked = rank_sites(base, candidates, progress=bar)
    bar.close()
    if as_json:
        _emit({"campus": base.name, "sites": [{n: getattr(r, n) for n in r.__slots__} for r in ranked]})
        return
    rows: list[tuple[str, object]] = []
    for r in ranked:
        if r.stopped_by:
            rows += [(r.name, "does not pass"), *[("", f"- {s}") for s in r.stopped_by]]
        else:
            rows.append((r.name, f"first step day {r.first_step_day[1]:.0f}, all GPUs day {r.full_size_day[1]:.0f}, {terminal.usd(r.cost_usd)}, worth {terminal.usd(r.npv_usd)}, PUE {r.pue:.3f}"))
    _show("sites", rows, ())


@app.command()
def fabric(
    kind: Annotated[str, typer.Argument(help="fat-tree, rail-optimized, superpod-b200, superpod-b300, ...")],
    nodes: Annotated[int, typer.Option(help="Servers.")],
    radix: Annotated[int | None, typer.Option(help="Ports of a switch at link speed.")] = None,
    nics: Annotated[int | None, typer.Option(help="NICs (rails) of a server.")] = None,
    nodes_per_unit: Annotated[int | None, typer.Option(help="Servers that share a group of leaves.")] = None,
    planes: Annotated[int | None, typer.Option(help="Independent copies of the fabric.")] = None,
    gpus_per_node: Annotated[int | None, typer.Option(help="GPUs of a server.")] = None,
    oversubscription: Annotated[float, typer.Option(help="Down-links over up-links of a leaf.")] = 1.0,
    as_json: AsJson = False,
) -> None:
    """Count switches and cables of a fabric."""
    from gigasite.show.fabric import size  # noqa: PLC0415
    from gigasite.show.result import fabric_json  # noqa: PLC0415

    asked = {"radix": radix, "nics": nics, "nodes_per_unit": nodes_per_unit, "planes": planes, "gpus_per_node": gpus_per_node}
    made = fabric_json(size(kind, nodes, asked, oversubscription))
    if as_json:
        _emit(made)
    else:
        _show(f"{kind}, {nodes:,} nodes", list(made.items()), ())


@app.command()
def explain(
    file: File, key: Annotated[str, typer.Argument(help="Key of the file, catalogue.KIND.NAME.FIELD, or of plan.json.")],
    as_json: AsJson = False,
) -> None:
    """Say where a number comes from."""
    from gigasite.show.explain import Answer  # noqa: PLC0415
    from gigasite.show.explain import explain as look  # noqa: PLC0415

    def lines(a: Answer, indent: int) -> list[str]:
        own = f"{'  ' * indent}{a.key} = {a.value[:120]}  <- {a.where}"
        return [own, *[line for b in a.inputs for line in lines(b, indent + 1)]]

    def plain(a: Answer) -> dict[str, Any]:
        return {"key": a.key, "value": a.value, "where": a.where, "inputs": [plain(b) for b in a.inputs]}

    found = look(_campus(file), key)
    if as_json:
        _emit(plain(found))
    else:
        sys.stdout.write("\n".join(lines(found, 0)) + "\n")


@app.command()
def serve(
    folder: Annotated[Path, typer.Argument(help="Folder that `gigasite plan --out` wrote.")],
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port on this machine.")] = 8640,
) -> None:
    """Show a plan's report and files on http://127.0.0.1:PORT (this machine only)."""
    from gigasite.show.serve import run  # noqa: PLC0415

    run(folder, port)


if __name__ == "__main__":
    main()
