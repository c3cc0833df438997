"""`gigasite cables read DUMPS`: the links that were seen, with their evidence."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import typer

from gigasite.show.common import emit, end, show

if TYPE_CHECKING:
    from pathlib import Path

    from gigasite.cabling.types import Observed

SHOWN = 20  # links that are printed on a terminal; --out and --json hold all


def show_observed(places: list[Path], out: Path | None, *, as_json: bool) -> None:
    """Read, print, and write the table; exit code 2 when no file is in a known format."""
    from gigasite._core.files import write_text
    from gigasite.cabling import observe

    seen = observe(*places)
    if out is not None:
        write_text(out, seen.sightings.write_csv())
    if as_json:
        emit(_json(seen))
    else:
        show(", ".join(p.name for p in places), _rows(seen), seen.findings)
    if not seen.readers:
        raise typer.Exit(2)
    end(seen.findings)


def _rows(seen: Observed) -> list[tuple[str, object]]:
    links = seen.sightings.filter(seen.sightings["seen_node"] != "")
    rows: list[tuple[str, object]] = [
        ("files", f"{seen.files:,}: " + (", ".join(f"{n} {k}" for k, n in seen.readers.items()) or "none known")),
        ("links", f"{links.height:,}, as {links['node'].n_unique():,} devices tell"),
        ("ports without neighbour", f"{seen.sightings.height - links.height:,}"),
    ]
    for r in links.head(SHOWN).to_dicts():
        more = " ".join(f"{c} {r[c]}" for c in ("width", "speed", "capable") if r[c])
        rows.append((f"  {r['node']} {r['port']}", f"{r['seen_node']} {r['seen_port']} {more}".rstrip()))
    if links.height > SHOWN:
        rows.append(("", f"and {links.height - SHOWN:,} more: --out FILE or --json has all"))
    return rows


def _json(seen: Observed) -> dict[str, Any]:
    links = [
        {k: None if isinstance(v, float) and math.isnan(v) else v for k, v in r.items()}
        for r in seen.sightings.to_dicts()
    ]
    return {
        "files": seen.files,
        "readers": seen.readers,
        "links": links,
        "nodes": seen.nodes.to_dicts(),
        "findings": [f.to_json() for f in seen.findings],
    }
