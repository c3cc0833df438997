"""The schedule's pictures hold what the tables hold, and say so when they hold less."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from gigasite.schedule import schedule
from gigasite.schedule.build import likely_plan
from gigasite.schedule.progress import progress, work
from gigasite.schedule.progress.actuals import nothing
from gigasite.show import schedule_page
from gigasite.show.result import driving_path, schedule_json
from gigasite.show.schedule_progress import Tracked

if TYPE_CHECKING:
    from gigasite.campus.schema import Campus
    from gigasite.design.types import Design
    from gigasite.schedule.types import Schedule

    Made = tuple[Campus, Design]


@pytest.fixture(scope="module")
def planned(lab: Made) -> Schedule:
    campus, design = lab
    return schedule(replace(campus, schedule=replace(campus.schedule, samples=10)), design, drivers=False)


def test_every_activity_is_a_bar_with_its_days(planned: Schedule) -> None:
    d = schedule_page.data(planned)
    g, a = d["gantt"], planned.activities
    assert g["whole"]
    assert len(g["s"]) == a.height
    names = [f"{g['titles'][t]}: {g['places'][p]}" for t, p in zip(g["t"], g["p"], strict=True)]
    assert names == a["name"].to_list()
    assert g["f"] == pytest.approx(a["finish_day"].to_list(), abs=0.006)
    assert g["driving"] == a["driving"].arg_true().to_list()
    assert "bs" not in g, "no baseline is drawn under a plan that is the baseline"
    assert d["status"] is None


def test_a_campus_that_is_too_large_has_one_bar_per_kind_and_hall(
    planned: Schedule, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schedule_page, "MOST_BARS", 100)
    g = schedule_page.data(planned)["gantt"]
    assert not g["whole"]
    assert len(g["s"]) < planned.activities.height
    assert max(g["f"]) == pytest.approx(planned.activities["finish_day"].max(), abs=0.006)
    assert set(g["places"]) == {"campus", "H1"}


def test_crews_lines_and_curves_agree_with_the_table(planned: Schedule) -> None:
    d = schedule_page.data(planned)
    table = planned.activities
    for crew in d["crews"]:
        mine = table.filter((table["crew"] == crew["name"]) & (table["trade"] != "absence"))
        spent = float(((mine["finish_day"] - mine["start_day"]) * mine["people"]).sum())
        assert sum(v for _, v in crew["people"]) == pytest.approx(spent, rel=0.01, abs=0.05 * len(crew["people"]))
    assert d["curve"]["planned"][-1][1] == pytest.approx(planned.baseline.people_h.sum(), rel=1e-3)
    for line in d["balance"]:
        assert line["planned"] == line["now"]


def test_the_driving_path_in_pieces_covers_the_days_to_the_first_step(planned: Schedule) -> None:
    path = driving_path(planned)
    assert path[0]["start_day"] == 0.0
    assert [p["start_day"] for p in path[1:]] == pytest.approx([p["finish_day"] for p in path[:-1]])
    assert sum(p["activities"] for p in path) <= planned.activities["driving"].sum()
    assert schedule_json(planned)["driving_path"] == path


def test_names_from_files_stay_text_in_the_page(lab: Made) -> None:
    campus, design = lab
    case, likely = likely_plan(campus, design)
    base = work(case, likely)
    bad = "</script><b onclick=alert(1)>x: H1"
    base = replace(base, names=[bad, *base.names[1:]])
    p = progress(case, base, nothing(len(base.names)), 5.0)
    page = schedule_page.progress_page(Tracked(name="<i>lab", start=campus.start, made=base), p)
    assert "<i>lab" not in page
    assert "<b onclick" not in re.sub(r'<script type="application/json".*?</script>', "", page, flags=re.DOTALL)
    data = re.search(r'id="data">(.*?)</script>', page, re.DOTALL)
    assert data is not None
    drawn: Any = json.loads(data[1])
    assert drawn["schedule"]["status"] == 5.0
    assert any("onclick" in t for t in drawn["schedule"]["gantt"]["titles"])


def test_a_late_build_draws_its_baseline_and_what_is_done(lab: Made) -> None:
    campus, design = lab
    case, likely = likely_plan(campus, design)
    base = work(case, likely)
    a = nothing(len(base.names))
    first = a.start_day.copy()
    first[0] = 0.0
    left = np.ones(len(first))
    left[0] = 0.5
    p = progress(case, base, replace(a, start_day=first, left_frac=left), 20.0)
    g = schedule_page._progress_data(Tracked(name="lab", start=campus.start, made=base), p)["gantt"]
    assert max(np.array(g["f"]) - np.array(g["bf"])) > 10.0
    assert g["done"][0] == 0.5
