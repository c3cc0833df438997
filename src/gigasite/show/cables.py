"""The verbs of the cables: plan, diff, export, labels, read, rules; a campus file goes to `plan`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gigasite.show.common import (
    AsJson,
    File,
    Observed,
    ObservedPlan,
    Workers,
    app,
    designed,
    emit,
    end,
    file_first,
    show,
)

if TYPE_CHECKING:
    import polars as pl

    from gigasite.cabling.export import Book
    from gigasite.cabling.types import CablePlan, Comparison
    from gigasite.design.types import Design

cables = typer.Typer(
    cls=file_first("plan"),
    help="Every cable: route, length, part, label; what changes; files for those who order, pull and check.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.add_typer(cables, name="cables")

SomeFile = Annotated[Path | None, typer.Argument(help="Campus file (YAML).", show_default=False)]
Listed = Annotated[bool, typer.Option("--list", help="List what there is, and stop.")]
OfFabric = Annotated[str | None, typer.Option("--fabric", help="Only cables of this fabric.")]
OfHall = Annotated[int | None, typer.Option("--hall", min=1, help="Only cables that end in this hall.")]
OfRow = Annotated[int | None, typer.Option("--row", min=1, help="Only cables that end in this row of the hall.")]
ChangesFile = Annotated[Path | None, typer.Option("--out", help="CSV file for the changes.")]
SHOWN = 20  # changes that are printed on a terminal; --out and --json hold all


@cables.command()
def plan(
    file: File,
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder for cables.csv, cables.parquet, segments.csv.")
    ] = None,
    observed: Observed = None,
    observed_plan: ObservedPlan = None,
    as_json: AsJson = False,
) -> None:
    """Every cable with length and part; what is really cabled, compared port by port."""
    from gigasite.cabling import plan as plan_cables
    from gigasite.design.fit import NICS
    from gigasite.plan import Inputs
    from gigasite.plan.story import observation
    from gigasite.show.result import cables_json

    campus, d = designed(file)
    made = plan_cables(campus, d)
    seen = observation(campus, d, made, Inputs(observed=observed, observed_plan=observed_plan))
    found = [*made.findings, *(f for f in d.findings if f.where == NICS), *(seen.findings if seen else ())]
    if out is not None:
        _write(d, made, out)
    if as_json:
        emit(
            {"campus": campus.name}
            | cables_json(made)
            | {"gpu_fabric_table_cables": sum(d.fabrics[0].cables)}
            | {
                "mismatches": seen.mismatches.to_dicts() if seen else None,
                "findings": [f.to_json() for f in found],
            }
        )
    else:
        show(f"{campus.name}: cables", _rows(d, made, seen), found)
    end(found)


def _rows(d: Design, made: CablePlan, seen: Comparison | None) -> list[tuple[str, object]]:
    from gigasite.show.terminal import usd

    fills = made.segments.group_by("kind").max().sort("kind")
    optical = made.modules.filter(made.modules["price_usd"] > 0)["count"].sum()
    rows: list[tuple[str, object]] = [
        ("cables", f"{made.count:,}, {made.gpu_fabric_count:,} of them in the GPU fabric; one for every link"),
        ("length", f"{made.total_m / 1000:,.0f} km"),
        ("modules", f"{optical:,}, with active cable ends {made.optics_w / 1e6:,.2f} MW"),
        ("trays", ", ".join(f"{r['kind']} {r['trays']} at most ({r['fill_frac']:.0%} full)" for r in fills.to_dicts())),
        ("cost", usd(made.cost.likely_usd)),
    ]
    planes = d.fabrics[0].planes
    if planes > 1:
        table = f"{sum(d.fabrics[0].cables):,} for the GPU fabric: of one NIC the {planes} links of all planes together"
        rows.insert(1, ("as tables count", table))
    if seen is not None:
        rows.append(
            (
                "observed",
                f"{seen.ports_right} of {seen.ports_planned} ports as planned, {seen.mismatches.height} differ",
            )
        )
        rows += [
            (
                f"  {m['node']} {m['port']}",
                f"planned {m['planned_node']} {m['planned_port']}, seen {m['seen_node']} {m['seen_port']}",
            )
            for m in seen.mismatches.head(SHOWN).to_dicts()
        ]
    return rows


def _write(d: Design, made: CablePlan, out: Path) -> None:
    from gigasite._core.files import folder_beside
    from gigasite.show.export import cable_files

    with folder_beside(out) as folder:
        cable_files(d, made, folder)


@cables.command("diff")
def diff_(
    old: Annotated[Path, typer.Argument(help="Campus file, plan.csv, cables.parquet or the folder of a plan.")],
    new: Annotated[Path, typer.Argument(help="The same of later.")],
    out: ChangesFile = None,
    as_json: AsJson = False,
) -> None:
    """What to add, remove, move and re-part to get from one plan to another."""
    from gigasite.cabling import diff

    _changes(f"{old.name} to {new.name}", diff(_plan_of(old), _plan_of(new)), out, as_json=as_json)


def _plan_of(path: Path) -> pl.DataFrame:
    """Return a plan by its file: campus files are planned, others read."""
    from gigasite.cabling import full_plan, read_plan
    from gigasite.cabling import plan as plan_cables

    if path.suffix.lower() not in {".yaml", ".yml"}:
        return read_plan(path)
    campus, d = designed(path)
    return full_plan(d, plan_cables(campus, d))


def _changes(
    title: str, table: pl.DataFrame, out: Path | None, *, as_json: bool, more: dict[str, Any] | None = None
) -> None:
    from gigasite._core.files import write_text

    counts = dict.fromkeys(("add", "remove", "move", "re-part"), 0) | dict(table.group_by("kind").len().iter_rows())
    if out is not None:
        write_text(out, table.write_csv())
    if as_json:
        emit({"changes": counts, **(more or {}), "cables": table.to_dicts()})
        return
    rows: list[tuple[str, object]] = list(counts.items())
    rows += [(f"  {r['kind']} {r['cable']}", _told(r)) for r in table.head(SHOWN).to_dicts()]
    if table.height > SHOWN:
        rows.append(("", f"and {table.height - SHOWN:,} more: --out FILE or --json has all"))
    show(title, rows, ())


def _told(r: dict[str, Any]) -> str:
    same = all(r[f"old_{c}"] == r[f"new_{c}"] for c in ("a_node", "a_port", "z_node", "z_port"))
    columns = ("a_label", "z_label") if same and r["kind"] == "move" else ("a_node", "a_port", "z_node", "z_port")

    def ends(side: str) -> str:
        return " ".join(r[f"{side}_{c}"] for c in columns) + f", {r[f'{side}_part']} {r[f'{side}_length_m']:g} m"

    return (
        ends("new")
        if r["kind"] == "add"
        else ends("old")
        if r["kind"] == "remove"
        else f"{ends('old')} -> {ends('new')}"
    )


@cables.command("export")
def export_(
    file: SomeFile = None,
    form: Annotated[
        list[str] | None, typer.Option("--format", help="Format; may be repeated. `all`: every one.")
    ] = None,
    out: Annotated[Path, typer.Option("--out", help="Folder for the files.")] = Path("cables"),
    fabric: OfFabric = None,
    hall: OfHall = None,
    list_: Listed = False,
    as_json: AsJson = False,
) -> None:
    """Files for NetBox, PTM, ibdiagnet, Slurm, containerlab, switches; pull sheets, labels, bill of materials."""
    from gigasite._core.errors import InfeasibleError
    from gigasite._core.files import folder_beside
    from gigasite.cabling.export import exports
    from gigasite.show import terminal

    if list_:
        return listed({n: exports[n]().title for n in exports.names()}, as_json=as_json)
    wanted = list(form or [])
    every = "all" in wanted
    parts = {n: exports[n]() for n in (exports.names() if every else wanted)}
    if file is None or not parts:
        raise InfeasibleError(
            "export needs a campus file and --format NAME; `gigasite cables export --list` has the names"
        )
    made, bar = _book(file, fabric, hall), terminal.Bar()
    skipped = {}
    try:
        with folder_beside(out) as folder:
            for number, (name, part) in enumerate(parts.items()):
                bar.step(name, number, len(parts))
                try:
                    part.write(made, folder)
                except InfeasibleError as error:
                    if not every:
                        raise
                    skipped[name] = str(error)
            files = sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())
    finally:
        bar.close()
    if as_json:
        emit(
            {
                "campus": made.campus.name,
                "cables": made.rows.height,
                "out": str(out),
                "files": files,
                "skipped": skipped,
            }
        )
        return None
    names = files if len(files) <= SHOWN else [*files[:SHOWN], f"and {len(files) - SHOWN:,} more"]
    show(
        f"{made.campus.name}: {made.rows.height:,} cables into {out}",
        [(n, "") for n in names] + list(skipped.items()),
        (),
    )
    return None


def _book(file: Path, fabric: str | None, hall: int | None, row: int | None = None) -> Book:
    from gigasite.cabling import plan as plan_cables
    from gigasite.cabling.export import book

    campus, d = designed(file)
    return book(campus, d, plan_cables(campus, d), fabric=fabric, hall=hall, row=row)


def listed(titles: dict[str, str], *, as_json: bool) -> None:
    """Print names and what they are."""
    if as_json:
        emit(titles)
    else:
        sys.stdout.write("".join(f"{n:14} {t}\n" for n, t in titles.items()))


@cables.command()
def labels(
    file: SomeFile = None,
    out: Annotated[Path, typer.Option("--out", help="PDF file.")] = Path("labels.pdf"),
    first: Annotated[int, typer.Option(min=0, help="Cables to pass over.")] = 0,
    count: Annotated[int | None, typer.Option(min=1, help="Cables to label.")] = None,
    fabric: OfFabric = None,
    hall: OfHall = None,
    row: OfRow = None,
    workers: Workers = 1,
    list_: Listed = False,
    as_json: AsJson = False,
) -> None:
    """Label sheets as PDF: two labels a cable, both ends on each, a QR code of the cable's name."""
    from gigasite._core.errors import InfeasibleError
    from gigasite.cabling.label import styles
    from gigasite.cabling.label_sheets import label_sheets
    from gigasite.show import terminal

    if list_:
        return listed({n: styles[n]().example for n in styles.names()}, as_json=as_json)
    if file is None:
        raise InfeasibleError("labels need a campus file: gigasite cables labels FILE --out labels.pdf")
    made = _book(file, fabric, hall, row)
    bar = terminal.Bar()
    try:
        number = label_sheets(made, out, first=first, count=count, workers=workers, progress=bar)
    finally:
        bar.close()
    if as_json:
        emit({"campus": made.campus.name, "labels": number, "out": str(out)})
    else:
        sys.stdout.write(f"{out}: {number:,} labels\n")
    return None


