"""Microsoft Project's XML (MSPDI, schema http://schemas.microsoft.com/project)."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET  # entities are refused before anything is parsed
from datetime import date, timedelta
from typing import TYPE_CHECKING

import polars as pl

from gigasite._core.errors import InputFileError
from gigasite._core.finding import Severity, worst_first
from gigasite.schedule.cells import LINE, Cells
from gigasite.schedule.exchange import (
    ACTIVITIES,
    ASSIGNMENTS,
    DAY_MIN,
    RELATIONS,
    RESOURCES,
    WBS,
    Calendar,
    Exchange,
    finding,
    normal,
    table,
)
from gigasite.schedule.format import formats
from gigasite.schedule.mspdi_text import CONSTRAINT, LAG_S, MANDATORY, MOST_SPANS, RELATION, RESOURCE, project_text
from gigasite.schedule.xer_tables import spans

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gigasite._core.finding import Finding
    from gigasite.schedule.exchange import Spans

MOST_DAYS = 3660  # of one exception


@formats.part("mspdi")
class Mspdi:
    """One project; WBS elements are summary tasks."""

    suffixes = (".xml",)
    title = "Microsoft Project XML"

    def sniff(self, text: str, /) -> bool:
        """Return whether the project's name space or element is near the begin."""
        return re.search(r"<(\w+:)?Project[\s>]", text[:4000]) is not None

    def read(self, text: str, file: str, /) -> Exchange:
        """Return the project; see `Format`. A text that declares entities is refused: they can grow without bound."""
        found: list[Finding] = []
        root = _parsed(text, file)
        have = {n: _cells(root, n, e, file, found) for n, e in (("Tasks", "Task"), ("Resources", "Resource"))}
        uids, calendars = _calendars(root, file, found)
        whole = Cells(
            file=file, name="Project", rows=_frame([{c.tag: c.text or "" for c in root if len(c) == 0}]), findings=found
        )
        tasks = have["Tasks"]
        wbs, activities, ids = _tasks(tasks, uids)
        live = have["Resources"]
        live = Cells(
            file=file,
            name="Resource",
            rows=live.rows.filter((live.text("UID") != "0") & (live.text("IsNull") != "1")),
            findings=found,
        )
        out = Exchange(
            name=(whole.text("Title")[0] or whole.text("Name")[0]) or "project",
            start=whole.date("StartDate")[0],
            status=whole.date("StatusDate")[0],
            calendar=int(whole.rows_of("CalendarUID", uids)[0]),
            calendars=calendars,
            wbs=wbs,
            activities=activities,
            relations=_relations(root, ids, file, found),
            resources=_resources(live),
            assignments=_assignments(_cells(root, "Assignments", "Assignment", file, found), ids, live.text("UID")),
            findings=worst_first(found),
        )
        return normal(out)

    def write(self, exchange: Exchange, /) -> bytes:
        """Return the file in UTF-8."""
        return project_text(normal(exchange)).encode()

    def losses(self, exchange: Exchange, /) -> tuple[Finding, ...]:
        """Return what is not written, or as something near it."""
        a, r = exchange.activities, exchange.relations
        busy = max((len(s) for c in exchange.calendars for s in (*c.week, *[e for _, e in c.exceptions])), default=0)
        counts = (
            (
                "activities",
                a["constraint"].is_in(list(MANDATORY)).sum(),
                "mandatory dates become 'must start/finish on'",
            ),
            (
                "activities",
                (a["kind"] == "start milestone").sum(),
                "start milestones become milestones, read as finish",
            ),
            ("activities", (a["kind"] == "level of effort").sum(), "levels of effort become tasks"),
            ("activities", ((a["complete_frac"] * 100 % 1) > 1e-9).sum(), "progress is rounded to whole per cent"),
            ("relations", (r["lag_s"] % LAG_S != 0).sum(), "lags are rounded to tenths of a minute"),
            ("resources", (exchange.resources["kind"] == "nonlabor").sum(), "nonlabor becomes work, read as labor"),
            (
                "calendars",
                max(busy - MOST_SPANS, 0),
                "days have at most five spells of working time; the rest is left out",
            ),
            ("calendars", _day_lengths(exchange), "one length of a day for the whole project"),
        )
        return worst_first(
            finding(Severity.warning, where, text, "keep the XER beside it", found=f"{int(n):,} cases")
            for where, n, text in counts
            if n
        )


def _day_lengths(x: Exchange) -> int:
    """Return how many calendars mean another day than the project's."""
    own = x.calendars[x.calendar].hours_per_day if x.calendar >= 0 else 8.0
    return sum(c.hours_per_day != own for c in x.calendars)


