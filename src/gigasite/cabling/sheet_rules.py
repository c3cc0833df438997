"""Judge the rows of an edited sheet: cells, devices and ports, doubles; then what the plan itself is held against."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from gigasite._core.finding import Finding, Severity
from gigasite.cabling.dialect import shares
from gigasite.cabling.sheet_links import Lines, against_plan
from gigasite.cabling.sheet_mistake import Mistake, spread
from gigasite.design.types import PORT_BITS, SWITCH_KINDS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gigasite.cabling.export import Book

HEADERS = {
    "a_node": ("a_node", "a-node name", "a-node", "a node name", "a node"),
    "a_type": ("a_type", "a-type", "a type"),
    "a_port": ("a_port", "a-port", "a port"),
    "z_node": ("z_node", "z-node name", "z-node", "z node name", "z node"),
    "z_type": ("z_type", "z-type", "z type"),
    "z_port": ("z_port", "z-port", "z port"),
    "cable": ("cable",),
    "part": ("part",),
    "length_m": ("length_m", "length m", "length"),
    "a_label": ("a_label", "a-label"),
    "z_label": ("z_label", "z-label"),
}
NEEDED = ("a_node", "a_port", "z_node", "z_port")
MOST_EACH = 200  # findings of one kind that are told one by one; the last one counts the rest and names their rows
MOST_M = 1e5  # longer than any cable of a campus
NAME = r"^[A-Za-z0-9][A-Za-z0-9 ._:/=#()+-]{0,79}$"


def judged(
    table: pl.DataFrame, titles: dict[str, dict[str, str]], book: Book
) -> tuple[pl.DataFrame, NDArray[np.bool_], list[Finding]]:
    """Return the rows as the plan would write them with their `network`, which are wrong, and every mistake.

    Parameters
    ----------
    table
        Text as in the sheet: columns of `store.FULL`, `a_type`, `z_type`, `beyond` (a cell outside the header),
        `sheet`, `number` (of the row).
    titles
        Of each sheet: what it calls the columns that it has.
    """
    has = {
        c: table["sheet"].is_in([s for s, t in titles.items() if c in t]).to_numpy()
        for c in ("part", "length_m", "cable")
    }
    where = _Where(table=table, titles=titles)
    metres = table["length_m"].str.replace(",", ".", literal=True).cast(pl.Float64, strict=False)
    found, bad = [], np.zeros(table.height, bool)

    def tell(mistakes: list[Mistake]) -> None:
        for m in mistakes:
            rows = np.flatnonzero(m.rows)
            if m.severity is Severity.error:
                bad[rows] = True
            found.extend(where.told(m, rows))

    tell(_cells(table, metres, has))
    ends = {e: _located(table, book, e) for e in ("a", "z")}
    tell([m for e in ends.values() for m in e.mistakes])
    named = table.with_columns([pl.Series(f"{e}_port", ends[e].port) for e in ends])
    tell(_twice(named))
    tell(_types(table, book, ends))
    sound = np.flatnonzero(~bad)
    lines = Lines(
        row=sound,
        a=ends["a"].id[sound],
        z=ends["z"].id[sound],
        table=named[sound].with_columns(metres=metres.gather(sound)),
        has_part=has["part"][sound],
        has_length=has["length_m"][sound],
    )
    made, mistakes = against_plan(book, lines)
    tell([spread(m, sound, table.height) for m in mistakes])
    whole = named.with_columns(length_m=pl.lit(0.0), network=pl.lit(""))
    keep = pl.Series(np.isin(np.arange(table.height), sound))
    rest = whole.filter(~keep).with_columns(at=pl.Series(np.flatnonzero(~keep.to_numpy())))
    both = pl.concat([rest, made.select(whole.columns).with_columns(at=pl.Series(sound))])
    return both.sort("at").drop("at"), bad, found


def _cells(table: pl.DataFrame, metres: pl.Series, has: dict[str, NDArray[np.bool_]]) -> list[Mistake]:
    """Return empty cells, cells outside the header, lengths that are none, and text that no name is."""
    fill = "fill it in, or delete the row"
    out = [Mistake(column=c, what="is empty", rows=(table[c] == "").to_numpy(), remedy=fill) for c in NEEDED]
    for column in ("part", "length_m"):
        rows = (table[column] == "").to_numpy() & has[column]
        out.append(Mistake(column=column, what="is empty", rows=rows, remedy="fill it in"))
    wrong = (metres.is_null() | ~(metres > 0) | ~(metres <= MOST_M)).fill_null(value=True) & (table["length_m"] != "")
    out.append(
        Mistake(
            column="length_m",
            what="is no length in metres",
            rows=wrong.to_numpy(),
            remedy=f"a number above 0 and up to {MOST_M:g}, such as 12.5",
        )
    )
    out.append(
        Mistake(
            column="beyond",
            what="there is a cell outside the columns of the header",
            rows=(table["beyond"] != "").to_numpy(),
            remedy="give the column a title, or empty the cell: cells of this row may have slipped",
        )
    )
    for column in ("cable", "a_label", "z_label"):
        text = table[column]
        rows = ((text != "") & ~text.str.contains(NAME)).to_numpy()
        out.append(
            Mistake(
                column=column,
                what="is no name: it would be taken for a formula, or holds other signs than names do",
                rows=rows,
                remedy="letters, digits and . _ : / # - only, a letter or a digit first",
            )
        )
    whole = pl.all_horizontal([pl.col(c) != "" for c in NEEDED])
    loop = table.select((pl.col("a_node") == pl.col("z_node")) & (pl.col("a_port") == pl.col("z_port")) & whole)
    rows = loop.to_series().to_numpy()
    out.append(
        Mistake(column="z_port", what="is the port at which the cable begins", rows=rows, remedy="name the far end")
    )
    return out


@dataclass(frozen=True, slots=True, kw_only=True)
class _End:
    """One end of all rows: device and port as the plan numbers them (-1: unknown), the port's name, what is wrong."""

    device: NDArray[np.int64]
    id: NDArray[np.int64]
    port: pl.Series
    mistakes: tuple[Mistake, ...]


