"""The verbs of cooling: a year of the plant, and the steady flow in any network of pipes."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gigasite.show.common import AsJson, File, Weather, app, designed, emit, end, file_first, show

if TYPE_CHECKING:
    from gigasite.campus.schema import Campus
    from gigasite.cooling.types import Cooling

cooling = typer.Typer(
    cls=file_first("year"),
    help="Heat, water, pipes: a year of the plant, and the steady flow in any network of pipes.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.add_typer(cooling, name="cooling")
SHOWN = 20  # links that are printed on a terminal; --json and --out hold all


@cooling.command()
def year(file: File, weather: Weather = None, as_json: AsJson = False) -> None:
    """A year of cooling: PUE, water, hours in which the supply is too warm."""
    from gigasite.cooling import simulate, weather_of
    from gigasite.plan import Inputs
    from gigasite.plan.story import mean_it_power, the_load
    from gigasite.show.result import cooling_json

    campus, d = designed(file)
    found = simulate(campus, d, weather_of(campus, weather), mean_it_power(the_load(campus, d, Inputs())))
    if as_json:
        emit({"campus": campus.name} | cooling_json(found))
    else:
        rows: list[tuple[str, object]] = [
            ("weather", found.weather.source),
            ("PUE", f"{found.pue:.3f}, worst hour {found.pue_peak:.3f}"),
            ("water", f"{found.water_m3:,.0f} m3 a year, {found.wue_l_per_kwh:.2f} L/kWh"),
            ("water a day", _water(campus, found)),
            ("plant", f"{found.plant_peak_w / 1e6:,.2f} MW at most"),
            ("chillers run", f"{found.chiller_hours} h"),
            ("supply too warm", f"{found.hours_short} h, on {found.days_short} days"),
            ("energy", f"{found.energy_j / 3.6e15:,.3f} TWh a year"),
            *[
                (f"  month {m.month}", f"PUE {m.pue:.3f}, {m.wue_l_per_kwh:.2f} L/kWh, chillers {m.chiller_hours} h")
                for m in found.months
            ],
        ]
        show(f"{campus.name}: cooling", rows, found.findings)
    end(found.findings)


def _water(campus: Campus, found: Cooling) -> str:
    """Return water per day beside what the site may draw."""
    have = campus.site.water_m3_per_s
    beside = "" if have is None else f"; the site may draw {have * 86400:,.0f}"
    return f"{found.water_m3 / 365:,.0f} m3, {found.water_peak_m3_per_day:,.0f} at most{beside}"


@cooling.command()
def solve(
    network: Annotated[Path, typer.Argument(help="Network (JSON, gigasite-network/1).", show_default=False)],
    out: Annotated[Path | None, typer.Option("--out", help="JSON file for the result.")] = None,
    hold_pressure: Annotated[
        list[str] | None,
        typer.Option("--hold-pressure", help="PUMP+PUMP:HIGH:LOW:PA: their speed holds a pressure between two nodes."),
    ] = None,
    hold_flow: Annotated[
        list[str] | None, typer.Option("--hold-flow", help="VALVE:M3_PER_S: its loss holds a flow.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Flow in every pipe, valve and pump and pressure at every node of a network."""
    from dataclasses import replace

    import numpy as np

    from gigasite._core.files import write_text
    from gigasite._core.finding import worst_first
    from gigasite.cooling.controls import asked, controlled
    from gigasite.cooling.hydraulics import solve as solve_network
    from gigasite.cooling.network_file import read_network, result_json
    from gigasite.show.result import dumps

    net = read_network(network)
    wanted = asked(hold_pressure or (), hold_flow or ())
    if wanted:
        net, flow, found = controlled(net, wanted)
        flow = replace(flow, findings=worst_first([*found, *flow.findings]))
    else:
        flow = solve_network(net)
    result = result_json(net, flow)
    if wanted:
        result["controls"] = {
            x: float((net.speed_frac if c.kind == "pressure" else net.loss_k)[net.link_ids.index(x)])
            for c in wanted
            for x in c.links
        }
    if out is not None:
        write_text(out, dumps(result) + "\n")
    if as_json:
        emit(result)
    else:
        q = flow.flow_m3_per_s
        known = flow.pressure_pa[~np.isnan(flow.pressure_pa)]
        low, high = float(known.min()), float(known.max())
        rows: list[tuple[str, object]] = [
            ("nodes, links", f"{len(net.node_ids):,}, {len(net.link_ids):,}"),
            ("steps", f"{flow.iterations}, imbalance {flow.residual_m3_per_s:.1e} m3/s at most"),
            ("pressure", f"{low / 1e3:,.1f} to {high / 1e3:,.1f} kPa"),
        ]
        largest = sorted(range(len(q)), key=lambda i: -abs(q[i]))[:SHOWN]
        rows += [(f"  {net.link_ids[i]}", f"{q[i] * 6e4:,.1f} L/min") for i in largest]
        if len(q) > SHOWN:
            rows.append(("", f"and {len(q) - SHOWN:,} smaller flows: --json or --out has all"))
        show(f"{net.name or network.name}: steady flow", rows, flow.findings)
    end(flow.findings)


