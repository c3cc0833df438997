"""Primavera P6's exchange file (.xer): tab text of tables `%T`, fields `%F`, rows `%R`, end `%E`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl

from gigasite._core.errors import InputFileError
from gigasite._core.finding import Severity, worst_first
from gigasite.schedule.cells import LINE, Cells
from gigasite.schedule.exchange import (
    ACTIVITIES,
    ASSIGNMENTS,
    RELATIONS,
    RESOURCES,
    WBS,
    Exchange,
    finding,
    normal,
    rooted,
    table,
)
from gigasite.schedule.format import formats
from gigasite.schedule.xer_tables import calendar, calendar_text, tables

if TYPE_CHECKING:
    from gigasite._core.finding import Finding

KIND = {
    "TT_Task": "task",
    "TT_Rsrc": "task",
    "TT_Mile": "start milestone",
    "TT_FinMile": "finish milestone",
    "TT_LOE": "level of effort",
    "TT_WBS": "level of effort",
}
CONSTRAINT = {
    "": "",
    "CS_ALAP": "as late as possible",
    "CS_MSO": "start on",
    "CS_MSOA": "start no earlier",
    "CS_MSOB": "start no later",
    "CS_MEO": "finish on",
    "CS_MEOA": "finish no earlier",
    "CS_MEOB": "finish no later",
    "CS_MANDSTART": "mandatory start",
    "CS_MANDFIN": "mandatory finish",
}
RESOURCE = {"RT_Labor": "labor", "RT_Equip": "nonlabor", "RT_Mat": "material"}
RELATION = {"PR_FS": "FS", "PR_SS": "SS", "PR_FF": "FF", "PR_SF": "SF"}
READ = {"PROJECT", "CALENDAR", "PROJWBS", "TASK", "TASKPRED", "RSRC", "RSRCRATE", "TASKRSRC"}
SILENT = {"CURRTYPE", "OBS", "UMEASURE", "SCHEDOPTIONS"}  # programs' own settings: nothing of a project is lost


def _back(words: dict[str, str]) -> dict[str, str]:
    """Return the first file word of each of ours."""
    return {ours: theirs for theirs, ours in reversed(words.items())}


@formats.part("xer")
class Xer:
    """One project; the first of several, with a finding."""

    suffixes = (".xer",)
    title = "Primavera P6 exchange file"

    def sniff(self, text: str, /) -> bool:
        """Return whether the header or a table stands first."""
        return text.lstrip("\ufeff \r\n").startswith(("ERMHDR", "%T\t"))

    def read(self, text: str, file: str, /) -> Exchange:
        """Return the project; see `Format`."""
        found: list[Finding] = []
        have = tables(text.lstrip("\ufeff"), file, found)
        if "TASK" not in have:
            raise InputFileError(file, 0, "there is no table TASK; is it a whole Primavera export?")
        none = {n: Cells(file=file, name=n, rows=pl.DataFrame(schema={LINE: pl.Int64}), findings=found) for n in READ}
        out = _exchange(none | have, file, found)
        extra = sorted(n for n in have if n not in READ | SILENT and have[n].rows.height)
        if extra:
            text = f"tables that are not read: {', '.join(extra)[:200]}"
            found.append(finding(Severity.note, file, text, "none needed for the network"))
        return normal(_with(out, found))

    def write(self, exchange: Exchange, /) -> bytes:
        """Return the file: in Windows-1252, Primavera's own, where it holds every letter, else in UTF-8."""
        x = normal(exchange)
        text = _text(x)
        try:
            data = text.encode("cp1252")
        except UnicodeEncodeError:
            return text.encode("utf-8-sig")
        return data if data.isascii() else _unless_utf8(data, text)

    def losses(self, exchange: Exchange, /) -> tuple[Finding, ...]:
        """Return what is not written."""
        out = []
        if exchange.calendar < 0 and (exchange.activities["calendar"] < 0).any():
            text = "activities without a calendar: Primavera wants one for each"
            out.append(finding(Severity.warning, "calendars", text, "give the project a calendar"))
        return worst_first(out)


