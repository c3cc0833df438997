"""`gigasite cables watch|collect`: dumps from the field, and how the bring-up goes from look to look."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gigasite.show.cables import SHOWN, cables
from gigasite.show.cables_diagnose import read_plan_of
from gigasite.show.common import AsJson, emit, show

if TYPE_CHECKING:
    import polars as pl

    from gigasite.field.watch import Look

Plan = Annotated[Path, typer.Argument(help="Campus file, or plan (CSV: a_node,a_port,z_node,z_port).")]


@cables.command()
def watch(
    plan: Plan,
    dumps: Annotated[Path, typer.Argument(help="Folder into which dumps are copied.")],
    store: Annotated[Path, typer.Option("--store", help="Folder of snapshots: only added to.")] = Path("snapshots"),
    out: Annotated[Path | None, typer.Option("--out", help="HTML page of the burn-down, or CSV file.")] = None,
    poll: Annotated[float, typer.Option("--poll", min=0.05, max=86400.0, help="Seconds between looks.")] = 10.0,
    once: Annotated[bool, typer.Option("--once", help="One look, then stop; exit code 1 if a cause is open.")] = False,
    as_json: AsJson = False,
) -> None:
    """Look again whenever dumps change: causes, orders, burn-down. With --json one object a look, one a line."""
    from gigasite.field.watch import watch as run

    made = read_plan_of(plan)
    bad = 0

    def report(look: Look) -> None:
        nonlocal bad
        bad = _report(plan.name, look, store, out, as_json=as_json)

    run(made, dumps, store, report, poll_s=poll, once=once)
    if bad:
        raise typer.Exit(bad)


@cables.command()
def collect(
    hosts: Annotated[
        Path, typer.Argument(help="CSV file: host,platform and any of address,port,user.", show_default=False)
    ],
    out: Annotated[Path, typer.Option("--out", help="Folder for one file a device and command.")] = Path("dumps"),
    workers: Annotated[int, typer.Option(min=1, max=4096, help="Devices at a time.")] = 64,
    login_timeout: Annotated[float, typer.Option(min=0.1, max=3600.0, help="Seconds for logging in.")] = 15.0,
    timeout: Annotated[float, typer.Option(min=0.1, max=86400.0, help="Seconds for one command.")] = 60.0,
    most_mb: Annotated[float, typer.Option(min=0.001, max=2000.0, help="Most that a command may print [MB].")] = 64.0,
    user: Annotated[str, typer.Option(help="Login name; else that of ssh's settings.")] = "",
    key: Annotated[str, typer.Option(help="File of a private key; else ssh's own and its agent.")] = "",
    known_hosts: Annotated[str, typer.Option(help="File of host keys; else ssh's own.")] = "",
    check_host_keys: Annotated[
        bool, typer.Option("--check-host-keys/--no-check-host-keys", help="Refuse devices whose key is not known.")
    ] = True,
    as_json: AsJson = False,
) -> None:
    """Ask many devices over ssh, with commands that only read; exit code 1 if one failed."""
    from gigasite.field.collect import Ask
    from gigasite.field.collect import collect as run
    from gigasite.field.hosts import read_hosts
    from gigasite.show import terminal

    ask = Ask(
        workers=workers, login_s=login_timeout, command_s=timeout, most_bytes=round(most_mb * 1e6), user=user, key=key,
        known_hosts=known_hosts, check_host_keys=check_host_keys,
    )  # fmt: skip
    bar = terminal.Bar()
    try:
        answers = run(read_hosts(hosts), out, ask, bar)
    finally:
        bar.close()
    failed = [a for a in answers if a.error]
    if as_json:
        fields = ("host", "command", "file", "size", "wall_s", "error")
        emit({"out": str(out), "failed": len(failed), "answers": [{n: getattr(a, n) for n in fields} for a in answers]})
    else:
        rows: list[tuple[str, object]] = [
            ("devices", len({a.host for a in answers})),
            ("files", f"{len(answers) - len(failed):,}, {sum(a.size for a in answers) / 1e6:,.1f} MB"),
            ("failed", len(failed)),
            *((f"  {a.host}", f"{a.command}: {a.error}") for a in failed[:SHOWN]),
        ]
        if len(failed) > SHOWN:
            rows.append(("", f"and {len(failed) - SHOWN:,} more: --json has all"))
        show(f"{hosts.name} into {out}", rows, ())
    if failed:
        raise typer.Exit(1)


def _report(name: str, look: Look, store: Path, out: Path | None, *, as_json: bool) -> int:
    """Print a look; return the exit code that it stands for."""
    import sys

    from gigasite._core.files import write_text
    from gigasite.cabling.snapshots import burn_down, by_day, load
    from gigasite.show.bringup_page import bringup_page

    if look.found is None or not look.number:
        sys.stderr.write(f"{look.time}: {look.error}\n")
        return 2
    table = burn_down(store)
    days = by_day(table)
    causes = load(store, look.number).causes
    if out is not None:
        page = out.suffix.lower() in {".html", ".htm"}
        write_text(out, bringup_page(name, table, days, causes) if page else table.write_csv())
    if as_json:
        emit(_json(look, table, causes))
    else:
        show(f"{name}: look {look.number} at {look.time}", _rows(table), look.found.findings)
    return 1 if causes.height else 0


def _json(look: Look, table: pl.DataFrame, causes: pl.DataFrame) -> dict[str, Any]:
    now = table.filter(table["snapshot"] == look.number)
    return {
        "snapshot": look.number,
        "time": look.time,
        "halls": now.drop("snapshot", "time").fill_nan(None).to_dicts(),
        "causes": causes.to_dicts(),
    }


def _rows(table: pl.DataFrame) -> list[tuple[str, object]]:
    from gigasite.show.bringup_page import percent

    whole = table.filter(table["hall"] == 0).to_dicts()
    r = whole[-1]
    state = f"{r['right']:,} of {r['links']:,} right, {r['wrong']:,} wrong, {r['dark']:,} dark"
    rows: list[tuple[str, object]] = [
        ("links", f"{state}, {r['links'] - r['known']:,} not told of"),
        ("since the look before", f"{r['healed']:,} healed, {r['broken']:,} broken"),
        ("causes", f"{r['causes_open']:,} open, {r['causes_new']:,} new, {r['causes_closed']:,} closed"),
        ("first-pass yield", percent(r["first_pass_frac"])),
    ]
    rows += [(f"  {w['time']}", f"{w['links'] - w['right']:,} to go, {w['causes_open']:,} causes") for w in whole[-10:]]
    return rows