@cooling.command()
def loop(
    file: File,
    out: Annotated[Path | None, typer.Option("--out", help="Folder for network.json and the tables of pipes.")] = None,
    as_json: AsJson = False,
) -> None:
    """The campus's facility loop: pipes sized, racks balanced, pumps, welds, what breaks a limit."""
    from gigasite._core.files import write_text
    from gigasite.cooling.network_file import network_json
    from gigasite.cooling.plant_network import facility_loop
    from gigasite.cooling.quantities import quantities
    from gigasite.show.cooling_result import loop_json, loop_rows
    from gigasite.show.result import dumps

    campus, d = designed(file)
    made = facility_loop(campus, d)
    parts = quantities(made)
    result = loop_json(campus, d, made, parts)
    if out is not None:
        write_text(out / "network.json", dumps(network_json(made.network)) + "\n")
        write_text(out / "pipes.csv", parts.pipes.write_csv(float_precision=6))
        write_text(out / "bill.csv", parts.bill.write_csv(float_precision=6))
        write_text(out / "points.csv", parts.points.write_csv(float_precision=6))
    if as_json:
        emit(result)
    else:
        show(f"{campus.name}: facility loop", loop_rows(result), made.findings)
    end(made.findings)


@cooling.command()
def trip(
    file: File,
    event: Annotated[str, typer.Option("--event", help="pump, power, chiller, valve, cdu.")] = "power",
    at: Annotated[float, typer.Option("--at", help="When it begins [s].")] = 60.0,
    away: Annotated[float, typer.Option("--for", help="How long power is away [s].")] = 10.0,
    duration: Annotated[float, typer.Option("--duration", help="Length of the run [s].")] = 600.0,
    step: Annotated[float, typer.Option("--step", help="Time step [s].")] = 1.0,
    ups: Annotated[bool | None, typer.Option("--ups/--no-ups", help="Facility pumps on batteries.")] = None,
    steady: Annotated[bool, typer.Option("--steady", help="Typical power all the time in place of the job.")] = False,
    as_json: AsJson = False,
) -> None:
    """What happens when something stops: seconds until GPUs throttle, rack by rack."""
    from gigasite.cooling.plant_network import facility_loop
    from gigasite.cooling.transient import Ask
    from gigasite.cooling.transient import trip as run_trip
    from gigasite.plan import Inputs
    from gigasite.plan.story import the_load
    from gigasite.show.cooling_result import trip_json, trip_rows

    campus, d = designed(file)
    ask = Ask(event=event, at_s=at, for_s=away, duration_s=duration, dt_s=step, ups=ups)
    made = facility_loop(campus, d)
    found = run_trip(campus, d, made, None if steady else the_load(campus, d, Inputs()), ask)
    result = trip_json(campus, d, made, found)
    if as_json:
        emit(result)
    else:
        show(f"{campus.name}: {event}", trip_rows(result), found.findings)
    end(found.findings)