@cables.command()
def read(
    places: Annotated[
        list[Path],
        typer.Argument(
            help="Dumps, archives or folders of them; with --plan one edited point-to-point sheet (xlsx, CSV)."
        ),
    ],
    file: Annotated[Path | None, typer.Option("--plan", help="Campus file that an edited sheet belongs to.")] = None,
    out: Annotated[Path | None, typer.Option("--out", help="CSV file: the links, or the sheet's changes.")] = None,
    as_json: AsJson = False,
) -> None:
    """What switches and hosts say of their neighbours, as one table; or an edited sheet, and what it changes."""
    from gigasite._core.errors import InfeasibleError
    from gigasite.show.cables_observed import show_observed

    if file is None:
        return show_observed(places, out, as_json=as_json)
    if len(places) > 1:
        raise InfeasibleError("--plan takes one sheet at a time")
    return _read_sheet(places[0], file, out, as_json=as_json)


def _read_sheet(sheet: Path, file: Path, out: Path | None, *, as_json: bool) -> None:
    import polars as pl

    from gigasite._core.finding import Severity
    from gigasite._core.words import counted
    from gigasite.cabling import diff, full_plan
    from gigasite.cabling.sheet import read_sheet
    from gigasite.design.types import FABRICS
    from gigasite.show import terminal

    made = _book(file, None, None)
    seen = read_sheet(sheet, made)
    if not seen.sound:
        # a change made of half a sheet would order good cables out
        found = [f.to_json() for f in seen.findings]
        if as_json:
            emit({"rows": seen.rows, "good_rows": seen.plan.height, "changes": None, "findings": found})
        else:
            terminal.findings(terminal.err(), seen.findings)
            wrong = counted(sum(f.severity == Severity.error for f in seen.findings), "mistake")
            sys.stderr.write(f"{wrong} in {counted(seen.rows, 'row')}: mend them; nothing is changed or written\n")
        raise typer.Exit(2)
    told = pl.Series([FABRICS.index(n) for n in seen.networks], dtype=pl.UInt8)
    mine = full_plan(made.design, made.cables).filter(made.cables.cables["fabric"].is_in(told.implode()))
    more = {"rows": seen.rows, "good_rows": seen.plan.height, "findings": [f.to_json() for f in seen.findings]}
    _changes(
        f"{sheet.name}: {seen.plan.height:,} of {seen.rows:,} rows are good",
        diff(mine, seen.plan),
        out,
        as_json=as_json,
        more=more,
    )
    if not as_json:
        terminal.findings(terminal.err(), seen.findings)


@cables.command("rules")
def rules_(as_json: AsJson = False) -> None:
    """The rules of compatibility that every plan is held against."""
    from gigasite.cabling.rule import rules

    listed(
        {n: f"{(rules[n].__doc__ or '').splitlines()[0]}  [{rules[n]().source}]" for n in rules.names()},
        as_json=as_json,
    )