def _unless_utf8(data: bytes, text: str) -> bytes:
    """Return Windows-1252, or UTF-8 with its mark where those bytes would be taken for UTF-8."""
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return data
    return text.encode("utf-8-sig")


def _with(x: Exchange, found: list[Finding]) -> Exchange:
    return replace(x, findings=worst_first(found))


def _exchange(have: dict[str, Cells], file: str, found: list[Finding]) -> Exchange:
    project = have["PROJECT"]
    first = project.text("proj_id")[0] if project.rows.height else ""
    if project.rows.height > 1:
        text = (
            f"holds {project.rows.height} projects; only the first ({project.text('proj_short_name')[0][:40]}) is read"
        )
        found.append(finding(Severity.warning, file, text, "export the others one by one"))
        for name in ("PROJWBS", "TASK", "TASKPRED", "TASKRSRC"):
            have[name] = _of_project(have[name], first)
    cal = have["CALENDAR"]
    ids = cal.text("clndr_id")
    parts = zip(cal.text("clndr_name"), cal.text("clndr_data"), cal.number("day_hr_cnt", 8.0), strict=True)
    wbs, wbs_ids = _wbs(have["PROJWBS"])
    activities = _activities(have["TASK"], wbs_ids, ids)
    tasks, resources = have["TASK"].text("task_id"), have["RSRC"].text("rsrc_id")
    return Exchange(
        name=project.text("proj_short_name")[0] if project.rows.height else "project",
        start=project.date("plan_start_date")[0] if project.rows.height else "",
        status=project.date("last_recalc_date")[0] if project.rows.height else "",
        calendar=int(project.rows_of("clndr_id", ids, "a calendar of the file")[0]) if project.rows.height else -1,
        calendars=tuple(calendar(n, d, h) for n, d, h in parts),
        wbs=wbs,
        activities=activities,
        relations=_relations(have["TASKPRED"], tasks),
        resources=_resources(have["RSRC"], have["RSRCRATE"]),
        assignments=_assignments(have["TASKRSRC"], tasks, resources),
    )


def _of_project(c: Cells, project: str) -> Cells:
    rows = c.rows.filter(c.text("proj_id") == project) if "proj_id" in c.rows.columns else c.rows
    return Cells(file=c.file, name=c.name, rows=rows, findings=c.findings)


def _wbs(c: Cells) -> tuple[pl.DataFrame, pl.Series]:
    """Return the WBS below the project's own node, and the file's ids of its rows."""
    own = c.text("proj_node_flag") == "Y"
    rest = Cells(file=c.file, name=c.name, rows=c.rows.filter(~own), findings=c.findings)
    ids = rest.text("wbs_id")
    parent = rooted(rest.rows_of("parent_wbs_id", ids).to_list())
    columns = {"parent": parent, "code": rest.text("wbs_short_name"), "name": rest.text("wbs_name")}
    return table(WBS, columns), ids


def _activities(c: Cells, wbs: pl.Series, calendars: pl.Series) -> pl.DataFrame:
    start, finish = c.date("target_start_date"), c.date("target_end_date")
    code = c.text("task_code")
    return table(
        ACTIVITIES,
        {
            "code": code.to_frame("c")
            .select(pl.when(pl.col("c") == "").then(c.text("task_id")).otherwise("c"))
            .to_series(),
            "name": c.text("task_name"),
            "wbs": c.rows_of("wbs_id", wbs),
            "calendar": c.rows_of("clndr_id", calendars, "a calendar of the file"),
            "kind": c.choice("task_type", {"": "task"} | KIND, "task"),
            "planned_s": c.seconds("target_drtn_hr_cnt"),
            "remaining_s": c.seconds("remain_drtn_hr_cnt"),
            "complete_frac": c.percent("phys_complete_pct"),
            "start": start,
            "finish": finish,
            "actual_start": c.date("act_start_date"),
            "actual_finish": c.date("act_end_date"),
            "constraint": c.choice("cstr_type", CONSTRAINT, ""),
            "constraint_date": c.date("cstr_date"),
        },
    )


