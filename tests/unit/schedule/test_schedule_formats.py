"""Projects of planners: what goes out comes back, whatever comes in ends in findings or one error with a remedy."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from gigasite._core.errors import GigasiteError, InfeasibleError, InputFileError
from gigasite._core.finding import Severity
from gigasite.schedule import exchange as ex
from gigasite.schedule.exchange_problem import problem
from gigasite.schedule.format import decoded, formats, read_project
from gigasite.schedule.health import cycle, health

texts = st.text(st.characters(codec="utf-8"), max_size=12)
dates = st.datetimes(
    min_value=__import__("datetime").datetime(1990, 1, 1), max_value=__import__("datetime").datetime(2090, 1, 1)
).map(lambda d: d.strftime("%Y-%m-%dT%H:%M"))
some_date = st.one_of(st.just(""), dates)
seconds = st.integers(-10_000_000, 10_000_000)


@st.composite
def spans(draw: st.DrawFn) -> ex.Spans:
    cuts = sorted(draw(st.sets(st.integers(0, 1440), max_size=10)))
    return tuple(zip(cuts[::2], cuts[1::2], strict=False))


@st.composite
def projects(draw: st.DrawFn) -> ex.Exchange:
    """What both formats can hold."""
    n, w, c, r = (draw(st.integers(0, 4)) for _ in range(4))
    calendars = tuple(
        ex.Calendar(
            name=draw(texts),
            week=tuple(draw(spans()) for _ in range(7)),
            exceptions=tuple(sorted(draw(st.dictionaries(dates.map(lambda d: d[:10]), spans(), max_size=2)).items())),
        )
        for _ in range(c)
    )

    def many(count: int, each: st.SearchStrategy) -> list:
        return [draw(each) for _ in range(count)]

    links = draw(st.integers(0, 4)) if n else 0
    held = draw(st.integers(0, 3)) if n and r else 0
    rows, kinds = st.integers(0, max(n - 1, 0)), st.sampled_from(["task", "finish milestone"])
    soft = st.sampled_from(["", *[k for k in ex.CONSTRAINTS if "mandatory" not in k]])
    acts = {
        "code": [f"A{i}" for i in range(n)],
        "name": many(n, texts),
        "wbs": many(n, st.integers(-1, w - 1)),
        "calendar": many(n, st.integers(-1, c - 1)),
        "kind": many(n, kinds),
        "planned_s": many(n, seconds),
        "remaining_s": many(n, seconds),
        "complete_frac": many(n, st.integers(0, 100).map(lambda p: p / 100)),
        **{k: many(n, some_date) for k in ("start", "finish", "actual_start", "actual_finish")},
        "constraint": many(n, soft),
        "constraint_date": many(n, some_date),
    }
    units = st.floats(0, 1000).map(lambda u: round(u, 3))
    x = ex.Exchange(
        name="p" + draw(texts),
        start=draw(some_date),
        status=draw(some_date),
        calendar=draw(st.integers(-1, c - 1)),
        calendars=calendars,
        wbs=ex.table(
            ex.WBS,
            {
                "parent": [draw(st.integers(-1, i - 1)) for i in range(w)],
                "code": many(w, texts),
                "name": many(w, texts),
            },
        ),
        activities=ex.table(ex.ACTIVITIES, acts),
        relations=ex.table(
            ex.RELATIONS,
            {
                "before": many(links, rows),
                "after": many(links, rows),
                "kind": many(links, st.sampled_from(ex.RELATION_KINDS)),
                "lag_s": many(links, seconds.map(lambda s: s // 6 * 6)),
            },
        ),
        resources=ex.table(
            ex.RESOURCES,
            {
                "code": [f"R{i}" for i in range(r)],
                "name": many(r, texts),
                "kind": many(r, st.sampled_from(["labor", "material"])),
                "units": many(r, units),
            },
        ),
        assignments=ex.table(
            ex.ASSIGNMENTS,
            {
                "activity": many(held, rows),
                "resource": many(held, st.integers(0, max(r - 1, 0))),
                "units": many(held, units),
            },
        ),
    )
    return ex.normal(x)


def through(x: ex.Exchange, name: str) -> ex.Exchange:
    part = formats[name]()
    return part.read(decoded(part.write(x), "f"), "f")


@pytest.mark.parametrize("way", [("xer",), ("mspdi",), ("xer", "mspdi", "xer"), ("mspdi", "xer", "mspdi")])
@settings(max_examples=20, phases=[Phase.explicit, Phase.generate])
@given(x=projects())
def test_a_round_trip_loses_nothing_that_both_formats_hold(way: tuple[str, ...], x: ex.Exchange) -> None:
    y = x
    for name in way:
        y = through(y, name)
    assert x.same(y) == []


def small(**change: object) -> ex.Exchange:
    work = (((480, 720), (780, 1020)),) * 5 + ((), ())
    x = ex.Exchange(
        name="small",
        start="2024-03-22T08:00",
        calendar=0,
        calendars=(ex.Calendar(name="Week", week=work, exceptions=(("2024-05-01", ()),)),),
        activities=ex.table(
            ex.ACTIVITIES,
            {
                "code": ["A1", "A2", "A3"],
                "name": ["Pour slab", "Cure", "Büro €"],
                "wbs": [-1] * 3,
                "calendar": [0] * 3,
                "kind": ["task"] * 3,
                "planned_s": [28800, 14400, 7200],
                "remaining_s": [28800, 14400, 7200],
                "complete_frac": [0.0] * 3,
                **{
                    k: [""] * 3
                    for k in ("start", "finish", "actual_start", "actual_finish", "constraint", "constraint_date")
                },
            },
        ),
        relations=ex.table(ex.RELATIONS, {"before": [0, 1], "after": [1, 2], "kind": ["FS", "FF"], "lag_s": [3600, 0]}),
    )
    return replace(x, **change)


@pytest.mark.parametrize("name", formats.names())
@settings(max_examples=20, phases=[Phase.explicit, Phase.generate])
@given(data=st.data())
def test_damaged_files_end_in_findings_or_one_error(name: str, data: st.DataObject) -> None:
    part = formats[name]()
    raw = bytearray(part.write(small()))
    for _ in range(data.draw(st.integers(0, 5))):
        at = data.draw(st.integers(0, len(raw) - 1))
        raw[at : at + data.draw(st.integers(0, 30))] = data.draw(st.binary(max_size=6))
    raw = raw[: data.draw(st.integers(1, len(raw) + 1))]
    try:
        x = part.read(decoded(bytes(raw), "f"), "f")
        health(x)
        problem(x)
    except GigasiteError as error:
        assert str(error)


@pytest.mark.parametrize("name", formats.names())
@pytest.mark.parametrize("encoding", ["cp1252", "utf-8", "utf-8-sig", "utf-16", "utf-16-le"])
def test_encodings_of_planners_programs(name: str, encoding: str) -> None:
    part = formats[name]()
    text = decoded(part.write(small()), "f")
    got = part.read(decoded(text.encode(encoding), "f"), "f")
    assert "Büro €" in got.activities["name"].to_list()


def test_entities_of_xml_are_refused(tmp_path: Path) -> None:
    bomb = tmp_path / "bomb.xml"
    bomb.write_text(
        '<?xml version="1.0"?>\n<!DOCTYPE Project [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><Project>&b;</Project>'
    )
    with pytest.raises(InputFileError, match=r":2: .*entities are refused"):
        read_project(bomb)


@pytest.mark.parametrize(
    ("content", "match"), [(b"", "is empty"), (b"\x89PNG\0\0\1\2", "binary"), (b"hello", "no project file")]
)
def test_other_files_are_refused(tmp_path: Path, content: bytes, match: str) -> None:
    file = tmp_path / "x.dat"
    file.write_bytes(content)
    with pytest.raises(InputFileError, match=match):
        read_project(file)


def test_a_cycle_is_named_by_its_shortest_way_round() -> None:
    r = ex.table(ex.RELATIONS, {"before": [0, 1, 2, 1], "after": [1, 2, 0, 0], "kind": ["FS"] * 4, "lag_s": [0] * 4})
    x = small(relations=r)
    assert cycle(x) == ["A1 Pour slab", "A2 Cure", "A1 Pour slab"]
    assert health(x)[0].severity == Severity.error
    with pytest.raises(InfeasibleError, match="A1 Pour slab -> A2 Cure -> A1 Pour slab"):
        problem(x)


def test_relations_to_finishes_become_relations_to_starts() -> None:
    p, found = problem(small())
    assert p.duration.tolist() == [32, 16, 8]
    assert p.kind.tolist() == [0, 1]
    assert p.lag.tolist() == [4, 8]  # A3 may start 8 slots after A2, to finish with it
    assert any("calendars are not modelled" in f.what for f in found)


def test_health_names_negative_durations_leads_and_missing_calendars() -> None:
    import polars as pl

    x = small()
    a = x.activities.with_columns(planned_s=pl.Series([-3600, 1, 1]), calendar=pl.Series([0, -1, 0], dtype=pl.Int32))
    r = x.relations.with_columns(lag_s=pl.Series([-60, 0]))
    words = " ".join(f"{f.where} {f.what}" for f in health(replace(x, activities=a, relations=r)))
    assert all(w in words for w in ("A1 negative duration", "A2 no calendar", "negative lags"))


def test_bad_cells_and_missing_tables_are_named_with_their_line() -> None:
    text = "ERMHDR\n%T\tTASK\n%F\ttask_id\ttask_code\ttarget_drtn_hr_cnt\n%R\t1\tA\teight\n%R\t2\n"
    x = formats["xer"]().read(text, "f.xer")
    lines = {f.where for f in x.findings}
    assert {"f.xer:4", "f.xer:5", "f.xer"} <= lines
    with pytest.raises(InputFileError, match="no table TASK"):
        formats["xer"]().read("ERMHDR\n%E\n", "f.xer")


def test_what_a_format_cannot_hold_is_listed() -> None:
    import polars as pl

    x = small()
    a = x.activities.with_columns(
        kind=pl.Series(["level of effort", "start milestone", "task"]),
        constraint=pl.Series(["mandatory start", "", ""]),
    )
    words = " ".join(f.what for f in formats["mspdi"]().losses(replace(x, activities=a)))
    assert all(w in words for w in ("mandatory", "start milestones", "levels of effort"))
    assert formats["xer"]().losses(x) == ()
    assert any("calendars" in f.where for f in formats["csv"]().losses(x))


def test_a_spreadsheet_reads_back_its_network() -> None:
    y, x = through(small(), "csv"), small()
    assert y.relations.equals(x.relations)
    assert np.array_equal(y.activities["planned_s"], x.activities["planned_s"])
