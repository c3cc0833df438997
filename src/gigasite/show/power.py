"""The verbs of the swing bench: run, size, resonance, sweep, case, andes, parts; a campus file goes to `campus`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gigasite.show.common import AsJson, File, Load, LoadGpus, Workers, app, designed, emit, end, file_first, show

if TYPE_CHECKING:
    from gigasite.power.case import Bench
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
        show(f"{bench.name}: battery", _size_rows(made), found)
    end(found)


def _size_rows(made: Sizing) -> list[tuple[str, object]]:
    """Return the comparison as aligned columns: power, energy, both over the bound's, limits."""
    rows: list[tuple[str, object]] = [("", f"{'power':>10}  {'energy':>12}  over the bound")]
    for name, b in (("bound", made.bound), ("bound, closed", made.closed)):
        if b is not None:
            binds = f"set by {', '.join(b.binding)}" if b.binding else ""
            rows.append(
                (name, f"{b.power_w / 1e6:>7,.1f} MW  {b.energy_j / 3.6e6:>8,.1f} kWh  {'':14}  {binds}".rstrip())
            )
    for r in made.rows:
        ratios = "".join("      -" if x is None else f"{x:7.2f}" for x in (r.power_ratio, r.energy_ratio))
        verdict = "holds all limits" if r.holds else f"breaks {len(r.broken)}"
        name = r.kind if r.ends == "free" else f"{r.kind}, closed"
        rows.append((name, f"{r.power_w / 1e6:>7,.1f} MW  {r.energy_j / 3.6e6:>8,.1f} kWh  {ratios}  {verdict}"))
    broken = sorted({b for r in made.rows for b in r.broken})
    rows += [
        ("broken", f"{text} ({', '.join(sorted({r.kind for r in made.rows if text in r.broken}))})") for text in broken
    ]
    if made.closed is not None:
        rows.append(("closed", "the battery ends as full as it began"))
    for name, (p, e) in zip(["front"] + [""] * len(made.front), made.front, strict=False):
        rows.append((name, f"{p / 1e6:>7,.1f} MW  {e / 3.6e6:>8,.1f} kWh"))
    return rows


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
    level: Annotated[str, typer.Option(help="network or aggregate.")] = "aggregate",
    workers: Annotated[int, typer.Option(min=0, max=256, help="Processes; 0: all cores.")] = 0,
    out: OutFile = None,
    as_json: AsJson = False,
) -> None:
    """Many runs of one case with settings and seeds varied, on all cores."""
    import os

    from gigasite._core.engine import Engine
    from gigasite._core.errors import InfeasibleError
    from gigasite.power.sweep import sweep as many
    from gigasite.power.sweep import tasks_of
    from gigasite.show import terminal

    axes: dict[str, list[str]] = {"run.level": [level]}
    for text in axis or []:
        key, equals, values = text.partition("=")
        if not equals or not values:
            raise InfeasibleError(f"--set {text}: write KEY=VALUE,VALUE such as load.period='1 s,2 s'")
        axes[key.strip()] = [v.strip() for v in values.split(",")]
    bar = terminal.Bar()
    count = workers or len(os.sched_getaffinity(0))
    try:
        table = many(tasks_of(file, axes, samples), Engine(workers=count, progress=bar))
    finally:
        bar.close()
    if out is not None:
        from gigasite.show.power_result import write_table

        write_table(table, out)
    if as_json:
        emit({"case": str(file), "runs": table.height, "rows": table.to_dicts()})
    else:
        _sweep_text(table)


def _sweep_text(table: Any) -> None:
    rows: list[tuple[str, object]] = [("runs", table.height), ("with a broken limit", int((table["errors"] > 0).sum()))]
    for name in ("nadir_hz", "peak_hz", "peak_to_peak_hz", "rocof_hz_per_s", "battery_power_w", "battery_energy_j"):
        values = table[name].drop_nulls()
        if len(values):
            p10, p50, p90 = (float(values.quantile(q) or 0.0) for q in (0.1, 0.5, 0.9))
            rows.append((name, f"P10 {p10:,.5g}, P50 {p50:,.5g}, P90 {p90:,.5g}"))
    show("sweep", rows, ())


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
    from dataclasses import replace

    from gigasite._core.engine import Engine
    from gigasite._core.errors import InfeasibleError
    from gigasite._core.files import write_text
    from gigasite._core.finding import worst_first
    from gigasite.power.resonance import resonance as find_resonance
    from gigasite.power.resonance import wave_of
    from gigasite.power.size import size as find_size
    from gigasite.show import terminal
    from gigasite.show.power_page import power_page

    bench = _bench(file, trace, to_gpus, other, None)
    swing = bench.run()
    made, why, sizing = None, "", None
    if swing.islanded:
        wave = wave_of(bench.load, bench.extra_w)
        try:
            mean_w = wave.mean_w if wave else bench.mean_w()
            made = find_resonance(bench.controlled(), mean_w, wave, limit_hz=0.3, controller=bench.controller)
        except InfeasibleError as error:
            why = str(error)
    bar = terminal.Bar()
    try:
        sizing = find_size(replace(bench, level="aggregate", events=()), engine=Engine(workers=workers, progress=bar))
    finally:
        bar.close()
    found = worst_first([*swing.findings, *(made.findings if made else ()), *sizing.findings])
    write_text(out, power_page(bench.name, swing, made, sizing, list(found), why))
    sys.stdout.write(f"{out} written\n")
    end(found)


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
    """Write the plant and its load's steps as a case of ANDES, for a second opinion."""
    from gigasite._core.files import write_text
    from gigasite.power.andes_case import andes_json

    bench = _bench(file, None, None, 0.0, None)
    write_text(out, andes_json(bench.controlled(), bench.load, extra_w=bench.extra_w))
    sys.stdout.write(f"{out} written\n")


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
    from gigasite.show.result import swing_json

    if out is not None:
        write_swing(swing, out)
    if as_json:
        emit({key: name} | swing_json(swing))
    else:
        rows: list[tuple[str, object]] = [
            ("plant", f"{'island' if swing.islanded else 'beside the grid'}, {swing.level} level"),
            ("controller", swing.controller),
            (
                "frequency",
                f"{swing.nadir_hz:.3f} to {swing.peak_hz:.3f} Hz, {swing.rocof_hz_per_s:.2f} Hz/s",
            ),
        ]
        if swing.voltage_pu is not None:
            rows.append(("voltage", f"{swing.voltage_pu.min():.4f} to {swing.voltage_pu.max():.4f} pu"))
        rows += [
            (
                "source ramp over 1 s",
                f"{swing.ramp_up_w_per_s * 60 / 1e6:,.0f} up, {swing.ramp_down_w_per_s * 60 / 1e6:,.0f} down MW/min",
            ),
            (
                "battery",
                f"{swing.battery_peak_w / 1e6:,.1f} MW, {swing.battery_used_j / 3.6e6:,.0f} kWh used, charge {swing.soc_frac.min():.1%} to {swing.soc_frac.max():.1%}",
            ),
            *[(name, f"{value:,.4g}") for name, value in swing.figures.items()],
        ]
        show(f"{name}: power swing", rows, swing.findings)
    end(swing.findings)
