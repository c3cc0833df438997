"""`gigasite cables diagnose|orders|inject`: the causes of what differs, what to do in which order, and drills."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gigasite.show.cables import SHOWN, Listed, cables, listed
from gigasite.show.common import AsJson, designed, emit, show

if TYPE_CHECKING:
    import polars as pl

    from gigasite.cabling.accept import Acceptance
    from gigasite.cabling.diagnose import Diagnosis
    from gigasite.cabling.orders import Order
    from gigasite.cabling.plan_file import PlanFile
    from gigasite.cabling.walk import Walk

PlanPath = Annotated[
    Path, typer.Option("--plan", help="Cable plan: CSV (a_node,a_port,z_node,z_port), folder of a plan, campus file.")
]
Dumps = Annotated[list[Path], typer.Option("--observed", help="Dumps, archives or folders; may be repeated.")]
MoreDumps = Annotated[list[Path] | None, typer.Argument(help="More dumps.", show_default=False)]
Accept = Annotated[
    bool,
    typer.Option(
        "--accept", help="Let the plan follow cables between the same switches that do as well where they are."
    ),
]


def read_plan_of(path: Path) -> PlanFile:
    """Read a plan by its file; a campus file is planned."""
    from gigasite.cabling import plan as plan_cables
    from gigasite.cabling.dialect import discovered_ends, placed
    from gigasite.cabling.naming import directory
    from gigasite.cabling.plan_file import PlanFile, places_of, plan_file

    if path.suffix.lower() not in {".yaml", ".yml"}:
        return plan_file(path)
    campus, d = designed(path)
    ends = discovered_ends(campus, d, plan_cables(campus, d))
    return PlanFile(ends=ends, places=placed(places_of(directory(d)), ends))


def _diagnosed(plan: Path, places: list[Path], *, accept: bool) -> tuple[PlanFile, Diagnosis, Acceptance]:
    """Read, diagnose; with `accept` once more against the plan that follows what may stay."""
    from gigasite.cabling.accept import acceptable, accepted
    from gigasite.cabling.diagnose import diagnose
    from gigasite.cabling.reader import observe
    from gigasite.show import terminal

    bar = terminal.Bar()
    try:
        bar.step("plan", 0, 3)
        made = read_plan_of(plan)
        bar.step("dumps", 1, 3)
        observed = observe(*places)
        bar.step("diagnosis", 2, 3)
        found = diagnose(made.ends, observed)
        same = acceptable(found)
        if accept and same.moves_saved:
            found = diagnose(accepted(made.ends, found, same), observed)
    finally:
        bar.close()
    return made, found, same


@cables.command("diagnose")
def diagnose_(
    plan: PlanPath, observed: Dumps, more: MoreDumps = None, accept: Accept = False, as_json: AsJson = False
) -> None:
    """The few causes of all that differs from the plan, and the fewest plugs to move."""
    _, found, same = _diagnosed(plan, [*observed, *(more or [])], accept=accept)
    if as_json:
        emit(diagnosis_json(found, same, accept=accept))
    else:
        show(f"{plan.name}: {_verdict(found)}", _rows(found, same, accept=accept), found.findings)
    _leave(found)


def _leave(found: Diagnosis) -> None:
    """Exit with 2 where plan and dumps do not belong together or nothing could be read, 1 where a cause was found."""
    from gigasite._core.finding import Severity

    nothing = not found.case.observed.readers
    if nothing or any(f.severity == Severity.error for f in found.findings):
        raise typer.Exit(2)
    if found.causes or len(found.unexplained):
        raise typer.Exit(1)


def _verdict(found: Diagnosis) -> str:
    return f"{len(found.causes)} causes, {len(found.repair.moves)} plugs to move"


def _rows(found: Diagnosis, same: Acceptance, *, accept: bool) -> list[tuple[str, object]]:
    done = found.repair
    kinds = Counter(c.kind for c in found.causes)
    rows: list[tuple[str, object]] = [
        ("cables", f"{found.planned:,} of the plan judged, {found.seen:,} seen, {found.right:,} as planned"),
        ("ports that differ", f"{_differ(found):,}"),
        ("causes", f"{len(found.causes):,}: " + (", ".join(f"{n} {k}" for k, n in kinds.most_common()) or "none")),
        ("plugs to move", f"{len(done.moves):,}; fewer than {done.lower_bound:,} cannot do"),
        ("cables to lay, to take out", f"{len(done.installs):,}, {len(done.removals):,}"),
        ("names to exchange", f"{len(found.renames):,} pairs"),
    ]
    if len(found.unexplained):
        rows.append(("unexplained", f"{len(found.unexplained):,} ports"))
    if same.moves_saved and not accept:
        rows.append(("may stay", f"{same.moves_saved:,} moves are saved if the plan follows its cables: --accept"))
    for cause in found.causes[:SHOWN]:
        rows.append((f"  {cause.kind}", f"{'; '.join(cause.evidence)} ({cause.confidence_frac:.0%})"))
        rows += [("", f"or: {t}") for t in cause.ties[:2]]
    if len(found.causes) > SHOWN:
        rows.append(("", f"and {len(found.causes) - SHOWN:,} more: --json has all"))
    return rows


def _differ(found: Diagnosis) -> int:
    """Return the ports that differ as the devices call themselves, before any name is put right."""
    return found.differing


def diagnosis_json(found: Diagnosis, same: Acceptance, *, accept: bool = False) -> dict[str, Any]:
    """Return the diagnosis in the exchange format; ports by the names that devices have once renames are done."""
    bound, done = found.bound, found.repair
    ports = list(zip(bound.ports["node"].to_list(), bound.ports["port"].to_list(), strict=True))

    def pair(row: list[int]) -> list[str]:
        return [*ports[row[0]], *ports[row[1]]]

    return {
        "causes": [
            {
                "kind": c.kind,
                "ports": [list(ports[p]) for p in c.ports],
                "nodes": sorted({bound.nodes[n] for pair in c.names for n in pair}),
                "confidence": round(c.confidence_frac, 4),
                "evidence": list(c.evidence),
                "ties": list(c.ties),
            }
            for c in found.causes
        ],
        "moves": [pair(r) for r in done.moves.tolist()],
        "installs": [pair(r) for r in done.installs.tolist()],
        "removals": [list(ports[p]) for p in done.removals.tolist()],
        "renames": [[bound.nodes[a], bound.nodes[b]] for a, b in found.renames],
        "lower_bound_moves": done.lower_bound,
        "unexplained": [list(ports[p]) for p in found.unexplained.tolist()],
        "accept": {
            "applied": accept,
            "moves_saved": same.moves_saved,
            "plan_without": [] if accept else [pair(r) for r in same.planned.tolist()],
            "plan_with": [] if accept else [pair(r) for r in same.real.tolist()],
        },
        "cables": {"judged": found.planned, "seen": found.seen, "as_planned": found.right},
        "ports_differing": _differ(found),
        "findings": [f.to_json() for f in found.findings],
    }


@cables.command("orders")
def orders_(
    plan: PlanPath,
    observed: Dumps,
    more: MoreDumps = None,
    crews: Annotated[int, typer.Option(min=1, max=1000, help="Crews that work at once.")] = 1,
    out: Annotated[Path | None, typer.Option("--out", help="CSV file, or HTML page to print (.html).")] = None,
    accept: Accept = False,
    as_json: AsJson = False,
) -> None:
    """Work orders, one a cause, in walking order for each crew: where, what, why, and how it is verified."""
    from gigasite._core.files import write_text
    from gigasite.cabling.orders import orders
    from gigasite.cabling.walk import places, walks
    from gigasite.show.orders_page import orders_page

    made, found, _ = _diagnosed(plan, [*observed, *(more or [])], accept=accept)
    todo = orders(found)
    ways = walks(found, todo, places(found, made.places), crews=crews)
    table = order_rows(found, made.places, todo, ways)
    if out is not None:
        page = out.suffix.lower() in {".html", ".htm"}
        write_text(out, orders_page(plan.name, table, ways) if page else table.write_csv())
    if as_json:
        emit(_orders_json(found, todo, ways, table))
    else:
        show(f"{plan.name}: {len(todo)} orders", _order_text(todo, ways, table), found.findings)
    _leave(found)


def order_rows(found: Diagnosis, where: pl.DataFrame, todo: tuple[Order, ...], ways: tuple[Walk, ...]) -> pl.DataFrame:
    """Return one row a step: crew, number in its walk, order, what to do at which place, and why."""
    import polars as pl

    names = found.bound.ports.rows()
    spot = {r["node"]: r for r in where.to_dicts()}

    def place(node: str) -> str:
        r = spot.get(node)
        if r is None:
            return ""
        return f"{r['rack'] or ''}{'.U' + str(r['u']) if r['u'] is not None else ''}"

    rows = []
    for way in ways:
        for turn, number in enumerate(way.orders, start=1):
            order = todo[number]
            for count, step in enumerate(order.steps, start=1):
                ends = [(found.bound.nodes[p], "") if step.do == "rename" else names[p][:2] for p in step.ports]
                (a, a_port), (z, z_port) = (*ends, ("", ""))[:2]
                rows.append(
                    (way.crew, turn, order.key, order.kind, count, step.do, place(a), a, a_port, place(z), z, z_port,
                     "plug in hand until that port is free" if step.in_hand else "", order.remedy, "; ".join(order.why),
                     "; ".join(order.ties), order.verify, round(order.confidence_frac, 3))
                )  # fmt: skip
    columns = (
        "crew", "turn", "order", "kind", "step", "do", "place", "node", "port", "to_place", "to_node", "to_port",
        "note", "remedy", "why", "or", "verify", "confidence",
    )  # fmt: skip
    whole = {"crew", "turn", "step"}
    schema = {c: pl.Int64 if c in whole else pl.Float64 if c == "confidence" else pl.String for c in columns}
    return pl.DataFrame(rows, schema=schema, orient="row")


def _orders_json(
    found: Diagnosis, todo: tuple[Order, ...], ways: tuple[Walk, ...], table: pl.DataFrame
) -> dict[str, Any]:
    steps: dict[str, list[dict[str, Any]]] = {}
    for row in table.select(
        "order", "do", "place", "node", "port", "to_place", "to_node", "to_port", "note"
    ).to_dicts():
        steps.setdefault(row.pop("order"), []).append(row)
    return {
        "orders": [
            {
                "order": o.key,
                "kind": o.kind,
                "steps": steps[o.key],
                "remedy": o.remedy,
                "why": list(o.why),
                "ties": list(o.ties),
                "verify": o.verify,
                "confidence": round(o.confidence_frac, 4),
                "plug_ends": o.ends,
            }
            for o in todo
        ],
        "walks": [
            {
                "crew": w.crew,
                "orders": [todo[n].key for n in w.orders],
                "metres": round(w.metres, 1),
                "metres_in_ticket_order": round(w.ticket_metres, 1),
            }
            for w in ways
        ],
        "ports_differing": _differ(found),
        "findings": [f.to_json() for f in found.findings],
    }


def _order_text(todo: tuple[Order, ...], ways: tuple[Walk, ...], table: pl.DataFrame) -> list[tuple[str, object]]:
    rows: list[tuple[str, object]] = [("plug ends to touch", f"{sum(o.ends for o in todo):,}")]
    for way in ways:
        saved = f", {way.ticket_metres:,.0f} m as they come" if way.ticket_metres else ""
        rows.append((f"crew {way.crew}", f"{len(way.orders):,} orders, {way.metres:,.0f} m on foot{saved}"))
    for r in table.head(2 * SHOWN).to_dicts():
        head = f"  {r['crew']}.{r['turn']} {r['kind']}" if r["step"] == 1 else ""
        far = r["to_port"] if r["to_node"] == r["node"] else f"{r['to_place']} {r['to_node']} {r['to_port']}".strip()
        ends = [f"{r['place']} {r['node']} {r['port']}".strip(), far]
        rows.append((head, f"{r['do']} {' -> '.join(e for e in ends if e)}" + (f" ({r['note']})" if r["note"] else "")))
    if table.height > 2 * SHOWN:
        rows.append(("", f"and {table.height - 2 * SHOWN:,} more steps: --out FILE or --json has all"))
    return rows


@cables.command("inject")
def inject_(
    plan: Annotated[
        Path | None, typer.Argument(help="Cable plan: CSV, folder of a plan, or campus file.", show_default=False)
    ] = None,
    out: Annotated[
        Path, typer.Option("--out", help="Folder for links.csv (what devices would say) and truth.json.")
    ] = Path("drill"),
    rate: Annotated[float, typer.Option(min=0.0, max=0.5, help="Share of cables that faults touch.")] = 0.01,
    seed: Annotated[int, typer.Option(min=0, help="Of the random numbers.")] = 1,
    kind: Annotated[list[str] | None, typer.Option("--kind", help="Class of faults; may be repeated.")] = None,
    list_: Listed = False,
    as_json: AsJson = False,
) -> None:
    """Labelled snapshots for drills and tests: plant faults into a plan, write what the devices would say."""
    from gigasite._core.errors import InfeasibleError
    from gigasite._core.files import folder_beside
    from gigasite.cabling.fault import faults
    from gigasite.cabling.inject import inject
    from gigasite.show.result import dumps

    if list_:
        return listed({n: f"{faults[n]().signature}: {faults[n]().remedy}" for n in faults.names()}, as_json=as_json)
    if plan is None:
        raise InfeasibleError("inject needs a plan: gigasite cables inject PLAN --out DIR")
    drill = inject(read_plan_of(plan).ends, rate_frac=rate, seed=seed, kinds=kind or ())
    ports = drill.lab.case.bound.ports.rows()
    truth = [{"kind": p.kind, "ports": [list(ports[i][:2]) for i in p.ports]} for p in drill.lab.planted]
    with folder_beside(out) as folder:
        (folder / "links.csv").write_text(drill.observed.sightings.drop("reader", "file", "line").write_csv())
        (folder / "truth.json").write_text(dumps({"causes": truth}) + "\n")
    counts = dict(sorted(Counter(p.kind for p in drill.lab.planted).items()))
    if as_json:
        emit({"out": str(out), "planted": counts, "links": drill.observed.sightings.height})
    else:
        show(f"{plan.name}: {sum(counts.values())} faults into {out}", list(counts.items()), ())
    return None
