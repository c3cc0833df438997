"""What every trade must keep, in-tree or plugged in; new ones are found by name."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gigasite._core.errors import GigasiteError
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
    assert free == {"milestone"}
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
    lots = other.made.get(f"order {item}", np.zeros(0, np.int64))
    for lot in lots.tolist():  # its steps sum to the lead time; later lots may lag
        assert _chain(other, lot, two[:, 1]) >= lead.likely_s / 3600.0 - 1e-6


def _chain(b: Builder, end: int, hours: Any) -> float:
    """Return the hours of the longest chain that ends with an activity."""
    before: dict[int, list[int]] = {}
    for a, z in np.concatenate(b.links).tolist():
        before.setdefault(z, []).append(a)

    def longest(i: int) -> float:
        return float(hours[i]) + max((longest(j) for j in before.get(i, ())), default=0.0)

    return longest(end)


@pytest.mark.parametrize("mode", MODES)
def test_steps_of_an_order_share_out_the_whole_lead_time(campuses: Path, mode: str) -> None:
    campus, _ = _lab(campuses)
    steps = campus.catalogue.order_steps
    assert sum(getattr(s, f"{mode}_frac") for s in steps.values()) == pytest.approx(1.0)
    assert [s.level for s in steps.values() if s.level] == ["L1", "L2"]


def test_levels_of_commissioning_never_go_back_along_a_chain_of_one_place(whole: Builder) -> None:
    """L(n+1) starts only after L(n) is closed (archdesk)."""
    level = np.array([int(x[1]) if x else 0 for x in whole.levels])
    for a, z in np.concatenate(whole.links).tolist():
        if whole.places[a] == whole.places[z] and level[a] and level[z] and whole.trades[a] == whole.trades[z]:
            assert level[a] <= level[z], (whole.names[a], whole.names[z])
    assert set(whole.levels) == {"", "L1", "L2", "L3", "L4", "L5"}


def test_every_template_names_a_place_a_rate_and_predecessors_that_exist(campuses: Path) -> None:
    campus, _ = _lab(campuses)
    c = campus.catalogue
    ranks = {lead.item for lead in c.lead_times.values()}
    for name, line in c.activities.items():
        assert line.rate in c.rates, name
        for text in line.after:
            assert text.removesuffix(" first") in c.activities or text.removeprefix("order ") in ranks, (name, text)
    used = {line.rate for line in c.activities.values()} | {"job-start"}
    assert used == set(c.rates), "a rate that nothing uses is a number without effect"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"after": ("rack-plaze",)}, "rack-place"),
        ({"after": ("order mars",)}, "long-lead item"),
        ({"after": ("rack-place + a day",)}, "NAME . 24 h"),
        ({"each": "racks"}, "did you mean 'rack'"),
        ({"quantity": "hall-volume"}, "hall-area"),
    ],
)
def test_a_template_with_a_slip_is_refused_by_name(campuses: Path, change: dict[str, Any], message: str) -> None:
    campus, d = _lab(campuses)
    lines = campus.catalogue.activities
    slip = {"rack-hoses": replace(lines["rack-hoses"], **change)}
    campus = replace(campus, catalogue=replace(campus.catalogue, activities=lines | slip))
    with pytest.raises(GigasiteError, match=message):
        build((campus, d))


def test_a_wait_is_an_activity_without_crew(campuses: Path) -> None:
    campus, d = _lab(campuses)
    lines = campus.catalogue.activities
    slow = {"rack-leak": replace(lines["rack-leak"], after=("rack-hoses + 24 h",))}
    campus = replace(campus, catalogue=replace(campus.catalogue, activities=lines | slow))
    usual, b = build(_lab(campuses))[0], build((campus, d))[0]
    waits = [i for i, t in enumerate(b.trades) if t == "wait"]
    assert len(waits) == len(b.made["rack placed"])
    assert {b.crews[i] for i in waits} == {""}
    assert {float(np.concatenate(b.hours)[i, 1]) for i in waits} == {24.0}
    assert len(b.names) == len(usual.names) + len(waits)


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
