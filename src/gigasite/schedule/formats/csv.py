"""A table for spreadsheets: one row an activity, predecessors and crews in one cell each."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import polars as pl

from gigasite._core.errors import InputFileError
from gigasite._core.finding import Severity, worst_first
from gigasite.schedule.cells import LINE, Cells
from gigasite.schedule.exchange import (
    ACTIVITIES,
    ASSIGNMENTS,
    KINDS,
    RELATION_KINDS,
    RELATIONS,
    RESOURCES,
    Exchange,
    finding,
    normal,
    table,
)
from gigasite.schedule.format import formats

if TYPE_CHECKING:
    from gigasite._core.finding import Finding

NEEDED = ("code", "duration_h")
LINK = r"^(.*?)\s*(FS|SS|FF|SF)?\s*([+-]\s*[\d.]+)?\s*h?$"
HELD = r"^(.*)\[([\d.]+)\]$"


@formats.part("csv")
class Csv:
    """Activities with predecessors such as `A10 FS+8h; A20 SS` and crews such as `fibre[8]`; no calendars."""

    suffixes = (".csv",)
    title = "table of activities for spreadsheets"

    def sniff(self, text: str, /) -> bool:
        """Return whether the first line names the needed columns."""
        head = [c.strip(' "\ufeff\r') for c in text[:4000].split("\n", 1)[0].split(",")]
        return all(n in head for n in NEEDED)

    def read(self, text: str, file: str, /) -> Exchange:
        """Return the project; see `Format`. Without `remaining_h` all of the duration remains."""
        if not self.sniff(text):
            raise InputFileError(file, 1, f"the first line must name the columns {', '.join(NEEDED)} (and others)")
        try:
            rows = pl.read_csv(io.StringIO(text.lstrip("\ufeff")), infer_schema=False, truncate_ragged_lines=True)
        except pl.exceptions.PolarsError as error:
            raise InputFileError(file, 0, f"is no table: {str(error).splitlines()[0][:200]}; save it as CSV") from error
        found: list[Finding] = []
        # quoted cells may hold line ends, which moves the lines below: the number counts rows after the header
        c = Cells(file=file, name="row", rows=rows.with_row_index(LINE, 2), findings=found)
        codes = c.text("code")
        resources, assignments = _held(c)
        project = c.text("project")
        return normal(
            Exchange(
                name=project[0] if len(project) and project[0] else "project",
                start=min((d for d in c.date("start") if d), default=""),
                activities=_activities(c),
                relations=_relations(c, codes),
                resources=resources,
                assignments=assignments,
                findings=worst_first(found),
            )
        )

    def write(self, exchange: Exchange, /) -> bytes:
        """Return the file in UTF-8."""
        x = normal(exchange)
        a = x.activities.with_row_index("row").with_columns(pl.col("row").cast(pl.Int32))
        lag = pl.col("lag_s") / 3600.0
        links = x.relations.join(a.select("row", "code"), left_on="before", right_on="row", maintain_order="left")
        sign = pl.when(lag > 0).then(pl.lit("+")).otherwise(pl.lit(""))
        tail = pl.when(lag == 0).then(pl.lit("")).otherwise(sign + lag.round(6).cast(pl.String) + "h")
        links = links.group_by("after").agg(predecessors=(pl.col("code") + " " + pl.col("kind") + tail).str.join("; "))
        r = x.resources.with_row_index("row").select(pl.col("row").cast(pl.Int32), crew="code")
        held = x.assignments.join(r, left_on="resource", right_on="row", maintain_order="left")
        crews = pl.format("{}[{}]", pl.col("crew"), pl.col("units"))
        held = held.group_by("activity").agg(resources=crews.str.join("; "))
        out = a.join(links, left_on="row", right_on="after", how="left", maintain_order="left")
        out = out.join(held, left_on="row", right_on="activity", how="left", maintain_order="left")
        head = [pl.lit(x.name).alias("project"), pl.col("code"), pl.col("name"), pl.col("kind")]
        hours = [
            (pl.col(f"{n}_s") / 3600.0).alias(h) for n, h in (("planned", "duration_h"), ("remaining", "remaining_h"))
        ]
        dates = ["complete_frac", "start", "finish", "actual_start", "actual_finish"]
        return out.select(*head, *hours, *dates, "predecessors", "resources").write_csv().encode()

    def losses(self, exchange: Exchange, /) -> tuple[Finding, ...]:
        """Return what is not written."""
        x = exchange
        odd = pl.concat([x.activities["code"], x.resources["code"]]).str.contains(r"[;\[\]]").sum()
        counts = (
            ("calendars", len(x.calendars), "calendars are not written"),
            ("wbs", x.wbs.height, "the work breakdown is not written"),
            ("constraints", (x.activities["constraint"] != "").sum(), "date constraints are not written"),
            ("resources", x.resources.height, "names, kinds and units of resources are not written"),
            ("codes", odd, "codes with ; or [ ] do not read back"),
        )
        return worst_first(
            finding(Severity.warning, where, text, "write xer or mspdi as well", found=f"{int(n):,} cases")
            for where, n, text in counts
            if n
        )


def _activities(c: Cells) -> pl.DataFrame:
    planned, raw = c.seconds("duration_h"), c.text("remaining_h")
    left = pl.DataFrame({"raw": raw, "said": c.seconds("remaining_h"), "all": planned})
    return table(
        ACTIVITIES,
        {
            "code": c.text("code"),
            "name": c.text("name"),
            "wbs": [-1] * c.rows.height,
            "calendar": [-1] * c.rows.height,
            "kind": c.choice("kind", {"": "task"} | {k: k for k in KINDS}, "task"),
            "planned_s": planned,
            "remaining_s": left.select(pl.when(pl.col("raw") == "").then("all").otherwise("said")).to_series(),
            "complete_frac": c.number("complete_frac").clip(0.0, 1.0),
            **{n: c.date(n) for n in ("start", "finish", "actual_start", "actual_finish")},
            "constraint": [""] * c.rows.height,
            "constraint_date": [""] * c.rows.height,
        },
    )


def _parts(c: Cells, column: str) -> Cells:
    """Return the parts of a cell of many, each a row with the line and number of its activity."""
    rows = pl.DataFrame({LINE: c.rows[LINE], "of": range(c.rows.height), "part": c.text(column).str.split(";")})
    rows = rows.explode("part").with_columns(pl.col("part").str.strip_chars()).filter(pl.col("part") != "")
    return Cells(file=c.file, name=column, rows=rows, findings=c.findings)


def _relations(c: Cells, codes: pl.Series) -> pl.DataFrame:
    p = _parts(c, "predecessors")
    part = [p.rows["part"].str.extract(LINK, i).fill_null("") for i in (1, 2, 3)]
    rows = p.rows.with_columns(before=part[0], kind=part[1], lag=part[2].str.replace_all(" ", ""))
    p = Cells(file=c.file, name="predecessors", rows=rows, findings=c.findings)
    made = table(
        RELATIONS,
        {
            "before": p.rows_of("before", codes, "the code of an activity"),
            "after": rows["of"],
            "kind": p.choice("kind", {"": "FS"} | {k: k for k in RELATION_KINDS}, "FS"),
            "lag_s": p.seconds("lag"),
        },
    )
    return made.filter(pl.col("before") >= 0)


def _held(c: Cells) -> tuple[pl.DataFrame, pl.DataFrame]:
    p = _parts(c, "resources")
    crew = p.rows["part"].str.extract(HELD, 1)
    rows = p.rows.with_columns(
        crew=crew.fill_null(p.rows["part"]).str.strip_chars(), units=p.rows["part"].str.extract(HELD, 2).fill_null("1")
    )
    names = rows["crew"].unique().sort()
    p = Cells(file=c.file, name="resources", rows=rows, findings=c.findings)
    n = len(names)
    resources = table(RESOURCES, {"code": names, "name": names, "kind": ["labor"] * n, "units": [0.0] * n})
    of = {"activity": rows["of"], "resource": p.rows_of("crew", names), "units": p.number("units")}
    return resources, table(ASSIGNMENTS, of)