def _located(table: pl.DataFrame, book: Book, end: str) -> _End:
    """Return devices and ports; ports may be named as in the plan, or by NVOS and adapter on InfiniBand."""
    node, port = f"{end}_node", f"{end}_port"
    seen = table.select(node=pl.col(node), port=pl.col(port)).join(
        _ports(book), on="node", how="left", maintain_order="left"
    )
    text, each = pl.col("port"), pl.col("each")
    own = pl.when(text.str.starts_with(pl.col("stem"))).then(text.str.strip_prefix(pl.col("stem")))
    number = own.cast(pl.Int64, strict=False)
    spelled = pl.format("{}{}", "stem", number) == text  # `swp01` and `swp+1` are other spellings of swp1
    cage, sub = (text.str.extract(r"^sw([0-9]{1,4})p([0-9])$", i).cast(pl.Int64, strict=False) for i in (1, 2))
    adapter = pl.when(pl.col("stem") == "eth").then(
        text.str.extract(r"^mlx5_([0-9]{1,4})$", 1).cast(pl.Int64, strict=False)
    )
    nvos = pl.when((sub >= 1) & (sub <= each)).then((cage - 1) * each + sub)
    seen = seen.with_columns(number=pl.coalesce(pl.when(spelled).then(number), nvos, adapter))
    stranger = seen["device"].is_null()
    good = (seen["number"] >= seen["lowest"]) & (seen["number"] < seen["lowest"] + seen["most"])
    good = good.fill_null(value=False)
    id_ = (
        (seen["device"].fill_null(0) * (1 << PORT_BITS)) + seen["number"].fill_null(0) + 1 - seen["lowest"].fill_null(0)
    )
    name = seen.select(pl.when(pl.Series(good)).then(pl.format("{}{}", "stem", "number")).otherwise("port")).to_series()
    there = table[node] != ""
    return _End(
        device=seen["device"].fill_null(-1).to_numpy(),
        id=np.where(good.to_numpy(), id_.to_numpy(), -1),
        port=name,
        mistakes=(
            Mistake(
                column=node,
                what="is no device of this campus",
                rows=(stranger & there).to_numpy(),
                remedy="a name as in the plan",
            ),
            Mistake(
                column=port,
                what="is no port of that device",
                rows=(~good & ~stranger & (table[port] != "")).to_numpy(),
                remedy="a port as in the plan, such as swp1 or eth0",
                also=node,
            ),
        ),
    )


