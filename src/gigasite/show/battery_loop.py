"""`gigasite battery read|run|replay|watch|sign|key|tell`: the loop on real units."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gigasite._core.quantity import Quantity
from gigasite._core.quantity import show as shown
from gigasite.show.battery import battery
from gigasite.show.common import AsJson, emit, show

if TYPE_CHECKING:
    from gigasite.field.battery.device import Link, Unit
    from gigasite.field.battery.lockstep import Rehearsal
    from gigasite.field.battery.settings import Setup

Settings = Annotated[Path, typer.Argument(help="Settings of the loop (YAML).", show_default=False)]
Trusted = Annotated[
    list[Path] | None,
    typer.Option("--trusted", help="Public key (PEM) whose signature on the settings counts; may be given again."),
]
Arm = Annotated[
    str | None,
    typer.Option("--arm", help="Write set points, for a duration such as '2 h'; absent: nothing is written."),
]
UNITS_SHOWN = 40
WAIT = "Seconds that units are given to answer, a plain number."


@battery.command()
def key(out: Annotated[Path, typer.Argument(help="Private key to make; the public one is OUT.pub.")]) -> None:
    """A new key with which settings are signed."""
    from gigasite.field.battery.sign import new_key

    public = new_key(out)
    print(f"{out} (keep it to yourself), {public} (give it to those who run the loop)")


@battery.command()
def sign(
    settings: Settings, private: Annotated[Path, typer.Option("--key", help="Private key (PEM) of `battery key`.")]
) -> None:
    """Sign settings, into SETTINGS.sig: a loop writes only by settings that bear a trusted signature."""
    from gigasite.field.battery.settings import read_setup
    from gigasite.field.battery.sign import sign as sign_

    setup = read_setup(settings)
    print(f"{sign_(setup, private)}: settings {setup.digest[:12]}")


@battery.command()
def read(
    settings: Settings,
    wait: Annotated[float, typer.Option("--wait", min=0.1, help=WAIT)] = 5.0,
    as_json: AsJson = False,
) -> None:
    """What every unit and the meter say now, with the quality of each value; writes nothing."""
    from gigasite.field.battery.settings import read_setup
    from gigasite.field.runner import run as run_

    setup = read_setup(settings)
    found = run_(_read(setup, wait))
    if as_json:
        emit(found)
    else:
        _print_read(setup, found)
    if found["absent"] or any(u["quality"] != "good" for u in found["units"]):
        raise typer.Exit(1)


async def _read(setup: Setup, wait_s: float) -> dict[str, Any]:
    from gigasite.field.battery.assemble import assemble, site_of
    from gigasite.field.battery.connect import connect
    from gigasite.field.battery.image import Point, Quality, Status, missing
    from gigasite.field.battery.rig import read_all
    from gigasite.field.battery.status import number

    connected = await connect(setup, wait_s)
    try:
        rig = connected.rig
        answers, metered = await read_all(rig, max(1.0, setup.file.cycle_s))
        units = assemble(rig.units, missing(len(rig.units)), answers, setup.file.cycle_s)
        site = site_of(metered, units)
        silent = {i: await _why(rig.links[i], rig.units[i]) for i, a in enumerate(answers) if a is None}
    finally:
        await connected.close()
    rows = []
    for i, (name, unit) in enumerate(zip(rig.names, rig.units, strict=True)):
        bad = [f"{Point(p).name.lower()}: {Quality(int(q)).name.lower()}" for p, q in enumerate(units.quality[i]) if q]
        bad = [b for b in bad if not b.startswith("heartbeat")]
        rows.append(
            {
                "name": name,
                "rating_w": unit.rating_w,
                "energy_j": unit.energy_j,
                "power_w": number(units.of(Point.POWER_W)[i]),
                "soc_frac": number(units.of(Point.SOC_FRAC)[i]),
                "frequency_hz": number(units.of(Point.FREQUENCY_HZ)[i]),
                "set_w": number(units.of(Point.SET_W)[i]),
                "status": [str(f.name).lower() for f in Status if units.status[i] & f],
                "quality": silent.get(i, "") or "; ".join(bad) or "good",
            }
        )
    meter = {k: number(getattr(site, k)) for k in ("load_w", "source_w", "frequency_hz")}
    return {"battery": setup.file.battery, "units": rows, "site": meter, "absent": connected.absent}


async def _why(link: Link, unit: Unit) -> str:
    """Return why a unit does not answer to what the loop reads of it."""
    from gigasite._core.errors import FieldError

    try:
        for read in unit.reads:
            await link.read(*read)
    except FieldError as error:
        return str(error)
    return "answered too late"


def _print_read(setup: Setup, found: dict[str, Any]) -> None:
    from rich.console import Console

    from gigasite.show import terminal

    units = found["units"]
    whole = sum(u["rating_w"] for u in units)
    energy = sum(u["energy_j"] for u in units)
    rows: list[tuple[str, object]] = [
        ("units", f"{len(units)}, {shown(whole, 'MW')}, {shown(energy, 'MWh')}"),
        ("power", shown(sum(u["power_w"] or 0.0 for u in units), "MW")),
    ]
    if setup.file.meter is not None:
        site = found["site"]
        rows += [
            (k.split("_")[0], shown(v, u) if v is not None else "not known")
            for (k, v), u in zip(site.items(), ("MW", "MW", "Hz"), strict=True)
        ]
    show(f"{found['battery']}: what the units say", rows, [])
    table = [
        (
            u["name"],
            "-" if u["power_w"] is None else shown(u["power_w"], "kW"),
            "-" if u["set_w"] is None else shown(u["set_w"], "kW"),
            "-" if u["soc_frac"] is None else f"{100 * u['soc_frac']:.1f} %",
            " ".join(u["status"]),
            u["quality"],
        )
        for u in units[:UNITS_SHOWN]
    ]
    console = Console(highlight=False, soft_wrap=True)
    console.print(terminal.table("", ("unit", "power", "set point", "charge", "status", "quality"), table))
    if len(units) > UNITS_SHOWN:
        console.print(f"... and {len(units) - UNITS_SHOWN} more; --json holds all")
    for name, why in found["absent"].items():
        console.print(f"{name}: {why}")


@battery.command()
def run(
    settings: Settings,
    arm: Arm = None,
    trusted: Trusted = None,
    for_time: Annotated[
        str | None, typer.Option("--for", help="End after a duration such as '10 min'; absent: until Ctrl-C.")
    ] = None,
    wait: Annotated[float, typer.Option("--wait", min=0.1, help=WAIT)] = 5.0,
    lockstep: Annotated[
        Path | None,
        typer.Option(
            "--lockstep", help="Case of the swing bench (YAML): the same code on emulated units, without sockets."
        ),
    ] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", help="KEY=VALUE in place of the file's, as cycle='50 ms'; not what was signed."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Run the loop: read-only unless --arm is given and the settings are signed by a --trusted key."""
    from gigasite.field.battery.settings import read_setup
    from gigasite.field.runner import run as run_

    setup = read_setup(settings, _pairs(set_))
    if lockstep is not None:
        _rehearse(setup, lockstep, as_json=as_json)
        return
    from gigasite.field.battery.live import Options, live
    from gigasite.field.battery.sign import refusal

    why = refusal(setup, trusted or [])
    if arm is not None and why:
        print(f"the settings count as not signed: {why}; nothing will be written", file=sys.stderr)
    options = Options(
        refusal=why,
        arm_s=None if arm is None else _seconds("--arm", arm),
        for_s=None if for_time is None else _seconds("--for", for_time),
        wait_s=wait,
        say=lambda words: print(words, file=sys.stderr, flush=True),
    )
    done = run_(live(setup, options))
    if as_json:
        realtime = "" if done.realtime is None else str(done.realtime)
        emit({k: getattr(done, k) for k in done.__slots__} | {"realtime": realtime})
    else:
        rows: list[tuple[str, object]] = [
            ("cycles", f"{done.cycles:,} of {shown(setup.file.cycle_s, 'ms')}, {done.missed} missed"),
            ("late", f"p99 {1e3 * done.late_p99_s:.2f} ms, p99.9 {1e3 * done.late_p999_s:.2f} ms"),
            ("read, decide, write", f"p50 {1e3 * done.cycle_p50_s:.1f} ms, p99 {1e3 * done.cycle_p99_s:.1f} ms"),
            ("work", f"{done.transactions:,} transactions, {done.cpu_s:,.1f} s of CPU"),
            ("at the end", f"{done.state}: {done.cause}"),
            ("faults", "; ".join(done.faults) or "none"),
        ]
        if done.log_lost:
            rows.append(("log", f"{done.log_lost} records lost"))
        show(f"{setup.file.battery}: run", rows, [])
    if done.faults or done.log_lost or (arm is not None and why):  # who asked to arm and was not, must hear it
        raise typer.Exit(1)


