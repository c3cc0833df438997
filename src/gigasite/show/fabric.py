"""The verbs of fabrics: size (switches, cables, limits), check (a published table), kinds."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
import typer.core

from gigasite.show.common import AsJson, app, emit, end, show

if TYPE_CHECKING:
    from gigasite.design.fabric import FabricAsk

MOST_NODES, MOST_SIZES, MOST_LINKS = 4_000_000, 1000, 20_000_000
LIMITS = {
    "radix": (2, 32_767),
    "nics": (1, 64),
    "nodes_per_unit": (1, 1_000_000),
    "nodes_per_pod": (1, MOST_NODES),
    "planes": (1, 16),
    "gpus_per_node": (1, 4096),
    "tiers": (1, 4),
}
OVER = ("oversubscription", "spine_oversubscription", "core_oversubscription")


class _SizeFirst(typer.core.TyperGroup):
    """`gigasite fabric KIND ...` is `gigasite fabric size KIND ...`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Send what is no verb to `size`."""
        if args and args[0] not in {*self.commands, "--help"}:
            args = ["size", *args]
        return super().parse_args(ctx, args)


fabric = typer.Typer(
    cls=_SizeFirst,
    help="Count switches and cables of a fabric; check a published table. `gigasite fabric KIND --nodes N` is `size`.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.add_typer(fabric, name="fabric")

Kind = Annotated[str | None, typer.Option("--kind", help="Kind of fabric: see `gigasite fabric kinds`.")]
Radix = Annotated[int | None, typer.Option(help="Ports of a leaf at link speed, and of all switches unless given.")]
SpineRadix = Annotated[int | None, typer.Option(help="Ports of a spine.")]
CoreRadix = Annotated[int | None, typer.Option(help="Ports of a core switch.")]
SuperRadix = Annotated[int | None, typer.Option(help="Ports of a switch above the core.")]
Nics = Annotated[int | None, typer.Option(help="NICs (rails) of a node.")]
GpusPerNode = Annotated[int | None, typer.Option(help="GPUs of a node.")]
NodesPerUnit = Annotated[int | None, typer.Option(help="Nodes that share a group of leaves.")]
NodesPerPod = Annotated[int | None, typer.Option(help="Nodes that share spines.")]
Planes = Annotated[int | None, typer.Option(help="Independent copies; every NIC has one link in each.")]
Oversubscription = Annotated[
    str | None, typer.Option(help="Down over up per tier from the leaf up: 2, 3:1, or 1,7 for leaf and spine.")
]
Reserved = Annotated[
    str | None, typer.Option(help="Ports of every switch that stay free: 4, or a share of its ports as 5%.")
]
Tiers = Annotated[int | None, typer.Option(help="Tiers of switches, 1 to 4; default: the fewest that fit.")]


@fabric.command()
def size(
    name: Annotated[str | None, typer.Argument(metavar="[KIND]", help="Kind of fabric, as --kind.")] = None,
    kind: Kind = None,
    nodes: Annotated[str | None, typer.Option(help="Servers; several sizes as 64,128,256.")] = None,
    gpus: Annotated[str | None, typer.Option(help="GPUs, in place of --nodes.")] = None,
    endpoints: Annotated[
        str | None, typer.Option(help="NICs, in place of --nodes; without --nics each is a node with one GPU.")
    ] = None,
    radix: Radix = None,
    spine_radix: SpineRadix = None,
    core_radix: CoreRadix = None,
    super_radix: SuperRadix = None,
    nics: Nics = None,
    gpus_per_node: GpusPerNode = None,
    nodes_per_unit: NodesPerUnit = None,
    nodes_per_pod: NodesPerPod = None,
    planes: Planes = None,
    oversubscription: Oversubscription = None,
    reserved: Reserved = None,
    tiers: Tiers = None,
    links: Annotated[Path | None, typer.Option(help="CSV or Parquet file for every link, with its ports.")] = None,
    as_json: AsJson = False,
) -> None:
    """Count switches, cables, spare ports, limits and cut of a fabric."""
    from gigasite.design.fabric_notes import notes
    from gigasite.show.fabric_text import print_sizes
    from gigasite.show.result import fabric_json

    chosen = _kind(name, kind)
    given = _given(locals())
    if endpoints is not None and nics is None:
        given = _lone(chosen, given)
    asks = [_ask(chosen, given | {"nodes": n}) for n in _sizes(chosen, given, nodes, gpus, endpoints)]
    sizes = [_part(chosen).size(ask) for ask in asks]
    _used(given, max(s.tiers for s in sizes))
    if links is not None:
        _write_links(chosen, asks, links)
    if as_json:
        made = [fabric_json(s) | {"findings": [f.to_json() for f in notes(s)]} for s in sizes]
        emit(made[0] if len(made) == 1 else {"kind": chosen, "fabrics": made})
    else:
        print_sizes(sizes)


@fabric.command()
def check(
    table: Annotated[Path, typer.Argument(help="Table (CSV, TSV or markdown).", show_default=False)],
    kind: Kind = None,
    radix: Radix = None,
    spine_radix: SpineRadix = None,
    core_radix: CoreRadix = None,
    super_radix: SuperRadix = None,
    nics: Nics = None,
    gpus_per_node: GpusPerNode = None,
    nodes_per_unit: NodesPerUnit = None,
    nodes_per_pod: NodesPerPod = None,
    planes: Planes = None,
    oversubscription: Oversubscription = None,
    reserved: Reserved = None,
    tiers: Tiers = None,
    as_json: AsJson = False,
) -> None:
    """Name every cell of a published table that contradicts the others; exit code 1 if there is one."""
    from gigasite.design.fabric_check import check_table
    from gigasite.design.fabric_table import read_table
    from gigasite.show.fabric_text import check_json, findings, print_check

    chosen = _kind(None, kind)
    ask = _ask(chosen, _given(locals()) | {"nodes": 1})
    made = check_table(read_table(table), chosen, ask)
    found = findings(made)
    if as_json:
        emit(check_json(made) | {"findings": [f.to_json() for f in found]})
    else:
        print_check(made)
    end(found)


@fabric.command()
def kinds(as_json: AsJson = False) -> None:
    """List kinds of fabrics with what they fix, their defaults and their limits at those."""
    from gigasite.design.fabric import ask_of, fabrics

    out: dict[str, dict[str, Any]] = {}
    for name in fabrics.names():
        part = fabrics[name]()
        limit = part.limits(ask_of(name, {"nodes": 1}))
        doc = sys.modules[type(part).__module__].__doc__ or ""
        out[name] = {
            "what": doc.strip().split("\n")[0],
            "fixed": dict(part.fixed),
            "defaults": dict(part.defaults),
            "limits": [{n: getattr(x, n) for n in x.__slots__} for x in limit],
        }
    if as_json:
        emit({"kinds": out})
    else:
        show("kinds of fabrics", [(n, v["what"]) for n, v in out.items()], ())


def _kind(name: str | None, kind: str | None) -> str:
    from gigasite._core.errors import InfeasibleError

    if name is not None and kind is not None and name != kind:
        raise InfeasibleError(f"two kinds are given: '{name}' and '{kind}'; give one")
    if name is None and kind is None:
        raise InfeasibleError("give a kind of fabric: `gigasite fabric kinds` lists them")
    return str(name or kind)


def _given(options: dict[str, Any]) -> dict[str, Any]:
    """Return the settings among a verb's options that were given.

    Raises
    ------
    InfeasibleError
        A value outside its bounds.
    """
    from gigasite._core.errors import InfeasibleError

    names = (*LIMITS, "spine_radix", "core_radix", "super_radix")
    out = {n: options[n] for n in names if options.get(n) is not None}
    for name, value in out.items():
        low, high = LIMITS.get(name, LIMITS["radix"])
        if not low <= value <= high:
            raise InfeasibleError(f"{name.replace('_', '-')} must lie between {low} and {high:,}; found {value}")
    if options.get("oversubscription") is not None:
        out |= _over(options["oversubscription"])
    if options.get("reserved") is not None:
        out |= _reserved(options["reserved"])
    return out


def _reserved(text: str) -> dict[str, Any]:
    """Read `4` or `5%`."""
    from gigasite._core.errors import InfeasibleError

    if re.fullmatch(r"[0-9]{1,5}", text.strip()):
        return {"reserved_ports": int(text)}
    if re.fullmatch(r"[0-9]{1,2}(\.[0-9]{1,6})?%", text.strip()):
        return {"reserved_frac": float(text.strip()[:-1]) / 100}
    raise InfeasibleError(f"--reserved takes a number of ports or a share under 100%; found '{text[:60]}'")


def _over(text: str) -> dict[str, float]:
    """Read `2`, `3:1`, `1,7` or `1:2,7:1`: down over up of leaf, spine, core."""
    from gigasite._core.errors import InfeasibleError

    pieces = [p.strip() for p in text.split(",")]
    number = r"([0-9]{1,6}(?:\.[0-9]{1,6})?)"
    found = [re.fullmatch(rf"{number}(?::{number})?", p) for p in pieces]
    if len(pieces) > len(OVER) or not all(found):
        raise InfeasibleError(
            f"oversubscription takes up to three of 2, 3:1, 1.5 with commas between; found '{text[:60]}'"
        )
    ratios = [float(m[1]) / float(m[2] or 1) if float(m[2] or 1) else 0.0 for m in found if m]
    if not all(0.01 <= r <= 1000 for r in ratios):
        raise InfeasibleError(f"oversubscription must lie between 0.01 and 1000; found '{text[:60]}'")
    return dict(zip(OVER, ratios, strict=False))


def _used(given: dict[str, Any], tiers: int) -> None:
    """Refuse an oversubscription of a tier that has no up-links in any of the sizes asked for."""
    from gigasite._core.errors import InfeasibleError

    for below, name in enumerate(OVER):
        if given.get(name, 1.0) != 1.0 and tiers < below + 2:
            words = f"{tiers} tier{'' if tiers == 1 else 's'}"
            raise InfeasibleError(
                f"{name.replace('_', ' ')} {given[name]:g}:1 is asked of a tier without up-links: the fabric has "
                f"{words}; leave it out, or take --tiers {below + 2}"
            )


def _part(kind: str) -> Any:
    from gigasite.design.fabric import fabrics

    return fabrics[kind]()


def _ask(kind: str, given: dict[str, Any]) -> FabricAsk:
    from gigasite.design.fabric import ask_of

    return ask_of(kind, given)


def _lone(kind: str, given: dict[str, Any]) -> dict[str, Any]:
    """Take each end point as a node of its own where the kind leaves that open."""
    own = _part(kind).fixed
    lone = {"nics": 1, "gpus_per_node": 1} if "nics" not in own else {}
    return {k: v for k, v in lone.items() if k not in own} | given


def _meant(text: str) -> str:
    """Return what a number with commas inside, or with an exponent, may mean."""
    plain = text.replace(",", "").replace("_", "").strip()
    if not re.fullmatch(r"[0-9]{1,12}(\.[0-9]{1,6})?([eE]\+?[0-9]{1,2})?", plain) or float(plain) % 1:
        return ""
    return f"; for {int(float(plain)):,} write {int(float(plain))}"


def _sizes(kind: str, given: dict[str, Any], nodes: str | None, gpus: str | None, endpoints: str | None) -> list[int]:
    """Return numbers of nodes from whichever of the three options is given."""
    from gigasite._core.errors import InfeasibleError

    ask = _ask(kind, given | {"nodes": 1})
    options = {"nodes": (nodes, 1), "gpus": (gpus, ask.gpus_per_node), "endpoints": (endpoints, ask.nics)}
    used = [(n, text, per) for n, (text, per) in options.items() if text is not None]
    if len(used) != 1:
        raise InfeasibleError("give one of --nodes, --gpus, --endpoints")
    name, text, per = used[0]
    values = [v.strip() for v in text.split(",")]
    if not all(re.fullmatch(r"[0-9]{1,10}", v) for v in values) or len(values) > MOST_SIZES:
        raise InfeasibleError(
            f"--{name} takes whole numbers with commas between, up to {MOST_SIZES}; found '{text[:60]}'{_meant(text)}"
        )
    if any(re.fullmatch(r"0[0-9]+", v) for v in values):
        raise InfeasibleError(f"--{name} {text[:60]}: commas stand between sizes{_meant(text)}")
    counts = [int(v) for v in values]
    for n in counts:
        if n % per:
            low, high = n // per * per, (n // per + 1) * per
            raise InfeasibleError(
                f"{n:,} {name} are no whole nodes of {per}: take {f'{low:,} or ' if low else ''}{high:,}"
            )
        if not 1 <= n // per <= MOST_NODES:
            raise InfeasibleError(f"nodes must lie between 1 and {MOST_NODES:,}; found {n // per:,}")
    return [n // per for n in counts]


def _write_links(kind: str, asks: list[FabricAsk], path: Path) -> None:
    """Write every link of one fabric with the names of both ends."""
    from gigasite._core.errors import InfeasibleError, OutputError
    from gigasite.design.fabric_links import links_table

    most = sum(_part(kind).size(asks[0]).cables) * asks[0].planes
    if most > MOST_LINKS:
        raise InfeasibleError(f"{most:,} links are more than --links writes ({MOST_LINKS:,}): take fewer nodes")
    if len(asks) != 1 or path.suffix not in {".csv", ".parquet"}:
        raise InfeasibleError("--links takes one size and a file that ends in .csv or .parquet")
    table = links_table(_part(kind).wire(asks[0]))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_name(f".{path.name}.part")
        table.write_csv(beside) if path.suffix == ".csv" else table.write_parquet(beside)
        beside.replace(path)
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror or error}") from error
