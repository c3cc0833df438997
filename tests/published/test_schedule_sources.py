"""Outside numbers in the schedule's catalogue, and outside observations against the plan of the reference campus."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gigasite.campus import load
from gigasite.design import design
from gigasite.schedule import schedule

if TYPE_CHECKING:
    from pathlib import Path

    from gigasite.campus.schema import Campus
    from gigasite.schedule.types import Schedule

WEEK_S = 7 * 86400.0


@pytest.fixture(scope="module")
def memphis(campuses: Path) -> Campus:
    return load(campuses / "memphis.yaml")


@pytest.fixture(scope="module")
def plan(memphis: Campus) -> Schedule:
    return schedule(memphis, design(memphis), drivers=False)


def weeks(campus: Campus, name: str) -> tuple[float, float, float]:
    lead = campus.catalogue.lead_times[name]
    return lead.low_s / WEEK_S, lead.likely_s / WEEK_S, lead.high_s / WEEK_S


def test_switchgear_takes_52_to_65_weeks(memphis: Campus) -> None:
    """irecruit, 2026."""
    low, likely, high = weeks(memphis, "switchgear-order")
    assert (low, high) == pytest.approx((52, 65))
    assert low < likely < high


def test_power_transformers_take_128_weeks_and_step_up_units_144(memphis: Campus) -> None:
    """Average of 2025, Wood Mackenzie via bixbitusa and realclear.ai."""
    assert weeks(memphis, "substation-order")[1:] == pytest.approx((128, 144))


def test_battery_divert_and_genset_rental_and_unit_transformer_rental(memphis: Campus) -> None:
    """Ranges of the modes that a plan of 122 days lives on; estimates, labelled as such."""
    for name, low, high in (("battery-divert", 2, 6), ("genset-rental", 1, 4), ("transformer-rental", 1, 3)):
        assert weeks(memphis, name)[::2] == pytest.approx((low, high))
        assert memphis.catalogue.origins[f"lead_times.{name}.likely"].trust == "estimate"


def test_fibre_labour_of_600_000_ends(memphis: Campus) -> None:
    """600,000 ends x 6 min = 60,000 h; in 19 days of 20 h that is 158 people (arithmetic on published counts)."""
    hours = memphis.catalogue.rates["link-end"].likely
    assert 5 / 60 - 1e-3 < memphis.catalogue.rates["link-end"].low < hours < memphis.catalogue.rates["link-end"].high
    assert pytest.approx(memphis.schedule.crews["fibre"], abs=0.2) == 600_000 * 6 / 60 / 19 / 20


def test_racks_are_placed_between_26_and_79_a_day(plan: Schedule) -> None:
    """26/day were powered, 71-79/day stood at Memphis (1,563 racks in 19 to 21 days, or 500 of them in 19)."""
    by_name = {m.name: m.day for m in plan.milestones}
    pace = 1563 / (by_name["last rack placed"].likely - by_name["first rack placed"].likely)
    assert 26 <= pace <= 79


def test_battery_units_are_set_no_faster_than_ten_a_day(plan: Schedule) -> None:
    """324 units in about three months, up to 10 a day (Stanwell via reneweconomy.com.au, 2025)."""
    setting = plan.activities.filter(plan.activities["name"].str.starts_with("Set a battery unit"))
    span = setting["finish_day"].max() - setting["start_day"].min()
    assert 4 * setting.height / span <= 10.0


def test_the_plan_has_the_density_of_logic_of_real_programmes(plan: Schedule) -> None:
    """About 2 relationships an activity (riskinteg.com, knowledge base 2.2)."""
    assert len(plan.links) / plan.activities.height == pytest.approx(2.0, abs=0.5)