def _parsed(text: str, file: str) -> ET.Element:
    at = text.find("<!DOCTYPE")
    at = text.find("<!ENTITY") if at < 0 else at
    if at >= 0:
        line = text.count("\n", 0, at) + 1
        raise InputFileError(file, line, "document types and entities are refused; export from Microsoft Project again")
    try:
        root = ET.fromstring(text.lstrip("\ufeff \r\n\t"))  # noqa: S314  # entities are refused above
    except (ET.ParseError, UnicodeEncodeError) as error:
        line = getattr(error, "position", (0, 0))[0]
        raise InputFileError(file, line, f"is no whole XML: {error}; export the project again") from error
    for e in root.iter():
        if isinstance(e.tag, str):
            e.tag = e.tag.rpartition("}")[2]
    if root.tag != "Project":
        raise InputFileError(file, 1, f"the root is <{root.tag[:40]}>, not <Project> of Microsoft Project")
    return root


def _frame(rows: list[dict[str, str]]) -> pl.DataFrame:
    """Return elements as text columns; their number stands where other formats have the line."""
    names = sorted({n for row in rows for n in row})
    columns = {n: pl.Series(n, [row.get(n, "") for row in rows], dtype=pl.String) for n in names}
    return pl.DataFrame({**columns, LINE: pl.Series(range(1, len(rows) + 1), dtype=pl.Int64)})


def _each(root: ET.Element, group: str, one: str) -> Iterator[ET.Element]:
    for g in root.findall(group):
        yield from g.findall(one)


def _cells(root: ET.Element, group: str, one: str, file: str, found: list[Finding]) -> Cells:
    rows = [{c.tag: c.text or "" for c in e if len(c) == 0} for e in _each(root, group, one)]
    return Cells(file=file, name=one, rows=_frame(rows), findings=found)


def _clock(text: str) -> int:
    found = re.match(r"(?:\d{4}-\d\d-\d\dT)?(\d\d):(\d\d)", text.strip())
    return min(int(found[1]) * 60 + int(found[2]), DAY_MIN) if found else -1


def _spans(e: ET.Element) -> Spans:
    out = []
    for w in _each(e, "WorkingTimes", "WorkingTime"):
        a, z = _clock(w.findtext("FromTime") or ""), _clock(w.findtext("ToTime") or "")
        if a >= 0 and z >= 0:
            out.append((a, z or DAY_MIN))
    return spans(out)


def _calendars(root: ET.Element, file: str, found: list[Finding]) -> tuple[pl.Series, tuple[Calendar, ...]]:
    uids, out, skipped = [], [], 0
    minutes = root.findtext("MinutesPerDay") or ""
    hours = int(minutes) / 60 if re.fullmatch(r"\d{1,4}", minutes) else 8.0
    for e in _each(root, "Calendars", "Calendar"):
        if (e.findtext("IsBaseCalendar") or "1").strip() in {"0", "false"}:
            skipped += 1
            continue
        uids.append((e.findtext("UID") or "").strip())
        days = {(d.findtext("DayType") or "").strip(): _spans(d) for d in _each(e, "WeekDays", "WeekDay")}
        free: dict[str, Spans] = {}
        for x in [
            *_each(e, "Exceptions", "Exception"),
            *[d for d in _each(e, "WeekDays", "WeekDay") if d.findtext("DayType") == "0"],
        ]:
            free |= dict.fromkeys(_days(x), _spans(x))
        week = tuple(days.get(t, ()) for t in "2345671")  # the week begins on Sunday
        name = (e.findtext("Name") or "").strip()
        out.append(Calendar(name=name, week=week, exceptions=tuple(sorted(free.items())), hours_per_day=hours))
    if skipped:
        text = "calendars of single resources are not read"
        found.append(finding(Severity.note, file, text, "none needed for the network", found=f"{skipped} calendars"))
    return pl.Series(uids, dtype=pl.String), tuple(out)


def _days(e: ET.Element) -> list[str]:
    period = e.find("TimePeriod")
    if period is None:
        return []
    try:
        first, last = (date.fromisoformat((period.findtext(t) or "").strip()[:10]) for t in ("FromDate", "ToDate"))
        return [(first + timedelta(i)).isoformat() for i in range(min((last - first).days + 1, MOST_DAYS))]
    except (ValueError, OverflowError):  # a date that is none: the exception holds on no day
        return []


_DURATION = r"^(-)?P(?:(\d{1,7})D)?(?:T(?:(\d{1,9})H)?(?:(\d{1,9})M)?(?:(\d{1,9})(?:\.\d+)?S)?)?$"


def _duration(c: Cells, column: str) -> pl.Series:
    """Return ISO durations as seconds."""
    raw = c.text(column)
    part = [raw.str.extract(_DURATION, i) for i in range(1, 6)]
    n = {k: part[i].cast(pl.Int64).fill_null(0) for i, k in enumerate("-dhms") if i}
    total = n["d"] * 86400 + n["h"] * 3600 + n["m"] * 60 + n["s"]
    frame = pl.DataFrame({"t": total, "sign": part[0], "ok": raw.str.contains(_DURATION)})
    signed = pl.when(pl.col("sign") == "-").then(-pl.col("t")).otherwise("t")
    out = frame.select(pl.when("ok").then(signed)).to_series()
    c._bad(raw, out, column, "a duration such as PT8H0M0S")  # noqa: SLF001  # the same finding for one more kind of cell
    return out.fill_null(0)