def _relations(c: Cells, tasks: pl.Series) -> pl.DataFrame:
    made = table(
        RELATIONS,
        {
            "before": c.rows_of("pred_task_id", tasks, "an activity of the project"),
            "after": c.rows_of("task_id", tasks, "an activity of the project"),
            "kind": c.choice("pred_type", {"": "FS"} | RELATION, "FS"),
            "lag_s": c.seconds("lag_hr_cnt"),
        },
    )
    return made.filter((pl.col("before") >= 0) & (pl.col("after") >= 0))


def _resources(c: Cells, rates: Cells) -> pl.DataFrame:
    ids = c.text("rsrc_id")
    # units of a resource stand in its rates, by date; the largest is taken, per hour of work
    per = (
        pl.DataFrame({"id": rates.text("rsrc_id"), "u": rates.number("max_qty_per_hr")})
        .group_by("id")
        .agg(pl.col("u").max())
    )
    units = ids.to_frame("id").join(per, on="id", how="left", maintain_order="left")["u"].fill_null(0.0)
    return table(
        RESOURCES,
        {
            "code": c.text("rsrc_short_name"),
            "name": c.text("rsrc_name"),
            "kind": c.choice("rsrc_type", {"": "labor"} | RESOURCE, "labor"),
            "units": units,
        },
    )


def _assignments(c: Cells, tasks: pl.Series, resources: pl.Series) -> pl.DataFrame:
    made = table(
        ASSIGNMENTS,
        {
            "activity": c.rows_of("task_id", tasks, "an activity of the project"),
            "resource": c.rows_of("rsrc_id", resources, "a resource of the file"),
            "units": c.number("target_qty_per_hr"),
        },
    )
    return made.filter((pl.col("activity") >= 0) & (pl.col("resource") >= 0))


def _text(x: Exchange) -> str:
    """Return the tables; ids count from 1, the project's own WBS node is 1."""
    return "\r\n".join(
        [
            "ERMHDR\t8.0\t2000-01-01\tProject\tgigasite\tgigasite\t\tProject Management\tUSD",
            _block("PROJECT", _project(x)),
            _block("CALENDAR", _calendars(x)),
            _block("PROJWBS", _nodes(x)),
            *_resource_blocks(x),
            _block("TASK", _tasks(x)),
            _block("TASKPRED", _links(x)),
            "%E",
            "",
        ]
    )


def _tasks(x: Exchange) -> pl.DataFrame:
    clock = {
        c: pl.col(c).str.replace("T", " ")
        for c in ("start", "finish", "actual_start", "actual_finish", "constraint_date")
    }
    status = pl.when(pl.col("actual_finish") != "").then(pl.lit("TK_Complete"))
    state = status.when(pl.col("actual_start") != "").then(pl.lit("TK_Active")).otherwise(pl.lit("TK_NotStart"))
    one = pl.lit("1")
    return x.activities.with_row_index("i").select(
        task_id=pl.col("i") + 1,
        proj_id=one,
        wbs_id=pl.col("wbs") + 2,
        clndr_id=_number("calendar"),
        phys_complete_pct=_digits(pl.col("complete_frac") * 100.0),
        complete_pct_type=pl.lit("CP_Phys"),
        task_type=pl.col("kind").replace_strict(_back(KIND)),
        duration_type=pl.lit("DT_FixedDrtn"),
        status_code=state,
        task_code=pl.col("code"),
        task_name=pl.col("name"),
        remain_drtn_hr_cnt=_digits(pl.col("remaining_s") / 3600.0),
        target_drtn_hr_cnt=_digits(pl.col("planned_s") / 3600.0),
        cstr_date=clock["constraint_date"],
        act_start_date=clock["actual_start"],
        act_end_date=clock["actual_finish"],
        target_start_date=clock["start"],
        target_end_date=clock["finish"],
        cstr_type=pl.col("constraint").replace_strict(_back(CONSTRAINT)),
    )


