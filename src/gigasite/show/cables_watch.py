"""`gigasite cables watch|collect`: dumps from the field, and how the bring-up goes from look to look."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gigasite.show.cables import cables
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
