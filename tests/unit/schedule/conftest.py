"""Whole small and large campuses, and a checker of schedules that shares no code with the package."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

import pytest

from gigasite.campus import load
from gigasite.design import design

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from gigasite.campus.schema import Campus
    from gigasite.design.types import Design


@pytest.fixture(scope="session")
def lab(campuses: Path) -> tuple[Campus, Design]:
    campus = load(campuses / "lab.yaml")
    return campus, design(campus)


@pytest.fixture(scope="session")
def memphis(campuses: Path) -> tuple[Campus, Design]:
    campus = load(campuses / "memphis.yaml")
    return campus, design(campus)


def faults(
    links: Iterable[tuple[int, int]], start: Any, dur: Any, crew: Any, people: Any, capacity: Any
) -> list[tuple[str, int, int]]:
    """Return broken links and overfull crews, by sweeping over starts and finishes."""
    out = [("link", a, z) for a, z in links if start[z] < start[a] + dur[a]]
    events: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for i in range(len(start)):
        if crew[i] >= 0 and dur[i] > 0:
            events[int(crew[i])] += [(int(start[i]), int(people[i])), (int(start[i] + dur[i]), -int(people[i]))]
    for c, changes in events.items():
        busy = 0
        for when, change in sorted(changes):  # at one instant people leave (-) before others take over
            busy += change
            if busy > capacity[c]:
                out.append(("crew", c, when))
    return out


@pytest.fixture(scope="session")
def check() -> Callable[..., list[tuple[str, int, int]]]:
    """Return the checker; an empty list is a feasible schedule."""
    return faults
