"""The page that lays Memphis beside its published milestones prints what the engine says."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from gigasite.campus import load
from gigasite.design import design
from gigasite.schedule import conventional_modes, schedule

if TYPE_CHECKING:
    from pathlib import Path

ROW = re.compile(
    r"\| \**([a-z ]+?)\**(?: \([\d,]+ GPUs\))? \| (\d+) \| \**(\d+)\** \| (\d+) \| (\d+) \| \**(\d+)\** \| (\d+) \|"
)
NAMES = {"first training step": "first step"}


@pytest.mark.long  # 500 samples of 100,000 GPUs, twice; 50 of them below
def test_days_of_the_page_are_those_of_the_engine(root: Path, campuses: Path) -> None:
    """All 500 samples in both variants, to the day that is printed."""
    campus = load(campuses / "memphis.yaml")
    made = design(campus)
    page = (root / "docs" / "models" / "memphis-122-days.md").read_text(encoding="utf-8")
    rows = {NAMES.get(m[1], m[1]): [int(x) for x in m.groups()[1:]] for m in ROW.finditer(page)}
    assert len(rows) == 6
    both = [schedule(campus, made, modes=modes, drivers=False) for modes in (None, conventional_modes(campus))]
    for name, days in rows.items():
        found = [next(m.day for m in s.milestones if m.name == name) for s in both]
        assert [round(x) for d in found for x in (d.p10, d.p50, d.p90)] == days, name


def test_the_published_day_lies_outside_what_the_samples_say(campuses: Path) -> None:
    """122 days (posts of 22 July and 2 September 2024): the page must say that the model is earlier, and it is."""
    campus = load(campuses / "memphis.yaml")
    campus = replace(campus, schedule=replace(campus.schedule, samples=50))
    made = schedule(campus, design(campus), drivers=False)
    assert made.first_step.p90 < 122.0
    usual = schedule(campus, design(campus), modes=conventional_modes(campus), drivers=False)
    assert usual.first_step.p50 > 3 * 122.0
