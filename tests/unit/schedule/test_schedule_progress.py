"""A build under way: laws of the re-plan and of earned value, rows that contradict, what comes next."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gigasite._core.errors import InputFileError
from gigasite._core.finding import Severity
from gigasite.campus.build_parts import Closed
from gigasite.schedule.build import likely_plan
from gigasite.schedule.progress import Actuals, Work, progress, read_actuals, work
from gigasite.schedule.progress.actuals import nothing
from gigasite.schedule.progress.curves import Curve, fan, workforce
from gigasite.schedule.progress.earned import earned
from gigasite.schedule.progress.replan import replan
from gigasite.schedule.progress.work import DAY_SLOTS, with_baseline

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from gigasite.campus.schema import Campus
    from gigasite.design.types import Design
    from gigasite.schedule.risk import Case, Result

    Made = tuple[Campus, Design]

HEAD = "activity,actual_start,actual_finish,remaining_h,percent,actual_h,actual_usd\n"


@pytest.fixture(scope="module")
def planned(lab: Made) -> tuple[Case, Result]:
    return likely_plan(*lab)


@pytest.fixture(scope="module")
def base(planned: tuple[Case, Result]) -> Work:
    return work(*planned)


@pytest.fixture(scope="module")
def small_crews(lab: Made) -> Work:
    """A lab whose crews are fought for, with a closed day."""
    campus, design = lab
    plan = replace(
        campus.schedule, crews=dict.fromkeys(("rack", "fibre", "electrician"), 8), closed=(Closed(day=57.0),)
    )
    return work(*likely_plan(replace(campus, schedule=plan), design))


def as_planned(w: Work, day: float) -> Actuals:
    """Return the progress of a build that goes by the plan."""
    start, finish = w.start / DAY_SLOTS, w.finish / DAY_SLOTS
    here = np.array([t != "absence" for t in w.trades])
    begun, done = here & (start < day), here & (finish <= day) & ((start < day) | (w.dur == 0))
    begun |= done
    left = np.where(done, 0.0, np.where(begun, (finish - day) / np.maximum(finish - start, 1e-9), 1.0))
    blank = nothing(len(w.names))
    nan = np.nan
    return replace(
        blank,
        start_day=np.where(begun, start, nan),
        finish_day=np.where(done, finish, nan),
        left_frac=left,
        people_h=np.where(begun, w.people_h * (1.0 - left), nan),
    )


def rows(base: Work, tmp_path: Path, text: str, day: float = 40.0, head: str = HEAD) -> Actuals:
    file = tmp_path / "actuals.csv"
    file.write_text(head + text, encoding="utf-8")
    return read_actuals(file, base, date(2025, 1, 6), day)


def test_without_actuals_the_baseline_stands(base: Work, small_crews: Work) -> None:
    for w in (base, small_crews):
        p = replan(w, nothing(len(w.names)), 0.0)
        assert not p.resequenced
        assert p.start_day * DAY_SLOTS == pytest.approx(w.start)
        assert p.finish_day * DAY_SLOTS == pytest.approx(w.finish)


@given(day=st.floats(0.0, 75.0))
@settings(max_examples=25, deadline=None)
def test_a_build_that_goes_by_the_plan_moves_nothing_and_earns_what_was_planned(small_crews: Work, day: float) -> None:
    day = round(day * DAY_SLOTS) / DAY_SLOTS
    a = as_planned(small_crews, day)
    p = replan(small_crews, a, day)
    assert p.finish_day == pytest.approx(small_crews.finish / DAY_SLOTS)
    e = earned(small_crews, a, day, "h")
    assert e.spi is None or e.spi == pytest.approx(1.0)
    assert e.spi_t is None or e.spi_t == pytest.approx(1.0)
    assert e.cpi is None or e.cpi == pytest.approx(1.0)


@given(first=st.floats(0.0, 60.0), more=st.floats(0.0, 30.0))
@settings(max_examples=25, deadline=None)
def test_a_later_status_day_without_progress_never_ends_earlier(small_crews: Work, first: float, more: float) -> None:
    told = as_planned(small_crews, round(min(first, 30.0) * DAY_SLOTS) / DAY_SLOTS)
    early, late = (replan(small_crews, told, day) for day in (first, first + more))
    assert (late.finish_day >= early.finish_day - 1e-9).all()


@st.composite
def some_progress(draw: Any) -> tuple[int, float, list[float]]:
    return (
        draw(st.integers(0, 2**32 - 1)),
        draw(st.floats(5.0, 70.0)),
        draw(st.lists(st.floats(0.0, 2.0), min_size=3, max_size=3)),
    )


@given(told=some_progress())
@settings(max_examples=25, deadline=None)
def test_whatever_is_told_the_rest_is_feasible_and_values_stay_within_the_budget(
    small_crews: Work, check: Callable[..., Any], told: tuple[int, float, list[float]]
) -> None:
    """Progress in any order, however senseless: links hold for what is left, crews are never overfilled by it."""
    seed, day, _ = told
    w, rng = small_crews, np.random.default_rng(seed)
    n = len(w.names)
    here = np.array([t != "absence" for t in w.trades])
    begun = here & (rng.random(n) < 0.3)
    done = begun & (rng.random(n) < 0.7)
    start = np.where(begun, rng.random(n) * day, np.nan)
    a = replace(
        nothing(n),
        start_day=start,
        finish_day=np.where(done, start + rng.random(n) * (day - np.nan_to_num(start)), np.nan),
        left_frac=np.where(done, 0.0, np.where(begun, rng.random(n) * 1.5, 1.0)),
        people_h=np.where(begun, rng.random(n) * 100, np.nan),
    )
    p = replan(w, a, day)
    goes_on, finish = np.rint(p.goes_on_day * DAY_SLOTS).astype(int), np.rint(p.finish_day * DAY_SLOTS).astype(int)
    open_ = ~a.done & here
    assert (p.goes_on_day[open_] >= day - 1e-9).all()
    live = [(x, z) for x, z in w.links.tolist() if open_[z] and not a.done[x]]
    left = np.where(open_, finish - goes_on, 0)
    absent = ~here
    goes_on[absent], left[absent] = w.start[absent], w.dur[absent]
    now = int(np.ceil(day * DAY_SLOTS))
    left[absent] = np.maximum(w.finish[absent] - np.maximum(w.start[absent], now), 0)
    goes_on[absent] = np.maximum(w.start[absent], now)
    assert check(live, goes_on, left, w.crew, w.people, w.capacity) == []
    for unit in ("h", "usd"):
        e = earned(w, a, day, unit)
        assert 0.0 <= e.earned <= e.budget * (1 + 1e-9)
        assert 0.0 <= e.planned <= e.budget * (1 + 1e-9)


def test_a_late_delivery_moves_what_waits_for_it_by_as_much(planned: tuple[Case, Result], base: Work) -> None:
    i = base.names.index("Ship gpu (stock): campus")
    before = as_planned(base, 20.0)
    late = replan(base, before, 20.0).finish_day
    slow = before.left_frac.copy()
    slow[i] += 7.0 * DAY_SLOTS / base.dur[i]
    p = progress(planned[0], base, replace(before, left_frac=slow), 20.0)
    first = next(m for m in p.milestones if m.name == "first rack placed")
    log = {d.name: d for d in p.deliveries}["Deliver gpu (stock): campus"]
    assert log.expected_day - log.promised_day == pytest.approx(7.0, abs=0.02)
    assert log.arrived_day is None
    assert first.day - first.baseline_day == pytest.approx(7.0, abs=0.02)
    assert late == pytest.approx(base.finish / DAY_SLOTS)
    clear = {c.name: c for c in p.constraints}
    assert clear["Deliver gpu (stock): campus"].kind == "delivery"
    assert p.moved == (p.variance.filter(pl.col("state") == "to do")["moved_days"].abs() > 0.01).sum()


def test_rows_by_id_name_day_and_date(base: Work, tmp_path: Path) -> None:
    a = rows(base, tmp_path, f'A000001,0,2.5,,,,\n"{base.names[1]}",2025-01-08 12:00,,,25,,\nA000003,3,,12,,4,99\n')
    assert a.findings == ()
    assert a.line[:3].tolist() == [2, 3, 4]
    assert (a.start_day[0], a.finish_day[0], a.left_frac[0]) == (0.0, 2.5, 0.0)
    assert (a.start_day[1], a.left_frac[1]) == (2.5, 0.75)
    assert a.left_frac[2] == pytest.approx(12 / (base.dur[2] / 4))
    assert (a.people_h[2], a.usd[2]) == (4.0, 99.0)


@pytest.mark.parametrize(
    ("row", "what"),
    [
        ("A000009x,1,,,,,", "no activity is called"),
        ("A000001,1,,,,,\nA000001,2,,,,,", "stands in line 2 too"),
        ("A000001,5,4,,,,", "before its start on day 5"),
        ("A000001,,4,,,,", "finished and never started"),
        ("A000001,1,40.5,,,,", "after the status day 40"),
        ("A000001,1,,-3,,,", "remaining_h -3 is negative"),
        ("A000001,1,,,101,,", "above 100"),
        ("A000001,1,3,8,,,", "finished with work remaining"),
        ("A000001,,,,50,,", "has progress and never started"),
        ("A000001,soon,,,,,", "neither a project day nor a date"),
        ("A000001,2024-12-31,,,,,", "before the start of the project"),
        ("A000001,1,,nan,,,", "is no number"),
        ("A000001,1,,1e12,,,", "above 175320 (20 years)"),
        ("A000001,1,,2,5,,,9", "more cells than the first line"),
    ],
)
def test_a_row_that_cannot_be_is_left_out_and_named(base: Work, tmp_path: Path, row: str, what: str) -> None:
    a = rows(base, tmp_path, row + "\nA000002,1,2,,,,\n")
    (slip,) = a.findings
    assert slip.severity == Severity.error
    assert what in slip.what
    assert slip.where.endswith(f"actuals.csv:{1 + row.count(chr(10)) + 1}")
    assert slip.remedy
    assert a.done[1], "the other rows count"


@pytest.mark.parametrize(
    ("head", "what"),
    [
        ("name,actual_start\n", "must name activity"),
        ("activity,begin\n", "must name activity"),
        ("", "empty|must name"),
        ("activity;actual_start\n", "separated by commas"),
        ("activity,actual_start,actual_start\n", "names actual_start twice"),
    ],
)
def test_another_table_is_refused(base: Work, tmp_path: Path, head: str, what: str) -> None:
    with pytest.raises(InputFileError, match=what):
        rows(base, tmp_path, "", head=head)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
def test_encodings_and_line_ends_of_spreadsheets(base: Work, tmp_path: Path, encoding: str) -> None:
    file = tmp_path / "a.csv"
    file.write_bytes((HEAD + "A000001,0,1,,,,\n").replace("\n", "\r\n").encode(encoding))
    assert read_actuals(file, base, date(2025, 1, 6), 40.0).done[0]


def test_progress_out_of_sequence_is_named_and_the_rest_waits(
    planned: tuple[Case, Result], base: Work, tmp_path: Path
) -> None:
    place, uncrate = (
        base.names.index(f"{t}: H1-R01.01")
        for t in ("Move, place and anchor a rack", "Receive, uncrate and inspect a rack")
    )
    code = base.codes_of((place, uncrate))
    a = rows(base, tmp_path, f"{code[0]},30,,,50,,\n")
    p = progress(planned[0], base, a, 40.0)
    told = [f for f in p.findings if "started out of sequence" in f.what]
    assert [f.where.rpartition(":")[2] for f in told] == ["2"]
    assert code[1] in told[0].what
    table = p.variance
    assert table["finish_day"][place] > table["finish_day"][uncrate]
    b = rows(base, tmp_path, f"{code[0]},30,31,,,,\n")
    ended = [f for f in progress(planned[0], base, b, 40.0).findings if "finished out of sequence" in f.what]
    assert [f.severity for f in ended] == [Severity.error]


def test_the_look_ahead_holds_what_begins_and_says_what_it_waits_for(planned: tuple[Case, Result], base: Work) -> None:
    p = progress(planned[0], base, as_planned(base, 20.0), 20.0)
    three, six = p.ahead[3.0], p.ahead[6.0]
    assert set(three) <= set(six)
    assert all(x.due_day < 41.0 and x.finish_day >= 20.0 for x in three)
    done = p.variance["state"].to_list()
    before: dict[int, set[int]] = {}
    for a, z in base.links.tolist():
        before.setdefault(z, set()).add(a)
    for x in six:
        assert set(x.waits_for) == {i for i in before.get(x.row, ()) if done[i] != "done"}
    assert p.plan_complete_frac in (None, 1.0)
    assert all(c.late_days <= 1e-6 for c in p.constraints)


def test_milestones_need_not_be_told(planned: tuple[Case, Result], base: Work, tmp_path: Path) -> None:
    """The start is reached with the first work, an arrival with its receipt, through chains of them."""
    chain = [i for i, name in enumerate(base.names) if name.endswith("substation (reuse): campus")]
    told = "".join(f"{base.codes_of((i,))[0]},{k},{k + 1},,,,\n" for k, i in enumerate(chain) if base.dur[i])
    p = progress(planned[0], base, rows(base, tmp_path, told), 40.0)
    states = dict(zip(p.variance["name"], p.variance["state"], strict=True))
    assert states["Notice to proceed: campus"] == "done"
    assert states["Deliver substation (reuse): campus"] == "done"
    assert states["All is handed over: campus"] == "to do"
    assert not [f for f in p.findings if "sequence" in f.what]


def test_curves_end_at_the_budget_and_only_rise(planned: tuple[Case, Result], base: Work) -> None:
    p = progress(planned[0], base, as_planned(base, 57.0), 57.0)
    c = p.curve
    for values in (c.planned_h, c.earned_h[np.isfinite(c.earned_h)], c.forecast_h[np.isfinite(c.forecast_h)]):
        assert (np.diff(values) >= -1e-6).all()
    assert c.planned_h[-1] == pytest.approx(base.people_h.sum())
    assert c.forecast_h[-1] == pytest.approx(base.people_h.sum())
    assert np.isnan(c.earned_h[c.day > 57.0]).all()
    f = fan(*planned)
    assert (f.p10_h <= f.p90_h + 1e-6).all()
    assert (f.p10_h[-1], f.p90_h[-1], f.likely_h[-1]) == pytest.approx((base.people_h.sum(),) * 3, rel=1e-6)


def test_the_forecast_narrows_as_work_is_done_and_holds_what_is_earned(
    planned: tuple[Case, Result], base: Work
) -> None:
    early, late = (progress(planned[0], base, as_planned(base, d), d, sampled=True).outlook for d in (5.0, 57.0))
    assert early is not None
    assert late is not None
    one, two = ({m.name: m.day for m in x.milestones}["first step"] for x in (early, late))
    assert one.p90 - one.p10 > two.p90 - two.p10
    assert one.p10 <= one.p50 <= one.p90
    for x, day in ((early, 5.0), (late, 57.0)):
        assert x.fan.day[0] == day
        assert x.fan.p10_h[0] == pytest.approx(x.fan.p90_h[0])
        assert (x.fan.p10_h <= x.fan.p90_h + 1e-6).all()
        assert x.fan.p10_h[-1] == pytest.approx(base.people_h.sum())
    again = progress(planned[0], base, as_planned(base, 5.0), 5.0, sampled=True).outlook
    assert again is not None
    assert again.milestones == early.milestones


def test_the_forecast_knows_of_late_suppliers(lab: Made) -> None:
    """The delay of a risk strikes the arrival of an order, which takes no time in the plan."""
    campus, design = lab
    days = []
    for chance in (0.0, 1.0):
        told = replace(campus, schedule=replace(campus.schedule, risks={"late-gpus": chance}))
        case, likely = likely_plan(told, design)
        w = work(case, likely)
        p = progress(case, w, as_planned(w, 5.0), 5.0, sampled=True)
        assert p.outlook is not None
        days.append({m.name: m.day for m in p.outlook.milestones}["first rack placed"])
    assert days[1].p10 > days[0].p10
    assert days[1].p50 > days[0].p50 + 2.0
    assert days[1].likely == days[0].likely, "the forecast itself holds no risk"


def test_people_by_day_sum_to_the_work_and_never_pass_the_crew(small_crews: Work) -> None:
    w = small_crews
    _, crews = workforce(w, w.start / DAY_SLOTS, w.finish / DAY_SLOTS)
    for name, (people, most) in crews.items():
        mine = (w.crew == w.crew_names.index(name)) & np.array([t != "absence" for t in w.trades])
        assert people.max() <= most + 1e-6
        assert people.sum() * DAY_SLOTS == pytest.approx((w.people * w.dur)[mine].sum())


def test_lines_of_balance_are_in_the_order_of_the_plan(planned: tuple[Case, Result], base: Work) -> None:
    p = progress(planned[0], base, nothing(len(base.names)), 0.0)
    assert all((np.diff(x.planned_day) >= 0).all() and len(x.places) == len(x.finish_day) for x in p.lines)
    assert {x.unit for x in p.lines} <= {"row", "array"}


def test_a_curve_of_nothing_and_of_an_instant() -> None:
    none = Curve.of(np.zeros(2), np.zeros(2), np.ones(2))
    assert none.at(np.array([1.0])).tolist() == [0.0]
    assert none.when(1.0, 0.0, 1e-9) is None
    step = Curve.of(np.array([3.0]), np.array([2.0]), np.array([2.0]))
    assert step.at(np.array([1.9, 2.1])) == pytest.approx([0.0, 3.0])
    even = Curve.of(np.array([10.0]), np.array([0.0]), np.array([10.0]))
    assert even.when(4.0, 6.0, 1e-9) == pytest.approx(4.0)


def test_a_saved_baseline_is_compared_with(planned: tuple[Case, Result], base: Work, tmp_path: Path) -> None:
    table = pl.DataFrame(
        {
            "name": base.names[:-1],
            "start_day": base.start[:-1] / DAY_SLOTS - 1.0,
            "finish_day": base.finish[:-1] / DAY_SLOTS - 1.0,
        }
    )
    table = table.with_columns(pl.col("start_day", "finish_day").clip(0.0))
    file = tmp_path / "activities.csv"
    table.write_csv(file)
    other, new = with_baseline(base, file)
    assert new == 1
    p = progress(planned[0], other, nothing(len(base.names)), 0.0)
    first = next(m for m in p.milestones if m.name == "first rack placed")
    assert first.day >= first.baseline_day
    file.write_text("name,start_day,finish_day\nx,1,2\n")
    with pytest.raises(InputFileError, match="no activity of this campus"):
        with_baseline(base, file)
    file.write_text("name,start_day\nx,1\n")
    with pytest.raises(InputFileError, match="no column finish_day"):
        with_baseline(base, file)
    file.write_text("name,start_day,finish_day\nx,1,2\ny,3,2\n")
    with pytest.raises(InputFileError, match=r"csv:3.*not before the start"):
        with_baseline(base, file)


@pytest.mark.parametrize(
    ("rows", "what"),
    [
        ("x,1,nan", "csv:2.*must be days"),
        ("x,-1,2", "csv:2.*must be days"),
        ("x,1,1e15", "csv:2.*must be days"),
        ("x,1,2\nx,3,4", "csv:3.*twice"),
    ],
)
def test_a_baseline_that_cannot_be_is_refused(base: Work, tmp_path: Path, rows: str, what: str) -> None:
    file = tmp_path / "activities.csv"
    file.write_text(f"name,start_day,finish_day\n{rows}\n")
    with pytest.raises(InputFileError, match=what):
        with_baseline(base, file)
