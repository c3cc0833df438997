"""The page of a bring-up: links that are right and causes that are open, from look to look; nothing from outside."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING, Any

import jinja2

from gigasite.show.html import script
from gigasite.show.result import dumps

if TYPE_CHECKING:
    import polars as pl

SCRIPTS = {"echarts": "echarts.min.js", "base": "base.js", "js": "bringup.js", "css": "page.css"}
MOST_CAUSES = 200  # listed; the store has all


def bringup_page(name: str, table: pl.DataFrame, days: pl.DataFrame, causes: pl.DataFrame) -> str:
    """Return the page.

    Parameters
    ----------
    name
        Of the plan.
    table, days
        From `snapshots.burn_down` and `by_day`, one snapshot at least.
    causes
        Of the last snapshot.
    """
    folder = files("gigasite.show") / "assets"
    template = (folder / "bringup.html").read_text(encoding="utf-8")
    page = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined).from_string(template)
    whole = table.filter(table["hall"] == 0).to_dicts()
    last = whole[-1]
    return page.render(
        name=name,
        last=last,
        first_pass=percent(last["first_pass_frac"]),
        halls=[r | {"first_pass": percent(r["first_pass_frac"])} for r in _of_last(table)],
        days=[r for r in days.to_dicts() if r["hall"] == 0],
        causes=causes.head(MOST_CAUSES).to_dicts(),
        more=max(0, causes.height - MOST_CAUSES),
        data=script(dumps({"looks": whole})),
        **{key: script((folder / file).read_text(encoding="utf-8")) for key, file in SCRIPTS.items()},
    )


def _of_last(table: pl.DataFrame) -> list[dict[str, Any]]:
    last = table["snapshot"].max()
    return table.filter((table["snapshot"] == last) & (table["hall"] > 0)).to_dicts()


def percent(value: float) -> str:
    """Print a share; a dash where nothing is known."""
    return f"{value:.2%}" if value == value else "-"  # noqa: PLR0124  # NaN is not itself