def _ports(book: Book) -> pl.DataFrame:
    """Return for every device its number, the stem of its ports' names, the first number, and how many it has.

    A switch has as many as its cages hold at the highest split that the plan uses on its kind; a server as many as the
    plan uses on its kind. `each` is the number of links that share a cage of an InfiniBand switch.
    """
    number = np.zeros(book.devices.height, np.int64)
    for end in ("a_port", "z_port"):
        ids = book.cables.cables[end].to_numpy()
        np.maximum.at(number, ids >> PORT_BITS, ids & ((1 << PORT_BITS) - 1))
    switches = book.campus.catalogue.switches
    cages = {
        p: switches[p].cages + switches[p].uplinks if p in switches else 0
        for p in book.devices["part"].unique().to_list()
    }
    table = book.devices.select("node", "kind", "part", used=pl.Series(number)).with_columns(
        device=pl.int_range(pl.len(), dtype=pl.Int64),
        most=pl.max_horizontal(
            pl.col("used").max().over("kind"), pl.col("part").replace_strict(cages, return_dtype=pl.Int64)
        ),
        each=pl.col("kind").replace_strict(shares(book), default=None, return_dtype=pl.Int64),
    )
    host = ~pl.col("kind").is_in(SWITCH_KINDS)
    return table.select(
        "node",
        "device",
        "most",
        "each",
        stem=pl.when(host).then(pl.lit("eth")).otherwise(pl.lit("swp")),
        lowest=pl.when(host).then(0).otherwise(1),
    )


def _types(table: pl.DataFrame, book: Book, ends: dict[str, _End]) -> list[Mistake]:
    """Return types of devices that are another than the device's."""
    out = []
    for name, end in ends.items():
        kind = book.devices["kind"].gather(np.maximum(end.device, 0))
        said = table[f"{name}_type"]
        wrong = (said != "") & (said.str.to_lowercase() != kind) & pl.Series(end.device >= 0)
        out.append(
            Mistake(
                column=f"{name}_type",
                what="is not the type of that device",
                rows=wrong.to_numpy(),
                remedy="the type as in the plan, or the device that is meant",
                limit=kind,
            )
        )
    return out


def _twice(table: pl.DataFrame) -> list[Mistake]:
    """Return ports and cables that stand in more than one row: none of them can be trusted."""
    ends = pl.concat(
        [
            table.select(row=pl.int_range(pl.len()), node=f"{e}_node", port=f"{e}_port", end=pl.lit(e))
            for e in ("a", "z")
        ]
    ).filter((pl.col("node") != "") & (pl.col("port") != ""))
    again = ends.filter(pl.struct("node", "port").is_duplicated()).filter(
        pl.col("row").n_unique().over("node", "port") > 1
    )
    out: list[Mistake] = []
    for end in ("a", "z"):
        wrong = np.zeros(table.height, bool)
        wrong[again.filter(pl.col("end") == end)["row"].to_numpy()] = True
        out.append(
            Mistake(
                column=f"{end}_port",
                what="is used in more than one row",
                rows=wrong,
                remedy="one cable a port",
                also=f"{end}_node",
            )
        )
    name = (table["cable"] != "") & table["cable"].is_duplicated()
    out.append(Mistake(column="cable", what="names more than one row", rows=name.to_numpy(), remedy="one row a cable"))
    return out


@dataclass(frozen=True, slots=True, kw_only=True)
class _Where:
    """Places of rows in the words of their sheet."""

    table: pl.DataFrame
    titles: dict[str, dict[str, str]]

    def told(self, m: Mistake, rows: NDArray[np.int64]) -> list[Finding]:
        """Return one finding a row, up to `MOST_EACH`; then one that names the other rows."""
        shown, rest = rows[:MOST_EACH], rows[MOST_EACH:]
        out = [self._one(m, int(at), r) for at, r in zip(shown, self.table[shown].to_dicts(), strict=True)]
        if len(rest):
            numbers = ", ".join(map(str, self.table["number"].gather(rest).to_list()))
            sheet = self.table["sheet"][int(rest[0])]
            out.append(
                Finding(
                    severity=m.severity,
                    chapter="cabling",
                    where=f"column {self._title(sheet, m.column)}",
                    what=f"{m.what} in {len(rest):,} more rows",
                    found=f"rows {numbers}",
                    remedy=m.remedy,
                )
            )
        return out

    def _one(self, m: Mistake, at: int, row: dict[str, str]) -> Finding:
        there = row.get(m.column, "")
        own = f"{row[m.also]} {there}".strip() if m.also else there
        return Finding(
            severity=m.severity,
            chapter="cabling",
            where=f"sheet '{row['sheet']}', row {row['number']}, column {self._title(row['sheet'], m.column)}",
            what=m.what,
            limit="" if m.limit is None else str(m.limit[at]),
            found=own if m.found is None else str(m.found[at]),
            remedy=m.remedy,
        )

    def _title(self, sheet: str, column: str) -> str:
        """Return what the sheet calls a column; a column that it lacks by its usual title."""
        if column == "beyond":
            return "without a title"
        return self.titles[sheet].get(column) or f"{HEADERS[column][1]} (the sheet has none: the plan's is taken)"
