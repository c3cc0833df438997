"""The verbs of one chapter each: design, training, decide, sites."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gigasite.show.common import (
    AsJson,
    File,
    Load,
    LoadGpus,
    app,
    designed,
    emit,
    end,
    read_campus,
    show,
)


@app.command("design")
def design_(file: File, as_json: AsJson = False) -> None:
    """Halls, racks, fabric, power chain, cooling plant, parts."""
    from gigasite.show.result import design_json
    from gigasite.show.terminal import usd

    campus, d = designed(file)
    if as_json:
        emit({"campus": campus.name} | design_json(d))
    else:
        p, c = d.power, d.cooling
        area = sum(h.length_m * h.width_m for h in d.halls)
        rows: list[tuple[str, object]] = [
            ("halls", f"{len(d.halls)}, {area:,.0f} m2"),
            ("racks", d.racks.height),
            ("arrays", d.arrays),
            ("devices", d.devices.height),
            ("links", len(d.links)),
            *[
                (f"{name} network", f"{f.kind}, " + ", ".join(f"{t.switches:,} {t.tier}" for t in f.by_tier))
                for name, f in zip(d.networks, d.fabrics, strict=True)
            ],
            (
                "peak power",
                f"{p.peak_w / 1e6:,.1f} MW (IT {p.it_typical_w / 1e6:,.1f}, network {p.network_w / 1e6:,.1f}, cooling {p.cooling_w / 1e6:,.1f}, losses {p.loss_w / 1e6:,.1f})",
            ),
            (
                "supply",
                f"grid {p.grid_w / 1e6:,.0f} MW, gensets {p.genset_w / 1e6:,.0f} MW, battery {p.battery_w / 1e6:,.0f} MW / {p.battery_j / 3.6e9:,.0f} MWh",
            ),
            (
                "chain",
                f"{p.switchgear} switchgear, {p.transformers} unit substations, {p.busways} busways",
            ),
            (
                "cooling plant",
                f"{c.scheme}: {c.towers} towers, {c.dry_coolers} dry coolers, {c.chillers} chillers, {c.cdus} CDUs",
            ),
            ("parts", f"{usd(d.capex.likely_usd)} without cables"),
        ]
        show(f"{campus.name}: design", rows, d.findings)
    end(d.findings)


@app.command()
def training(file: File, load: Load = None, load_gpus: LoadGpus = None, as_json: AsJson = False) -> None:
    """The job: step time, power levels, goodput."""
    from gigasite.plan import Inputs
    from gigasite.plan.story import the_load
    from gigasite.show.result import training_json
    from gigasite.training import goodput_of

    campus, d = designed(file)
    trace = the_load(campus, d, Inputs(load=load, load_gpus=load_gpus))
    good = goodput_of(campus)
    figures = {n: getattr(good, n) for n in ("mtbf_s", "best_interval_s", "ettr_frac")}
    if as_json:
        emit(
            {"campus": campus.name}
            | training_json(trace)
            | {"goodput": figures, "findings": [f.to_json() for f in trace.findings]}
        )
    else:
        step = trace.step
        rows: list[tuple[str, object]] = [
            (
                "load",
                f"{trace.source}, {trace.duration_s:,.0f} s, {trace.power_w.min() / 1e6:,.1f} to {trace.power_w.max() / 1e6:,.1f} MW",
            ),
            (
                "step",
                ""
                if step is None
                else f"{step.step_s:,.3g} s ({step.communication_s:,.3g} s exposed communication), {step.tokens_per_s:,.4g} tokens/s",
            ),
            ("failures", f"one in {good.mtbf_s / 3600:,.2f} h"),
            ("effective training time", f"{good.ettr_frac:.1%}"),
            ("best checkpoint interval", f"{good.best_interval_s:,.0f} s"),
        ]
        show(f"{campus.name}: training", rows, trace.findings)


@app.command()
def decide(file: File, as_json: AsJson = False) -> None:
    """Build, lease or rent: worth, days, break-evens."""
    from gigasite.decide import lease_or_build
    from gigasite.plan import plan as make
    from gigasite.show import terminal

    bar = terminal.Bar()
    made = lease_or_build(make(read_campus(file), progress=bar))
    bar.close()
    if as_json:
        options = [{n: getattr(o, n) for n in o.__slots__} for o in made.options]
        emit({n: getattr(made, n) for n in made.__slots__ if n != "options"} | {"options": options})
        return
    rows: list[tuple[str, object]] = []
    for o in made.options:
        days = f"first step day {o.first_step_day[1]:.0f}, all GPUs day {o.full_size_day[1]:.0f}"
        rows.append(
            (
                o.name,
                f"{days}, worth {terminal.usd(o.npv_usd[1])} (P10 {terminal.usd(o.npv_usd[0])}, P90 {terminal.usd(o.npv_usd[2])}), best in {o.best_frac:.0%}",
            )
        )
    rows += [
        (
            "a day of delay",
            f"{terminal.usd(made.cost_of_delay_usd_per_day)} of GPU-hours; idle capital {terminal.usd(made.idle_capital_usd_per_day)} (another view, not to be added)",
        ),
        ("build stays ahead until", f"{made.break_even_delay_days:,.0f} days late"),
        ("build may be dearer by", f"{made.break_even_premium_frac:+.1%}"),
        *made.inputs.items(),
    ]
    show("decision", rows, ())


@app.command()
def sites(
    file: Annotated[Path, typer.Argument(help="File of candidate sites (YAML).", show_default=False)],
    as_json: AsJson = False,
) -> None:
    """Where: hard filters, then first-step day and cost of the same campus on each site."""
    from gigasite.campus.sites import load_sites
    from gigasite.decide import rank_sites
    from gigasite.show import terminal

    base, candidates = load_sites(file)
    bar = terminal.Bar()
    ranked = rank_sites(base, candidates, progress=bar)
    bar.close()
    if as_json:
        emit(
            {
                "campus": base.name,
                "sites": [{n: getattr(r, n) for n in r.__slots__} for r in ranked],
            }
        )
        return
    rows: list[tuple[str, object]] = []
    for r in ranked:
        if r.stopped_by:
            rows += [(r.name, "does not pass"), *[("", f"- {s}") for s in r.stopped_by]]
        else:
            rows.append(
                (
                    r.name,
                    f"first step day {r.first_step_day[1]:.0f}, all GPUs day {r.full_size_day[1]:.0f}, {terminal.usd(r.cost_usd)}, worth {terminal.usd(r.npv_usd)}, PUE {r.pue:.3f}",
                )
            )
    show("sites", rows, ())
