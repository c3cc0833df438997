"""The verbs of the swing bench: run, size, resonance, sweep, case, andes, parts; a campus file goes to `campus`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gigasite.show.common import AsJson, File, Load, LoadGpus, Workers, app, designed, emit, end, file_first, show

if TYPE_CHECKING:
    from gigasite.power.case import Bench
    from gigasite.power.resonance import Resonance
    from gigasite.power.size import Sizing
    from gigasite.power.types import Swing


power = typer.Typer(
    cls=file_first("campus"),
    help="Will the training load trip the plant, and what would hold it?",
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.add_typer(power, name="power")

CaseFile = Annotated[Path, typer.Argument(help="Case file (YAML).", show_default=False)]
TraceFile = Annotated[
    Path | None, typer.Option("--trace", help="Recording (CSV, Parquet) in place of the case's load.")
]
ToGpus = Annotated[int | None, typer.Option("--to-gpus", min=1, help="Scale the recording to so many GPUs.")]
OtherW = Annotated[
    float, typer.Option("--other", min=0.0, help="Watts per GPU outside the recording (rest of the server, losses).")
]
OutFile = Annotated[Path | None, typer.Option("--out", help="Parquet file for the samples.")]


@power.command("campus")
def campus_(
    file: File, load: Load = None, load_gpus: LoadGpus = None, out: OutFile = None, as_json: AsJson = False
) -> None:
    """The plant of a campus at full size under its job, or under a recording scaled to its GPUs."""
    from gigasite.plan import Inputs
    from gigasite.plan.story import swing_at_full_size, the_load
    from gigasite.schedule import schedule as build

    campus, d = designed(file)
    trace = the_load(campus, d, Inputs(load=load, load_gpus=load_gpus))
    swing = swing_at_full_size(campus, d, trace, build(campus, d, drivers=False))
    _answer(campus.name, "campus", swing, out, as_json=as_json)


@power.command()
def run(
    file: CaseFile,
    trace: TraceFile = None,
    to_gpus: ToGpus = None,
    other: OtherW = 0.0,
    level: Annotated[str | None, typer.Option(help="network or aggregate, in place of the case's.")] = None,
    out: OutFile = None,
    as_json: AsJson = False,
) -> None:
    """Run a case: frequency, voltage, battery and every limit."""
    bench = _bench(file, trace, to_gpus, other, level)
    _answer(bench.name, "case", bench.run(), out, as_json=as_json)


@power.command()
def size(
    file: CaseFile,
    trace: TraceFile = None,
    to_gpus: ToGpus = None,
    other: OtherW = 0.0,
    controller: Annotated[list[str] | None, typer.Option(help="Controller to size; may be repeated.")] = None,
    level: Annotated[
        str, typer.Option(help="Level of the runs: aggregate is fast, network sees voltage.")
    ] = "aggregate",
    workers: Workers = 1,
    as_json: AsJson = False,
) -> None:
    """The least battery for each controller, beside the clairvoyant bound."""
    from gigasite._core.engine import Engine
    from gigasite.power.size import check_battery
    from gigasite.power.size import size as find
    from gigasite.show import terminal
    from gigasite.show.power_result import size_json
    from gigasite.show.power_text import size_rows

    bench = _bench(file, trace, to_gpus, other, level)
    bar = terminal.Bar()
    try:
        made = find(bench, tuple(controller or ()), engine=Engine(workers=workers, progress=bar))
    finally:
        bar.close()
    found = [*made.findings, *check_battery(bench, made)]
    if as_json:
        emit({"case": bench.name} | size_json(made, found))
    else:
        show(f"{bench.name}: battery", size_rows(made), found)
    end(found)


@power.command()
def resonance(
    file: CaseFile,
    limit: Annotated[
        float, typer.Option(min=1e-6, help="Largest steady swing of the frequency, Hz peak to peak.")
    ] = 0.3,
    as_json: AsJson = False,
) -> None:
    """Where the plant resonates, and which iteration periods of the job it forbids."""
    from gigasite.power.resonance import resonance as find
    from gigasite.power.resonance import wave_of
    from gigasite.show.power_result import resonance_json

    bench = _bench(file, None, None, 0.0, None)
    wave = wave_of(bench.load, bench.extra_w)
    mean_w = wave.mean_w if wave else bench.mean_w()
    made = find(bench.controlled(), mean_w, wave, limit_hz=limit, controller=bench.controller)
    if as_json:
        emit({"case": bench.name} | resonance_json(made))
    else:
        rows: list[tuple[str, object]] = [
            ("largest response", f"{made.peak_gain_hz_per_w * 1e6:.4g} Hz per MW at {made.peak_hz:.3g} Hz"),
            *[("mode", f"{m.frequency_hz:.3g} Hz, damping {m.damping:.1%}, mostly {m.state}") for m in made.modes[:4]],
        ]
        if made.wave is not None:
            forbidden = ", ".join(f"{a:.3g} to {b:.3g} s" for a, b in made.forbidden_s) or "none"
            rows += [
                ("job", f"{made.wave.period_s:.3g} s, swings the frequency by {made.swing_hz:.3g} Hz"),
                ("forbidden periods", forbidden),
            ]
            if made.shift_s is not None and made.goodput_frac < 1.0:
                rows.append(("shift to", f"{made.shift_s:.3g} s, {made.goodput_frac:.1%} of the training speed left"))
        show(f"{bench.name}: resonance", rows, made.findings)
    end(made.findings)


@power.command()
def sweep(
    file: CaseFile,
    axis: Annotated[
        list[str] | None, typer.Option("--set", help="KEY=VALUE,VALUE,... such as battery.rating='10 MW,20 MW'.")
    ] = None,
    samples: Annotated[int, typer.Option(min=1, help="Seeds per combination (Monte Carlo).")] = 1,
    level: Annotated[
        str | None,
        typer.Option(help="network or aggregate; default: aggregate, but network where the case needs it (events)."),
    ] = None,
    workers: Annotated[int, typer.Option(min=0, max=256, help="Processes; 0: all cores.")] = 0,
    out: OutFile = None,
    as_json: AsJson = False,
) -> None:
    """Many runs of one case with settings and seeds varied, on all cores.

    Leaves with 1 when runs break a limit, with 2 when runs cannot be made.
    """
    import os

    from gigasite._core.engine import Engine
    from gigasite.power.sweep import axis_of, level_for, tasks_of
    from gigasite.power.sweep import sweep as many
    from gigasite.show import terminal

    axes = dict(axis_of(text) for text in axis or [])
    if "run.level" not in axes:
        found, why = (level, "") if level is not None else level_for(file)
        axes = {"run.level": [found]} | axes
        if why:
            terminal.err().print(f"sweep: {found} level, because {why}")
    bar = terminal.Bar()
    count = workers or len(os.sched_getaffinity(0))
    try:
        table = many(tasks_of(file, axes, samples), Engine(workers=count, progress=bar))
    finally:
        bar.close()
    if out is not None:
        from gigasite.show.power_result import write_table

        write_table(table, out)
    failed, broken = int((table["error"] != "").sum()), int((table["errors"] > 0).sum())
    if as_json:
        counts = {"runs": table.height, "failed": failed, "with_broken_limit": broken}
        emit({"case": str(file)} | counts | {"rows": table.to_dicts()})
    else:
        from gigasite.show.power_text import sweep_rows

        show("sweep", sweep_rows(table, failed, broken), ())
    if failed or broken:
        raise typer.Exit(2 if failed else 1)


@power.command()
def report(
    file: CaseFile,
    out: Annotated[Path, typer.Option("--out", help="Page to write.")] = Path("power.html"),
    trace: TraceFile = None,
    to_gpus: ToGpus = None,
    other: OtherW = 0.0,
    workers: Workers = 1,
) -> None:
    """One page of a case: traces, spectrum, resonance, and the battery for each controller beside the bound."""
    from gigasite._core.files import write_text
    from gigasite._core.finding import worst_first
    from gigasite.show.power_page import power_page

    bench = _bench(file, trace, to_gpus, other, None)
    swing = bench.run()
    response, why = _response(bench)
    sizing, why_not, left_out = _sizing(bench, workers)
    found = worst_first(
        [*swing.findings, *(response.findings if response else ()), *(sizing.findings if sizing else ())]
    )
    study = (swing, response, sizing)
    write_text(
        out,
        power_page(bench.name, study, found, limits=bench.limits, why=(why, why_not), left_out=left_out),
    )
    sys.stdout.write(f"{out} written\n")
    end(found)


def _response(bench: Bench) -> tuple[Resonance | None, str]:
    """Return the plant's response, else why there is none."""
    from gigasite._core.errors import InfeasibleError
    from gigasite.power.resonance import resonance as find
    from gigasite.power.resonance import wave_of

    grid = bench.plant.grid
    if grid is not None and grid.inertia_s is None:
        return None, "the grid is stiff (it has no `inertia`): it holds the frequency, whatever the load does"
    wave = wave_of(bench.load, bench.extra_w)
    mean_w = wave.mean_w if wave else bench.mean_w()
    try:
        return find(bench.controlled(), mean_w, wave, limit_hz=0.3, controller=bench.controller), ""
    except InfeasibleError as error:
        return None, str(error)


