"""What every trade must keep, in-tree or plugged in; new ones are found by name."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gigasite.campus import load
from gigasite.design import design
from gigasite.schedule.trade import Builder, trades

if TYPE_CHECKING:
    from pathlib import Path

    from gigasite.campus.schema import Campus
    from gigasite.design.types import Design

    Made = tuple[Campus, Design]

NAMES = trades.names()
MODES = ("order", "stock", "rental", "reuse", "divert")


@pytest.fixture(scope="module", params=["lab", "memphis", "next"])
def made(request: pytest.FixtureRequest, campuses: Path) -> Made:
    campus = load(campuses / f"{request.param}.yaml")
    return campus, design(campus)


def build(made: Made, until: str = "", **modes: str) -> tuple[Builder, int]:
    """Run the trades in the order of their ranks; return the builder and the activities before trade `until`."""
    campus, d = made
    b = Builder(campus=campus, design=d, modes=dict(campus.schedule.modes) | modes)
    for name in sorted(NAMES, key=lambda n: trades[n].rank):
        before = len(b.names)
        trades[name]()(b)
        if name == until:
            return b, before
    return b, 0


@pytest.fixture(scope="module")
def whole(made: Made) -> Builder:
    return build(made)[0]


def test_ranks_differ_so_that_the_order_of_trades_is_one() -> None:
    ranks = [trades[n].rank for n in NAMES]
    assert len(set(ranks)) == len(ranks)


@pytest.mark.parametrize("name", NAMES)
def test_its_columns_are_whole(made: Made, name: str) -> None:
    b, before = build(made, name)
    n = len(b.names)
    assert n > before, "a trade that adds nothing is none"
    assert {len(c) for c in (b.trades, b.places, b.crews, b.keys, b.trusts, b.people)} == {n}
    hours = np.concatenate(b.hours)
    assert hours.shape == (n, 3)
    assert (hours[:, 0] >= 0).all()
    assert (np.diff(hours, axis=1) >= 0).all(), "low <= likely <= high"
    assert np.isfinite(hours).all()
    assert set(b.trusts) <= {"published", "derived", "estimate"}
    assert len(set(b.names)) == n


@pytest.mark.parametrize("name", NAMES)
def test_its_links_join_activities_that_exist(made: Made, name: str) -> None:
    b, _ = build(made, name)
    links = np.concatenate(b.links)
    assert links.min() >= 0
    assert links.max() < len(b.names)
    assert (links[:, 0] != links[:, 1]).all()


def test_crews_are_of_the_catalogue_and_hold_people(whole: Builder) -> None:
    crews = whole.campus.catalogue.crews
    for crew, people in zip(whole.crews, whole.people, strict=True):
        assert crew in crews if crew else people == 0
        assert people > 0 if crew else True


def test_all_work_but_the_first_waits_for_something_and_every_delivery_is_waited_for(whole: Builder) -> None:
    links = np.concatenate(whole.links)
    waits, waited = np.isin(np.arange(len(whole.names)), links[:, 1]), set(links[:, 0].tolist())
    free = {whole.keys[i] for i in np.flatnonzero(~waits) if whole.trades[i] != "delivery"}
    assert free <= {"site-permits", "genset-permit"}
    for i, trade in enumerate(whole.trades):
        if trade == "delivery":
            assert i in waited, whole.names[i]


def test_every_array_waits_for_its_racks_power_water_cables_and_plant(whole: Builder) -> None:
    """Hand-over by array: take any of them away from the first array and it cannot be ready."""
    n = len(whole.names)
    back: list[list[int]] = [[] for _ in range(n)]
    for a, z in np.concatenate(whole.links).tolist():
        back[z].append(a)
    seen, stack = set(), [int(whole.made["array ready"][0])]
    while stack:
        i = stack.pop()
        if i not in seen:
            seen.add(i)
            stack += back[i]
    keys = {whole.keys[i] for i in seen}
    assert keys >= {
        *("rack-place", "rack-power", "rack-hoses", "rack-leak", "rack-on", "rack-boot", "burn-in", "rack-arrive"),
        *("busway-row", "transformer-set", "switchgear-set", "branch-row", "flush-row", "flush-hold", "pipe-main"),
        *("plant-start", "plant-cell", "trunks-array", "link-end", "copper-end", "network-array", "network-core"),
        *("site-permits", "hall-slab", "lead gpu", "lead rack", "lead switch", "lead cable", "lead busway"),
    }
    mine = {whole.places[i] for i in seen if whole.keys[i] == "rack-place"}
    first = whole.made["rack placed"][whole.made["rack array"] == 0]
    assert mine == {whole.places[i] for i in first}, "racks of other arrays must not hold it up"


def test_ends_of_all_links_are_plugged(whole: Builder) -> None:
    rates = whole.campus.catalogue.rates
    hours, keys, people = np.concatenate(whole.hours)[:, 1], np.array(whole.keys), np.array(whole.people)
    ends = sum(
        float((hours * people)[keys == k].sum()) / rates[k].people / rates[k].likely for k in ("link-end", "copper-end")
    )
    assert ends == pytest.approx(2 * len(whole.design.links))


def test_a_larger_campus_has_more_docks_and_a_smaller_one_no_fewer(whole: Builder) -> None:
    keys, hours = np.array(whole.keys), np.concatenate(whole.hours)[:, 1]
    racks = (whole.design.racks["kind"] == "compute").sum()
    docks = {512: 1, 100_000: 1, 1_000_000: 10}[whole.campus.compute.gpus]
    rate = whole.campus.catalogue.rates["rack-arrive"].likely
    assert hours[keys == "rack-arrive"].sum() == pytest.approx(racks * rate / docks)


@settings(max_examples=60)
@given(data=st.data())
def test_any_offered_mode_changes_deliveries_alone(campuses: Path, data: Any) -> None:
    made = _lab(campuses)
    offered = sorted((v.item, v.mode) for v in made[0].catalogue.lead_times.values())
    item, mode = data.draw(st.sampled_from(offered))
    usual, other = build(made)[0], build(made, **{item: mode})[0]
    assert len(usual.names) == len(other.names)
    one, two = np.concatenate(usual.hours), np.concatenate(other.hours)
    moved = {usual.keys[i] for i in np.flatnonzero((one != two).any(axis=1))}
    assert moved <= {f"lead {item}"}
    lead = made[0].catalogue.lead_times[f"{item}-{mode}"]
    for i in (i for i, key in enumerate(other.keys) if key == f"lead {item}"):
        assert two[i, 1] >= lead.likely_s / 3600.0 - 1e-9  # later lots may lag


@settings(max_examples=30)
@given(
    gpus=st.sampled_from([8, 64, 72, 512, 1000, 4096]),
    halls=st.integers(1, 4),
    row=st.integers(1, 20),
    scheme=st.sampled_from(["liquid-to-tower", "liquid-to-dry-cooler", "liquid-to-chiller"]),
)
def test_odd_campuses_build(campuses: Path, gpus: int, halls: int, row: int, scheme: str) -> None:
    """One server, a rack that is not full, one rack a row, an array a hall: sound, though not sensible."""
    campus, _ = _lab(campuses)
    compute = replace(campus.compute, gpus=gpus, halls=min(halls, -(-gpus // 512)), racks_per_row=row)
    campus = replace(campus, compute=compute, cooling=replace(campus.cooling, scheme=scheme))
    b, _ = build((campus, design(campus)))
    links = np.concatenate(b.links)
    assert links.max() < len(b.names)
    assert len(b.made["array ready"]) == b.design.arrays
    assert len(set(b.names)) == len(b.names)


_LAB: dict[str, Made] = {}


def _lab(campuses: Path) -> Made:
    if not _LAB:
        campus = load(campuses / "lab.yaml")
        _LAB["lab"] = campus, design(campus)
    return _LAB["lab"]
