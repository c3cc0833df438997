"""Microsoft Project's XML as text: words of the schema, elements in its order."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gigasite.schedule.exchange import Calendar, Exchange, Spans

SPACE = "http://schemas.microsoft.com/project"
CONSTRAINT = {
    "0": "",
    "1": "as late as possible",
    "2": "start on",
    "3": "finish on",
    "4": "start no earlier",
    "5": "start no later",
    "6": "finish no earlier",
    "7": "finish no later",
}
MANDATORY = {"mandatory start": "start on", "mandatory finish": "finish on"}
RELATION = {"0": "FF", "1": "FS", "2": "SF", "3": "SS"}
RESOURCE = {"1": "labor", "0": "material"}
MOST_SPANS = 5  # of working time in a day
LAG_S = 6  # lags are whole tenths of a minute


def _tag(name: str, value: object) -> str:
    return f"<{name}>{escape(str(value))}</{name}>" if value != "" else ""


def _when(name: str, text: str) -> str:
    return _tag(name, f"{text}:00") if text else ""


def project_text(x: Exchange) -> str:
    """Return the elements in the order of the schema; tasks in outline order, summaries before what is below them."""
    minutes = round((x.calendars[x.calendar].hours_per_day if x.calendar >= 0 else 8.0) * 60)
    head = [
        '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>',
        f'<Project xmlns="{SPACE}">',
        "<SaveVersion>14</SaveVersion>",
        _tag("Name", x.name) + _tag("Title", x.name) + _when("StartDate", x.start),
        _tag("CalendarUID", x.calendar + 1) if x.calendar >= 0 else "",
        _tag("MinutesPerDay", minutes) + _when("StatusDate", x.status),
    ]
    tasks, uid = _task_texts(x)
    return "\n".join(
        [
            *head,
            "<Calendars>",
            *[_calendar(i, c) for i, c in enumerate(x.calendars, 1)],
            "</Calendars><Tasks>",
            *tasks,
            "</Tasks><Resources>",
            *_resource_texts(x),
            "</Resources><Assignments>",
            *_assignment_texts(x, uid),
            "</Assignments></Project>",
            "",
        ]
    )


def _working(day: Spans) -> str:
    times = "".join(
        f"<WorkingTime><FromTime>{a // 60:02}:{a % 60:02}:00</FromTime>"
        f"<ToTime>{z // 60 % 24:02}:{z % 60:02}:00</ToTime></WorkingTime>"
        for a, z in day[:MOST_SPANS]
    )
    return f"<DayWorking>{int(bool(day))}</DayWorking>" + (f"<WorkingTimes>{times}</WorkingTimes>" if times else "")


def _calendar(uid: int, c: Calendar) -> str:
    days = "".join(
        f"<WeekDay><DayType>{t}</DayType>{_working(c.week[i])}</WeekDay>"
        for t, i in enumerate((6, 0, 1, 2, 3, 4, 5), 1)
    )
    free = "".join(
        "<Exception><EnteredByOccurrences>0</EnteredByOccurrences>"
        f"<TimePeriod><FromDate>{d}T00:00:00</FromDate><ToDate>{d}T23:59:00</ToDate></TimePeriod>"
        f"<Occurrences>1</Occurrences><Type>1</Type>{_working(s)}</Exception>"
        for d, s in c.exceptions
    )
    base = f"<UID>{uid}</UID>{_tag('Name', c.name)}<IsBaseCalendar>1</IsBaseCalendar>"
    return (
        f"<Calendar>{base}<WeekDays>{days}</WeekDays>"
        + (f"<Exceptions>{free}</Exceptions>" if free else "")
        + "</Calendar>"
    )


def _iso(seconds: int) -> str:
    s = abs(seconds)
    return f"{'-' if seconds < 0 else ''}PT{s // 3600}H{s // 60 % 60}M{s % 60}S"


def _task_texts(x: Exchange) -> tuple[list[str], list[int]]:
    """Return the tasks, and the UID of each activity."""
    level = [0] * x.wbs.height  # of each element; parents come first
    below: dict[int, list[int]] = {}
    for i, w in enumerate(x.activities["wbs"].to_list()):
        below.setdefault(w, []).append(i)
    order = [(-1, i) for i in below.get(-1, [])]
    for w, parent in enumerate(x.wbs["parent"].to_list()):
        level[w] = (level[parent] if parent >= 0 else 0) + 1
        order += [(w, -1), *[(w, i) for i in below.get(w, [])]]
    uid = [0] * x.activities.height
    for k, (_, i) in enumerate(order, 1):
        if i >= 0:
            uid[i] = k
    before: dict[int, list[str]] = {}
    numbers = {name: number for number, name in RELATION.items()}
    for b, a, kind, lag in x.relations.iter_rows():
        link = f"<PredecessorUID>{uid[b]}</PredecessorUID><Type>{numbers[kind]}</Type><CrossProject>0</CrossProject>"
        link += f"<LinkLag>{round(lag / LAG_S)}</LinkLag><LagFormat>7</LagFormat>"
        before.setdefault(a, []).append(f"<PredecessorLink>{link}</PredecessorLink>")
    acts, wbs = x.activities.rows(named=True), x.wbs.rows(named=True)
    out = []
    for k, (w, i) in enumerate(order, 1):
        depth = (level[w] if w >= 0 else 0) + (i >= 0)
        out.append(_task(k, depth, acts[i], "".join(before.get(i, []))) if i >= 0 else _summary(k, depth, wbs[w]))
    return out, uid


def _summary(uid: int, depth: int, w: dict[str, str]) -> str:
    head = f"<UID>{uid}</UID><ID>{uid}</ID>{_tag('Name', w['name'])}"
    return f"<Task>{head}{_tag('WBS', w['code'])}<OutlineLevel>{depth}</OutlineLevel><Summary>1</Summary></Task>"


def _task(uid: int, depth: int, a: dict[str, object], links: str) -> str:
    planned, left = int(str(a["planned_s"])), int(str(a["remaining_s"]))
    kind = MANDATORY.get(str(a["constraint"]), str(a["constraint"]))
    number = next(n for n, word in CONSTRAINT.items() if word == kind)
    calendar = int(str(a["calendar"]))
    return "".join(
        [
            f"<Task><UID>{uid}</UID><ID>{uid}</ID>{_tag('Name', a['name'])}{_tag('WBS', a['code'])}",
            f"<OutlineLevel>{depth}</OutlineLevel>{_when('Start', str(a['start']))}{_when('Finish', str(a['finish']))}",
            f"<Duration>{_iso(planned)}</Duration><DurationFormat>7</DurationFormat>",
            f"<Milestone>{int('milestone' in str(a['kind']))}</Milestone><Summary>0</Summary>",
            f"{_when('ActualStart', str(a['actual_start']))}{_when('ActualFinish', str(a['actual_finish']))}",
            f"<ActualDuration>{_iso(max(planned - left, 0))}</ActualDuration>",
            f"<RemainingDuration>{_iso(left)}</RemainingDuration>",
            f"<ConstraintType>{number}</ConstraintType>",
            _tag("CalendarUID", calendar + 1) if calendar >= 0 else "",
            _when("ConstraintDate", str(a["constraint_date"])),
            f"<PhysicalPercentComplete>{round(float(str(a['complete_frac'])) * 100)}</PhysicalPercentComplete>",
            links,
            "</Task>",
        ]
    )


def _resource_texts(x: Exchange) -> Iterable[str]:
    for i, r in enumerate(x.resources.iter_rows(named=True), 1):
        names = f"<UID>{i}</UID><ID>{i}</ID>{_tag('Name', r['name'])}<Type>{int(r['kind'] != 'material')}</Type>"
        yield f"<Resource>{names}{_tag('Initials', r['code'])}<MaxUnits>{r['units']!r}</MaxUnits></Resource>"


def _assignment_texts(x: Exchange, uid: list[int]) -> Iterable[str]:
    for i, (a, r, units) in enumerate(x.assignments.iter_rows(), 1):
        ids = f"<UID>{i}</UID><TaskUID>{uid[a]}</TaskUID><ResourceUID>{r + 1}</ResourceUID>"
        yield f"<Assignment>{ids}<Units>{units!r}</Units></Assignment>"