def _sizing(bench: Bench, workers: int) -> tuple[Sizing | None, str, list[str]]:
    """Return the sizing, else why there is none, and what it leaves out."""
    from dataclasses import replace

    from gigasite._core.engine import Engine
    from gigasite._core.errors import InfeasibleError, SolverError
    from gigasite.power.size import size as find
    from gigasite.show import terminal

    if not bench.plant.machines and bench.plant.grid is None:
        return None, "the battery forms the grid alone, so nothing else takes a swing", []
    count = len(bench.events)
    left_out = []
    if count:
        named = ", ".join(f"{e.kind} at {e.time_s:g} s" for e in bench.events[:5]) + (", ..." if count > 5 else "")
        left_out = [f"The sizing leaves out what happens to the plant in this run: {named}."]
    bar = terminal.Bar()
    try:
        tried = replace(bench, level="aggregate", step_s=None, events=())
        return find(tried, engine=Engine(workers=workers, progress=bar)), "", left_out
    except (InfeasibleError, SolverError) as error:
        return None, str(error), left_out
    finally:
        bar.close()


@power.command("case")
def case_(file: File, out: Annotated[Path | None, typer.Option("--out", help="Case file to write.")] = None) -> None:
    """Write the case of a campus at full size, to change and run by itself."""
    from gigasite._core.errors import OutputError
    from gigasite._core.files import write_text
    from gigasite.plan.bench import case_of

    campus, d = designed(file)
    text = case_of(campus, d)
    if out is None:
        sys.stdout.write(text)
        return
    if out.exists():
        raise OutputError(f"{out} exists; choose another name")
    write_text(out, text)
    sys.stdout.write(f"{out} written; next: gigasite power run {out}\n")


