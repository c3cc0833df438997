"""The page of work orders: to print, or to tick off on a phone; nothing from outside."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING, Any

import jinja2
from markupsafe import Markup

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl

    from gigasite.cabling.walk import Walk


def orders_page(name: str, table: pl.DataFrame, ways: Sequence[Walk]) -> str:
    """Return the page.

    Parameters
    ----------
    name
        Of the plan.
    table
        From `cables_diagnose.order_rows`: one row a step, in walking order.
    ways
        The crews' walks.
    """
    assets = files("gigasite.show") / "assets"
    page = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined).from_string(
        (assets / "orders.html").read_text()
    )
    css = Markup((assets / "page.css").read_text())  # noqa: S704  # our own file
    return page.render(name=name, css=css, crews=[_crew(way, table) for way in ways if way.orders])


def _crew(way: Walk, table: pl.DataFrame) -> dict[str, Any]:
    mine = table.filter(table["crew"] == way.crew)
    return {
        "crew": way.crew,
        "metres": f"{way.metres:,.0f}" if way.ticket_metres else "",
        "ticket_metres": f"{way.ticket_metres:,.0f}",
        "orders": [_order(part.to_dicts()) for _, part in mine.group_by("turn", maintain_order=True)],
    }


def _order(steps: list[dict[str, Any]]) -> dict[str, Any]:
    first = steps[0]
    return {
        "turn": first["turn"],
        "kind": first["kind"].replace("_", " "),
        "key": first["order"],
        "confidence": f"{first['confidence']:.0%}",
        "remedy": first["remedy"],
        "why": first["why"],
        "ties": first["or"],
        "verify": first["verify"],
        "steps": steps,
    }
