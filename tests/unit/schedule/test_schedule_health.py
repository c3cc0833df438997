"""DCMA points that need the longest path or the status date, each on a project made to fail it and one that does not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gigasite.schedule import exchange as ex
from gigasite.schedule.health import health
from gigasite.schedule.health_path import _floats

DAY_S = 8 * 3600


def project(n: int, links: list[tuple[int, int]], *, status: str = "", **columns: Any) -> ex.Exchange:
    """Return n tasks of one day on consecutive days from 1 January, with FS links."""
    day = [f"2024-01-{i + 1:02d}" for i in range(n)]
    made = {
        "code": [f"A{i + 1}" for i in range(n)],
        "name": [f"Task {i + 1}" for i in range(n)],
        "wbs": [-1] * n,
        "calendar": [0] * n,
        "kind": ["task"] * n,
        "planned_s": [DAY_S] * n,
        "remaining_s": [DAY_S] * n,
        "complete_frac": [0.0] * n,
        "start": [f"{d}T08:00" for d in day],
        "finish": [f"{d}T16:00" for d in day],
        **{k: [""] * n for k in ("actual_start", "actual_finish", "constraint", "constraint_date")},
    } | columns
    r = {
        "before": [a for a, _ in links],
        "after": [z for _, z in links],
        "kind": ["FS"] * len(links),
        "lag_s": [0] * len(links),
    }
    week = (((480, 960),),) * 7
    return ex.Exchange(
        name="p",
        start="2024-01-01T08:00",
        status=status,
        calendar=0,
        calendars=(ex.Calendar(name="c", week=week),),
        wbs=ex.table(ex.WBS, {"parent": [], "code": [], "name": []}),
        activities=ex.table(ex.ACTIVITIES, made),
        relations=ex.table(ex.RELATIONS, r),
        resources=ex.table(ex.RESOURCES, {"code": [], "name": [], "kind": [], "units": []}),
        assignments=ex.table(ex.ASSIGNMENTS, {"activity": [], "resource": [], "units": []}),
        findings=(),
    )


CHAIN = [(i, i + 1) for i in range(5)]


def words(x: ex.Exchange) -> str:
    return " | ".join(f"{f.where}: {f.what} {f.found}" for f in health(x))


def test_a_sound_chain_has_nothing_to_say() -> None:
    assert words(project(6, CHAIN)) == ""


def test_high_float_names_what_lacks_a_successor() -> None:
    long = [100 * DAY_S, *[DAY_S] * 5]
    x = project(6, [(0, 5), (1, 2), (2, 3), (3, 4), (4, 5)], remaining_s=long, planned_s=long)
    assert "A2, A3, A4, A5: total float above 352 h" in words(x)


def test_a_finish_after_the_deadline_is_negative_float_and_a_low_cpli() -> None:
    x = project(
        6,
        CHAIN,
        constraint=[""] * 5 + ["finish no later"],
        constraint_date=[""] * 5 + ["2024-01-03T16:00"],
    )
    said = words(x)
    assert "A6: negative float" in said
    assert "CPLI" in said
    easy = replace(x, activities=x.activities.with_columns(constraint_date=pl.Series([""] * 5 + ["2024-03-01T16:00"])))
    assert "float" not in words(easy)
    assert "CPLI" not in words(easy)


def test_an_end_that_no_relation_makes_fails_the_critical_path_test() -> None:
    finish = [f"2024-01-{i + 1:02d}T16:00" for i in range(5)] + ["2024-06-01T16:00"]
    assert "critical path test" in words(project(6, CHAIN[:-1], finish=finish))
    assert "critical path test" not in words(project(6, CHAIN, finish=finish))


def test_missed_tasks_and_execution_index() -> None:
    status = "2024-01-04T16:00"
    ended = ["2024-01-01T16:00", "2024-01-03T16:00", "", "", "", ""]
    begun = ["2024-01-01T08:00", "2024-01-02T08:00", "", "", "", ""]
    left = [0, 0, *[DAY_S] * 4]
    said = words(project(6, CHAIN, status=status, actual_finish=ended, actual_start=begun, remaining_s=left))
    assert "A2, A3, A4: missed" in said
    assert "BEI): finished tasks over tasks planned to be finished 0.50" in said
    ended = [f"2024-01-{i + 1:02d}T16:00" for i in range(4)] + [""] * 2
    kept = project(
        6,
        CHAIN,
        status=status,
        actual_finish=ended,
        actual_start=[*[f"2024-01-{i + 1:02d}T08:00" for i in range(4)], "", ""],
        remaining_s=[0] * 4 + [DAY_S] * 2,
    )
    assert words(kept) == ""


@given(
    seed=st.integers(0, 2**32 - 1),
    kinds=st.lists(st.sampled_from(ex.RELATION_KINDS), min_size=30, max_size=30),
)
def test_floats_are_those_of_a_plain_recursion(seed: int, kinds: list[str]) -> None:
    """Longest path with all kinds of relations, computed again edge by edge."""
    rng = np.random.default_rng(seed)
    n = 12
    pairs = sorted({(int(a), int(z)) for a, z in np.sort(rng.integers(0, n, (30, 2)), axis=1) if a != z})
    dur = rng.integers(1, 9, n) * 3600
    x = project(n, pairs, remaining_s=dur.tolist(), planned_s=dur.tolist())
    x = replace(x, relations=x.relations.with_columns(kind=pl.Series(kinds[: len(pairs)])))
    got = _floats(x)
    assert got is not None
    early = np.zeros(n)

    def offset(a: int, z: int, kind: str) -> int:
        return (dur[a] if kind[0] == "F" else 0) - (dur[z] if kind[1] == "F" else 0)

    for (a, z), kind in sorted(zip(pairs, kinds, strict=False)):
        early[z] = max(early[z], early[a] + offset(a, z, kind))
    late = (early + dur).max() - dur.astype(float)
    for (a, z), kind in sorted(zip(pairs, kinds, strict=False), reverse=True):
        late[a] = min(late[a], late[z] - offset(a, z, kind))
    assert got.tolist() == (late - early).tolist()


def test_a_cycle_leaves_the_floats_alone() -> None:
    assert _floats(project(3, [(0, 1), (1, 2), (2, 0)])) is None


@pytest.mark.parametrize("links", [[], CHAIN])
def test_an_empty_network_is_no_crash(links: list[tuple[int, int]]) -> None:
    health(project(6, links))