def _nodes(x: Exchange) -> pl.DataFrame:
    root = pl.DataFrame(
        {
            "wbs_id": ["1"],
            "proj_id": "1",
            "proj_node_flag": "Y",
            "wbs_short_name": x.name,
            "wbs_name": x.name,
            "parent_wbs_id": "",
        }
    )
    wbs = x.wbs.with_row_index("i").select(
        wbs_id=(pl.col("i") + 2).cast(pl.String),
        proj_id=pl.lit("1"),
        proj_node_flag=pl.lit("N"),
        wbs_short_name="code",
        wbs_name="name",
        parent_wbs_id=(pl.col("parent") + 2).replace(1, 1).cast(pl.String),
    )
    return pl.concat([root, wbs])


def _links(x: Exchange) -> pl.DataFrame:
    one = pl.lit("1")
    return x.relations.with_row_index("i").select(
        task_pred_id=pl.col("i") + 1,
        task_id=pl.col("after") + 1,
        pred_task_id=pl.col("before") + 1,
        proj_id=one,
        pred_proj_id=one,
        pred_type=pl.lit("PR_") + pl.col("kind"),
        lag_hr_cnt=_digits(pl.col("lag_s") / 3600.0),
    )


def _project(x: Exchange) -> pl.DataFrame:
    cell = {
        "proj_id": "1",
        "export_flag": "Y",
        "proj_short_name": x.name,
        "clndr_id": str(x.calendar + 1) if x.calendar >= 0 else "",
        "plan_start_date": x.start.replace("T", " "),
        "last_recalc_date": x.status.replace("T", " "),
    }
    return pl.DataFrame({k: [v] for k, v in cell.items()})


def _calendars(x: Exchange) -> pl.DataFrame:
    rows = [
        (
            str(i),
            "Y" if i == x.calendar + 1 else "N",
            c.name,
            "CA_Base",
            f"{c.hours_per_day:.12g}",
            f"{c.week_s() / 3600:.12g}",
            calendar_text(c),
        )
        for i, c in enumerate(x.calendars, 1)
    ]
    names = ["clndr_id", "default_flag", "clndr_name", "clndr_type", "day_hr_cnt", "week_hr_cnt", "clndr_data"]
    return pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String), orient="row")


def _resource_blocks(x: Exchange) -> list[str]:
    r = x.resources.with_row_index("i")
    rsrc = r.select(
        rsrc_id=pl.col("i") + 1,
        rsrc_short_name="code",
        rsrc_name="name",
        rsrc_type=pl.col("kind").replace_strict(_back(RESOURCE)),
    )
    rate = r.filter(pl.col("units") != 0).select(
        rsrc_rate_id=pl.col("i") + 1,
        rsrc_id=pl.col("i") + 1,
        max_qty_per_hr=_digits(pl.col("units")),
        start_date=pl.lit(x.start.replace("T", " ")),
    )
    hold = x.assignments.with_row_index("i").select(
        taskrsrc_id=pl.col("i") + 1,
        task_id=pl.col("activity") + 1,
        proj_id=pl.lit("1"),
        rsrc_id=pl.col("resource") + 1,
        target_qty_per_hr=_digits(pl.col("units")),
    )
    return [_block("RSRC", rsrc), _block("RSRCRATE", rate), _block("TASKRSRC", hold)]


def _number(name: str) -> pl.Expr:
    return pl.when(pl.col(name) >= 0).then((pl.col(name) + 1).cast(pl.String)).otherwise(pl.lit(""))


def _digits(value: pl.Expr) -> pl.Expr:
    """Return numbers as text that reads back to the same second."""
    return value.round(9).cast(pl.String)


def _block(name: str, rows: pl.DataFrame) -> str:
    fields = "\t".join(rows.columns)
    head = f"%T\t{name}\r\n%F\t{fields}"
    if not rows.height:
        return head
    lines = rows.select(pl.concat_str([pl.lit("%R"), pl.all().cast(pl.String)], separator="\t"))
    return head + "\r\n" + "\r\n".join(lines.to_series().to_list())