def _rehearse(setup: Setup, case: Path, *, as_json: bool) -> None:
    from gigasite.field.battery.lockstep import rehearse
    from gigasite.field.emulator.settings import FleetSettings
    from gigasite.field.runner import run as run_
    from gigasite.power.case import read_bench
    from gigasite.show.common import end

    bench = read_bench(case)
    done: Rehearsal = run_(rehearse(setup, bench, FleetSettings()))
    swing = done.swing
    if as_json:
        emit(
            {
                "cycles": done.cycles,
                "state": done.state,
                "cause": done.cause,
                "faults": done.faults,
                "nadir_hz": swing.nadir_hz,
                "peak_hz": swing.peak_hz,
                "ramp_up_w_per_s": swing.ramp_up_w_per_s,
                "ramp_down_w_per_s": swing.ramp_down_w_per_s,
                "battery_peak_w": swing.battery_peak_w,
                "soc_low_frac": float(done.soc_frac.min()),
                "soc_high_frac": float(done.soc_frac.max()),
                "findings": swing.findings,
            }
        )
    else:
        rows: list[tuple[str, object]] = [
            ("cycles", f"{done.cycles:,} in lock-step with {len(setup.addresses)} emulated units"),
            ("frequency", f"{swing.nadir_hz:.3f} to {swing.peak_hz:.3f} Hz"),
            (
                "source's ramp",
                f"{shown(swing.ramp_up_w_per_s, 'MW/s')} up, {shown(swing.ramp_down_w_per_s, 'MW/s')} down",
            ),
            ("battery", f"{shown(swing.battery_peak_w, 'MW')} at most"),
            ("charge", f"{100 * done.soc_frac.min():.1f} to {100 * done.soc_frac.max():.1f} % at the end"),
            ("at the end", f"{done.state}: {done.cause}"),
            ("faults", "; ".join(done.faults) or "none"),
        ]
        show(f"{setup.file.battery}: rehearsal of {bench.name}", rows, swing.findings)
    if done.faults:
        raise typer.Exit(1)
    end(swing.findings)


