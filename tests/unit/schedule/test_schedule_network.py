"""The network of a campus: stable, sound, and honest about cycles and crews."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from gigasite._core.errors import InfeasibleError, UnknownPartError
from gigasite.campus import load
from gigasite.design import design
from gigasite.schedule import kernels
from gigasite.schedule.graph import rows, shortest_cycle
from gigasite.schedule.network import SLOT_H, network, slots
from gigasite.schedule.trade import Builder, trades

if TYPE_CHECKING:
    from pathlib import Path

    from gigasite.campus.schema import Campus
    from gigasite.design.types import Design

    Made = tuple[Campus, Design]


def net(made: Made, **change: Any) -> Any:
    campus, design = made
    campus = replace(campus, schedule=replace(campus.schedule, **change))
    return network(campus, design, dict(campus.schedule.modes))


def test_the_reference_campus_has_rack_by_rack_detail_and_two_links_an_activity(memphis: Made) -> None:
    n = net(memphis)
    assert 15_000 < len(n.names) < 30_000
    assert 1.8 < len(n.links) / len(n.names) < 3.0
    assert len(n.made["rack placed"]) == 1563
    assert len(n.made["array ready"]) == 196


def test_names_are_unique_and_two_builds_are_the_same(memphis: Made) -> None:
    one, two = net(memphis), net(memphis)
    assert len(set(one.names)) == len(one.names)
    assert one.names == two.names
    assert (one.links == two.links).all()
    assert all((a == b).all() for a, b in zip(one.orders, two.orders, strict=True))


def test_both_lists_keep_predecessors_first(memphis: Made) -> None:
    n = net(memphis)
    for order in n.orders:
        place = np.empty(len(order), np.int64)
        place[order] = np.arange(len(order))
        assert (place[n.links[:, 0]] < place[n.links[:, 1]]).all()


def test_crews_follow_the_file_else_the_size_of_the_campus(memphis: Made, lab: Made) -> None:
    large, small = net(memphis), net(lab)
    fibre, pipe = large.crew_names.index("fibre"), large.crew_names.index("pipe")
    assert large.capacity[fibre] == 158  # of the file
    assert large.capacity[pipe] == memphis[0].catalogue.crews["pipe"].people  # 100,000 GPUs
    assert small.capacity[pipe] == small.gang[pipe] == 10  # half of a per cent would be nobody: one gang
    assert (large.capacity >= large.gang).all()


def test_half_the_shift_hours_double_crew_work_and_leave_the_clock_alone(lab: Made) -> None:
    campus, _ = lab
    whole = net(lab)
    half = net(lab, shifts=replace(campus.schedule.shifts, count=1))
    crew = whole.crew >= 0
    assert half.hours[crew] == pytest.approx(2 * whole.hours[crew])
    assert (half.hours[~crew] == whole.hours[~crew]).all()


def test_slots_round_to_a_quarter_of_an_hour_and_work_never_vanishes() -> None:
    assert slots(np.array([0.0, 0.01, 0.25, 1.2, 24.0])).tolist() == [0, 1, 1, 5, round(24 / SLOT_H)]


def test_a_cycle_is_named_by_its_shortest_way_round(lab: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    class Round:
        rank = 99

        def __call__(self, b: Builder, /) -> None:
            a = b.work("round", "rack-place", ["here", "there", "far"])
            b.link(a[:1], a[1:2])
            b.link(a[1:2], a[:1])
            b.link(a[1:2], a[2:])
            b.link(a[2:], a[:1])

    trades.names()
    monkeypatch.setitem(trades._parts, "round", Round)
    with pytest.raises(InfeasibleError, match=r"here -> .*there -> .*here; take one out") as error:
        net(lab)
    assert "far" not in str(error.value)


def test_activities_of_one_rate_and_place_are_told_apart(campuses: Path, tmp_path: Path) -> None:
    """Actuals, baselines and the luck of samples go by the names; a cycle of equal names would say nothing."""
    line = "source: x, as_of: 2026-06-30, trust: estimate, trade: racks, each: rack, rate: rack-place"
    own = f"parts: {{activities: {{one: {{{line}, after: [rack-place]}}, two: {{{line}, after: [%s]}}}}}}\n"
    file = tmp_path / "x.yaml"
    file.write_text((campuses / "lab.yaml").read_text() + own % "one")
    campus = load(file)
    names = net((campus, design(campus))).names
    assert len(set(names)) == len(names)
    assert "Move, place and anchor a rack (two): H1-R01.01" in names
    file.write_text((campuses / "lab.yaml").read_text() + own % "three")
    campus = load(file)
    with pytest.raises(UnknownPartError, match="no activity before two is called 'three'"):
        net((campus, design(campus)))


def test_shortest_cycle_of_two_loops() -> None:
    links = np.array([[0, 1], [1, 2], [2, 0], [3, 4], [4, 3]])
    ptr, idx = rows(links[:, 0], links[:, 1], 5)
    topo = kernels.topological(ptr, idx, np.ones(5, np.int64))
    assert shortest_cycle(ptr, idx, topo) == [3, 4, 3]


def test_a_mode_that_nobody_offers_is_refused_with_the_nearest(lab: Made) -> None:
    with pytest.raises(UnknownPartError, match=r"busway-reuse.*busway-"):
        network(*lab, {"busway": "reuse"})


def test_a_longer_lead_time_never_shortens_the_longest_chain(memphis: Made) -> None:
    n = net(memphis)
    topo = kernels.topological(n.ptr, n.idx, np.diff(n.pptr))

    def longest(hours: Any) -> int:
        return int(kernels.latest(topo, n.ptr, n.idx, slots(hours)).max())

    base = longest(n.hours[:, 1])
    for k, name in enumerate(n.key_names):
        if name.startswith("lead "):
            shipped = (n.key == k) & np.array([name.startswith("Ship ") for name in n.names])
            later = longest(np.where(shipped, n.hours[:, 1] + 2400.0, n.hours[:, 1]))
            assert base <= later <= base + slots(np.array([2400.0]))[0]
            if name == "lead gpu":
                assert later > base


def test_each_order_line_is_received_once_and_its_lots_come_after(memphis: Made) -> None:
    n = net(memphis)
    received = [i for i, name in enumerate(n.names) if name.startswith("Receive ")]
    keys = [n.key_names[k] for k in n.key[received]]
    assert sorted(set(keys)) == sorted({k for k in n.key_names if k.startswith("lead ")})
    assert keys.count("lead genset") == 2  # two groups in the file
    after = {z for a, z in n.links.tolist() if a in set(received)}
    assert all(n.names[i].startswith("Deliver ") for i in after)


def test_racks_arrive_at_the_pace_of_the_docks(memphis: Made) -> None:
    """No array's racks are placed before its lot; lots together take hours per rack x racks."""
    n = net(memphis)
    lots = n.key == n.key_names.index("rack-arrive")
    rate = memphis[0].catalogue.rates["rack-arrive"]
    assert n.hours[lots, 1].sum() == pytest.approx(1563 * rate.likely)
    before = set(map(tuple, n.links.tolist()))
    lot_of = np.flatnonzero(lots)[n.made["rack array"]]
    opened = np.flatnonzero(n.key == n.key_names.index("rack-uncrate"))
    assert all((a, z) in before for a, z in zip(lot_of.tolist(), opened.tolist(), strict=True))
    assert all((a, z) in before for a, z in zip(opened.tolist(), n.made["rack placed"].tolist(), strict=True))


def test_a_row_waits_for_every_unit_substation_that_feeds_it(lab: Made) -> None:
    n = net(lab)
    units = np.flatnonzero(n.key == n.key_names.index("transformer-energise"))
    assert len(units) > len(n.made["busway"])
    assert set(n.links[np.isin(n.links[:, 1], n.made["busway"]), 0].tolist()) >= set(units.tolist())