def _tasks(c: Cells, calendars: pl.Series) -> tuple[pl.DataFrame, pl.DataFrame, pl.Series]:
    """Return WBS (summary tasks), activities, and the UIDs of these."""
    real = (c.text("UID") != "0") & (c.text("IsNull") != "1")
    c = Cells(file=c.file, name=c.name, rows=c.rows.filter(real), findings=c.findings)
    summary = (c.text("Summary") == "1").to_list()
    stack: list[tuple[int, int]] = []  # level and row of the summaries above
    parent: list[int] = []
    above: list[int] = []
    at = -1
    for level, is_summary in zip(c.number("OutlineLevel", 1.0).to_list(), summary, strict=True):
        while stack and stack[-1][0] >= level:
            stack.pop()
        (parent if is_summary else above).append(stack[-1][1] if stack else -1)
        if is_summary:
            at += 1
            stack.append((level, at))
    mask = pl.Series(summary, dtype=pl.Boolean)
    s, a = (Cells(file=c.file, name=c.name, rows=c.rows.filter(m), findings=c.findings) for m in (mask, ~mask))
    wbs = table(WBS, {"parent": parent, "code": s.text("WBS"), "name": s.text("Name")})
    return wbs, _activities(a, above, calendars), a.text("UID")


def _activities(a: Cells, above: list[int], calendars: pl.Series) -> pl.DataFrame:
    code = pl.DataFrame({"w": a.text("WBS"), "u": a.text("UID")})
    mile = pl.DataFrame({"m": a.text("Milestone") == "1"}).select(
        pl.when("m").then(pl.lit("finish milestone")).otherwise(pl.lit("task"))
    )
    planned = _duration(a, "Duration")
    done = _duration(a, "ActualDuration")
    # files may leave the remaining duration out: then it is what is not done
    said = _duration(a, "RemainingDuration")
    left = pl.DataFrame({"raw": a.text("RemainingDuration"), "said": said, "rest": planned - done})
    kind = a.choice("ConstraintType", {"": ""} | CONSTRAINT, "")
    return table(
        ACTIVITIES,
        {
            "code": code.select(pl.when(pl.col("w") == "").then("u").otherwise("w")).to_series(),
            "name": a.text("Name"),
            "wbs": above,
            "calendar": a.rows_of("CalendarUID", calendars),
            "kind": mile.to_series(),
            "planned_s": planned,
            "remaining_s": left.select(pl.when(pl.col("raw") == "").then("rest").otherwise("said")).to_series(),
            "complete_frac": a.percent("PhysicalPercentComplete"),
            "start": a.date("Start"),
            "finish": a.date("Finish"),
            "actual_start": a.date("ActualStart"),
            "actual_finish": a.date("ActualFinish"),
            "constraint": kind,
            "constraint_date": a.date("ConstraintDate"),
        },
    )


def _relations(root: ET.Element, ids: pl.Series, file: str, found: list[Finding]) -> pl.DataFrame:
    rows = [
        {"after": (t.findtext("UID") or "").strip()} | {c.tag: c.text or "" for c in p}
        for t in _each(root, "Tasks", "Task")
        for p in t.findall("PredecessorLink")
    ]
    c = Cells(file=file, name="PredecessorLink", rows=_frame(rows), findings=found)
    wanted = "an activity of the project (summary tasks and other projects have none)"
    made = table(
        RELATIONS,
        {
            "before": c.rows_of("PredecessorUID", ids, wanted),
            "after": c.rows_of("after", ids, wanted),
            "kind": c.choice("Type", {"": "FS"} | RELATION, "FS"),
            "lag_s": (c.number("LinkLag") * LAG_S).round().cast(pl.Int64),
        },
    )
    return made.filter((pl.col("before") >= 0) & (pl.col("after") >= 0))


def _resources(c: Cells) -> pl.DataFrame:
    code = pl.DataFrame({"i": c.text("Initials"), "n": c.text("Name")})
    return table(
        RESOURCES,
        {
            "code": code.select(pl.when(pl.col("i") == "").then("n").otherwise("i")).to_series(),
            "name": c.text("Name"),
            "kind": c.choice("Type", {"": "labor", "2": "nonlabor"} | RESOURCE, "labor"),
            "units": c.number("MaxUnits"),
        },
    )


def _assignments(c: Cells, tasks: pl.Series, resources: pl.Series) -> pl.DataFrame:
    made = table(
        ASSIGNMENTS,
        {
            "activity": c.rows_of("TaskUID", tasks),
            "resource": c.rows_of("ResourceUID", resources),
            "units": c.number("Units", 1.0),
        },
    )
    return made.filter((pl.col("activity") >= 0) & (pl.col("resource") >= 0))