@battery.command()
def replay(
    logs: Annotated[list[Path], typer.Argument(help="Log files of one run, in order, or its folder.")],
    as_json: AsJson = False,
) -> None:
    """Make every decision of a log again and hold it against what was written then."""
    from importlib.metadata import version

    from gigasite.field.battery.log import read_log
    from gigasite.field.battery.replay import replay as replay_

    paths = [p for given in logs for p in (sorted(given.glob("battery-*.gslog")) if given.is_dir() else [given])]
    if not paths:
        from gigasite._core.errors import InputFileError

        raise InputFileError(str(logs[0]), 0, "holds no log of a battery loop (battery-NNNNNN.gslog)")
    found = replay_(read_log(p) for p in paths)
    if as_json:
        emit({k: getattr(found, k) for k in found.__slots__})
    else:
        rows: list[tuple[str, object]] = [
            ("cycles", f"{found.cycles:,}" + (f" of {found.runs} runs" if found.runs > 1 else "")),
            ("set points written", f"{found.set_points:,}"),
            (
                "decided otherwise now",
                f"{found.different:,} cycles" if found.different else "none: the same to the byte",
            ),
            *[(f"{t:,.1f} s", f"{state}: {cause}") for t, state, cause in found.states],
            *[(f"cycle {d.number}", d.what) for d in found.differences[:10]],
        ]
        if found.cut:
            rows.append(("end of the log", found.cut))
        if set(found.versions) - {version("gigasite")}:
            rows.append(("written by", f"gigasite {', '.join(found.versions)}; this is {version('gigasite')}"))
        show("replay", rows, [])
    if found.different:
        raise typer.Exit(1)