@power.command()
def andes(file: CaseFile, out: Annotated[Path, typer.Option("--out", help="ANDES case (JSON) to write.")]) -> None:
    """Write the plant, its load's steps and its trips as a case of ANDES and a script that runs it, to check a run.

    `--out x.json` writes x.json and x.py; `python x.py` where ANDES is installed writes time, frequency and voltage to
    x.csv. What ANDES does not get is said on stderr.
    """
    from gigasite._core.errors import OutputError
    from gigasite._core.files import write_text
    from gigasite.power.andes_export import andes_export
    from gigasite.show import terminal

    if out.suffix != ".json":
        raise OutputError(f"{out}: ANDES tells the format by the ending; name it {out.with_suffix('.json').name}")
    made = andes_export(_bench(file, None, None, 0.0, None), out.name)
    script = out.with_suffix(".py")
    write_text(out, made.case)
    write_text(script, made.script)
    terminal.findings(terminal.err(), made.findings)
    sys.stdout.write(f"{out} and {script} written; next, where ANDES is installed: python {script}\n")


@power.command()
def parts(as_json: AsJson = False) -> None:
    """List controllers, limits, shapers, loads, governors and inverters with their settings and defaults."""
    from gigasite.show.power_result import parts_json

    made = parts_json()
    if as_json:
        emit(made)
        return
    for kind, entries in made.items():
        rows = [(name, ", ".join(f"{k} {v}" for k, v in e["settings"].items()) or "-") for name, e in entries.items()]
        show(kind, rows, ())


def _bench(file: Path, trace: Path | None, to_gpus: int | None, other: float, level: str | None) -> Bench:
    from gigasite.power.case import read_bench

    return read_bench(file, trace, to_gpus=to_gpus, other_w=other, level=level)


def _answer(name: str, key: str, swing: Swing, out: Path | None, *, as_json: bool) -> None:
    from gigasite.show.power_result import write_swing
    from gigasite.show.power_text import swing_rows
    from gigasite.show.result import swing_json

    if out is not None:
        write_swing(swing, out)
    if as_json:
        emit({key: name} | swing_json(swing))
    else:
        show(f"{name}: power swing", swing_rows(swing), swing.findings)
    end(swing.findings)