@cooling.command()
def hammer(
    file: File,
    closing: Annotated[float, typer.Option("--closing", min=0.0, help="Stroke of a row's valve [s].")] = 10.0,
    coasting: Annotated[
        float, typer.Option("--coasting", min=0.0, help="In which tripped pumps lose their head [s].")
    ] = 6.0,
    as_json: AsJson = False,
) -> None:
    """Water hammer on the way to the farthest row: a valve that slams or closes, pumps that trip."""
    from gigasite.cooling.hammer import hammer_findings, joukowsky_pa, surge, worst_line
    from gigasite.cooling.plant_network import facility_loop

    campus, d = designed(file)
    line = worst_line(facility_loop(campus, d))
    sudden, slow = surge(line, closing_s=0.0), surge(line, closing_s=closing)
    trips = surge(line, coasting_s=coasting)
    found = hammer_findings(sudden, slow, trips, line)
    velocity = float(line.flow_m3_per_s[-1] / (math.pi / 4 * line.inner_m[-1] ** 2))
    result = {
        "campus": campus.name,
        "length_m": float(line.length_m.sum()),
        "wave_m_per_s": line.wave_m_per_s.tolist(),
        "echo_s": line.echo_s,
        "start_pa": line.start_pa,
        "joukowsky_pa": joukowsky_pa(line.density_kg_per_m3, float(line.wave_m_per_s[-1]), velocity),
        "sudden_highest_pa": sudden.highest_pa,
        "closing_s": closing,
        "closing_highest_pa": slow.highest_pa,
        "coasting_s": coasting,
        "trip_lowest_pa": trips.lowest_pa,
        "findings": [f.to_json() for f in found],
    }
    if as_json:
        emit(result)
    else:
        rows: list[tuple[str, object]] = [
            ("way", f"{result['length_m']:,.0f} m to the farthest row, there and back in {line.echo_s:.2f} s"),
            ("at rest", f"{line.start_pa / 1e5:.1f} bar at the pumps"),
            ("slammed", f"{sudden.highest_pa / 1e5:.1f} bar; Joukowsky's step {result['joukowsky_pa'] / 1e5:.1f} bar"),
            (f"closed in {closing:g} s", f"{slow.highest_pa / 1e5:.1f} bar"),
            ("pumps trip", f"{trips.lowest_pa / 1e5:.2f} bar at least"),
        ]
        show(f"{campus.name}: water hammer", rows, found)
    end(found)


@cooling.command()
def isolate(
    file: File,
    link: Annotated[str, typer.Argument(help="Pipe, valve or pump, as `cooling loop --out` names it.")],
    as_json: AsJson = False,
) -> None:
    """Which racks are lost when a valve is shut or a pipe is cut off after a leak."""
    from gigasite.cooling.isolation import isolate as shut
    from gigasite.cooling.plant_network import facility_loop

    campus, d = designed(file)
    made = facility_loop(campus, d)
    found = shut(made, link)
    label = d.racks["label"].to_list()
    lost = [label[made.terminals.rack[i]] for i in found.lost.tolist()]
    short = [label[made.terminals.rack[i]] for i in found.short.tolist()]
    if as_json:
        emit(
            {
                "campus": campus.name,
                "link": link,
                "lost": lost,
                "short": short,
                "rest_frac": found.rest_frac,
                "drained_m3": found.drained_m3,
            }
        )
    else:
        rows: list[tuple[str, object]] = [
            ("lost", f"{len(lost)} racks: {', '.join(lost[:8])}{' ...' if len(lost) > 8 else ''}"),
            ("short of flow", f"{len(short)} racks: {', '.join(short[:8])}{' ...' if len(short) > 8 else ''}"),
            ("the others", f"{found.rest_frac:.0%} of design flow at most"),
            ("a leak lets out", f"{found.drained_m3:,.2f} m3"),
        ]
        show(f"{campus.name}: {link} shut", rows, [])