@battery.command()
def tell(
    settings: Settings,
    order: Annotated[str, typer.Argument(help="arm, disarm or stop (ramp to zero and release), clear (a latch).")],
) -> None:
    """Give an order to the loop that runs with these settings on this machine."""
    from gigasite._core.registry import unknown
    from gigasite.field.battery.live import order_path
    from gigasite.field.battery.orders import ORDERS
    from gigasite.field.battery.orders import tell as tell_
    from gigasite.field.battery.settings import read_setup

    if order not in ORDERS:
        raise unknown("order", order, ORDERS)
    answer = tell_(order_path(read_setup(settings)), order)
    print(f"{order}: {answer.get('answer', 'no answer')}")
    if order == "stop":
        print("the loop itself goes on and reads; Ctrl-C or SIGTERM ends it")
    if answer.get("answer") != "taken":
        raise typer.Exit(1)


@battery.command()
def announce(
    settings: Settings,
    stretches: Annotated[
        Path, typer.Argument(help="CSV with the columns start, stop, mean, low, high ('20 s', '150 MW'), from now on.")
    ],
    period: Annotated[
        str | None, typer.Option("--period", help="Iteration period ('4 s'), for the repetitive controller.")
    ] = None,
) -> None:
    """Tell a running loop what the job will draw: look-ahead, mpc and repetitive plan on it."""
    from gigasite.field.battery.announce import read_stretches, spoken
    from gigasite.field.battery.live import order_path
    from gigasite.field.battery.orders import tell as tell_
    from gigasite.field.battery.planner import MOST_S
    from gigasite.field.battery.settings import read_setup

    period_s = None if period is None else _seconds("--period", period)
    line = spoken(read_stretches(stretches), period_s)
    answer = tell_(order_path(read_setup(settings)), line, 2.0 * MOST_S).get("answer", "no answer")
    print(f"announce: {answer}")
    if answer != "taken":
        raise typer.Exit(1)


@battery.command()
def watch(
    settings: Settings,
    once: Annotated[bool, typer.Option("--once", help="Print one picture and end.")] = False,
    wait: Annotated[float, typer.Option("--wait", min=0.0, help="Seconds that the loop is given to begin.")] = 5.0,
    as_json: AsJson = False,
) -> None:
    """The running loop in the terminal: state, site, units, reasons; Ctrl-C ends the watching, not the loop."""
    from gigasite.field.battery.settings import read_setup
    from gigasite.show.battery_watch import begun, follow, picture

    port = read_setup(settings).file.metrics_port
    status = begun(port, wait)
    if as_json:
        emit(status)
    elif once:
        from rich.console import Console

        console = Console(highlight=False)
        console.print(picture(status, width=console.width))
    else:
        follow(port, status)


def _seconds(option: str, text: str) -> float:
    from gigasite._core.errors import QuantityError

    try:
        return Quantity("duration", "positive").parse(text)
    except QuantityError as error:
        raise QuantityError(f"{option}: {error}") from error


def _pairs(given: list[str] | None) -> dict[str, str]:
    from gigasite._core.errors import QuantityError

    out = {}
    for each in given or []:
        name, eq, value = each.partition("=")
        if not eq or not name:
            raise QuantityError(f"--set needs KEY=VALUE, found '{each}'")
        out[name] = value
    return out
