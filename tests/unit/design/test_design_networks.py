"""The networks of a campus: every kind of fabric, storage, in-band and out-of-band, as devices and links."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from gigasite._core.errors import CampusFileError, InfeasibleError
from gigasite._core.finding import Severity
from gigasite.campus import Campus, load, reference
from gigasite.design import Design, design
from gigasite.design.fabric import fabrics
from gigasite.design.networks import radix
from gigasite.design.types import FABRICS, PORT_BITS, TIERS


@pytest.fixture(scope="module")
def lab() -> Campus:
    return load(reference("lab"))


def changed(campus: Campus, **network: Any) -> Campus:
    return dataclasses.replace(campus, network=dataclasses.replace(campus.network, **network))


def keeps_the_laws(d: Design) -> None:
    ends = np.concatenate([d.links.a_port, d.links.z_port])
    assert len(np.unique(ends)) == len(ends)
    assert (ends >> PORT_BITS).max() < d.devices.height
    kind = d.devices["kind"].to_numpy()
    for name, size in zip(d.networks, d.fabrics, strict=True):
        mine = d.links.fabric == FABRICS.index(name)
        for tier in range(size.tiers):
            links = mine & (d.links.tier == tier)
            assert links.sum() == size.cables[tier] * size.planes
            assert set(kind[d.links.z_port[links] >> PORT_BITS]) == {f"{name}-{TIERS[tier]}"}
            below = {f"{name}-{TIERS[tier - 1]}"} if tier else {"server", "storage", f"{name}-manager"}
            assert set(kind[d.links.a_port[links] >> PORT_BITS]) <= below
            assert d.link_speed_bit_per_s[FABRICS.index(name), tier] > 0
        for tier, count in zip(TIERS, size.switches, strict=True):
            assert (kind == f"{name}-{tier}").sum() == count


SETTINGS: dict[str, dict[str, Any]] = {
    "hpn-7": {"leaf": "sn5600", "speed_bit_per_s": 200e9},
    "superpod-b300": {"leaf": "sn5600"},
    "pods": {"nodes_per_pod": 32},
}


@pytest.mark.parametrize("kind", [k for k in fabrics.names() if k != "nvl72"])
def test_every_kind_of_fabric_becomes_devices_and_links(lab: Campus, kind: str) -> None:
    d = design(changed(lab, fabric=kind, **SETTINGS.get(kind, {})))
    keeps_the_laws(d)
    assert d.networks == ("gpu", "storage", "management")
    assert d.fabrics[0].kind == kind
    gpus = d.links.fabric == 0
    per_server = np.bincount((d.links.a_port[gpus & (d.links.tier == 0)] >> PORT_BITS).astype(int))[:64]
    assert (per_server == 8 * d.fabrics[0].planes).all()


def test_nvl72_takes_compute_trays(lab: Campus) -> None:
    compute = dataclasses.replace(
        lab.compute, server="gb200-tray", rack="nvl72", servers_per_rack=18, gpus=576, racks_per_array=8
    )
    d = design(changed(dataclasses.replace(lab, compute=compute), fabric="nvl72"))
    keeps_the_laws(d)
    assert dict(d.fabrics[0].more)["racks"] == 8


@pytest.mark.parametrize("tiers", [2, 3, 4])
def test_four_tiers_can_be_asked_for(lab: Campus, tiers: int) -> None:
    d = design(changed(lab, tiers=tiers))
    keeps_the_laws(d)
    assert d.fabrics[0].tiers == tiers


def test_in_band_is_a_network_of_its_own_when_the_campus_says_so(lab: Campus) -> None:
    d = design(changed(lab, inband_links=2))
    keeps_the_laws(d)
    assert d.networks == ("gpu", "storage", "management", "inband")
    assert d.link_speed_bit_per_s[FABRICS.index("inband"), 0] == 100e9
    alone = design(changed(lab, storage_links=0, inband_links=1))
    keeps_the_laws(alone)
    assert alone.networks == ("gpu", "management", "inband")


def test_a_cage_has_eight_lanes_at_most(lab: Campus) -> None:
    switch = lab.catalogue.switches["sn5600"]
    assert [radix(switch, g * 1e9) for g in (800, 400, 200, 100, 10)] == [64, 128, 256, 512, 512]
    keeps_the_laws(design(changed(lab, leaf="sn5600", speed_bit_per_s=1e9)))


@pytest.mark.parametrize(("key", "tiers"), [("spine_oversubscription", 3), ("core_oversubscription", 4)])
def test_oversubscription_of_a_tier_that_is_not_there_is_an_error(lab: Campus, key: str, tiers: int) -> None:
    asked = changed(lab, **{key: 2.0})
    (found,) = [f for f in design(asked).findings if f.where == f"network.{key}"]
    assert found.severity == Severity.error
    assert f"network.tiers to {tiers}" in found.remedy
    deeper = design(changed(asked, tiers=tiers))
    assert not [f for f in deeper.findings if f.where == f"network.{key}"]


def test_a_switch_named_for_a_tier_that_is_not_there_is_told(lab: Campus) -> None:
    found = [f for f in design(changed(lab, supercore="qm9700")).findings if f.where == "network.supercore"]
    assert [f.severity for f in found] == [Severity.note]


@pytest.mark.parametrize(("setting", "each"), [({"reserved_ports": 4}, 4), ({"reserved_frac": 0.1}, 7)])
def test_reserved_ports_stay_free_on_every_switch(lab: Campus, setting: dict[str, Any], each: int) -> None:
    d = design(changed(lab, **setting))
    keeps_the_laws(d)
    gpu = d.fabrics[0]
    assert gpu.reserved_ports == each * sum(gpu.switches)
    assert gpu.spare_ports >= gpu.reserved_ports
    z = d.links.z_port[(d.links.fabric == 0)]
    a = d.links.a_port[(d.links.fabric == 0) & (d.links.tier > 0)]
    highest = max(int((p & ((1 << PORT_BITS) - 1)).max()) for p in (a, z))
    assert highest <= gpu.radix - each
    assert design(lab).fabrics[0].reserved_ports == 0


def test_reserved_ports_that_a_kind_cannot_give_are_refused(lab: Campus) -> None:
    with pytest.raises(InfeasibleError, match="reserved"):
        design(changed(lab, fabric="superpod-b200", reserved_ports=8))


def test_oversubscription_saves_spines(lab: Campus) -> None:
    even, over = design(lab).fabrics[0], design(changed(lab, oversubscription=3.0)).fabrics[0]
    assert over.leaf_spine_cables < even.leaf_spine_cables
    assert over.by_tier[0].oversubscription == pytest.approx(3.0, rel=0.1)
    assert over.bisection_frac == pytest.approx(1 / over.by_tier[0].oversubscription)


def test_a_kind_that_fixes_rails_refuses_other_servers(lab: Campus) -> None:
    compute = dataclasses.replace(lab.compute, server="gb200-tray", rack="nvl72", servers_per_rack=18)
    with pytest.raises(InfeasibleError, match="another server or fabric"):
        design(changed(dataclasses.replace(lab, compute=compute), fabric="superpod-b200"))
    with pytest.raises(InfeasibleError, match="planes"):
        design(changed(lab, fabric="superpod-b300", planes=4))


def test_a_fabric_beyond_its_tiers_names_the_network_and_what_would_fit(lab: Campus) -> None:
    with pytest.raises(InfeasibleError, match=r"gpu network .*What would fit"):
        design(changed(lab, tiers=1))
    with pytest.raises(InfeasibleError, match=r"pod of 384 nodes .*nodes per pod <= 112"):
        design(changed(lab, fabric="pods"))


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("leaf: qm9700", "leaf: sn4600c", "under the links'"),
        ("leaf: qm9700", "leaf: qm9700, management_switch: sn5600", "no uplinks of its own"),
        ("leaf: qm9700", "leaf: qm9700, nodes_per_unit: 64, nodes_per_pod: 32", "nodes_per_pod"),
        ("leaf: qm9700", "leaf: qm9700, tiers: 5", "tiers"),
        ("leaf: qm9700", "leaf: qm9700, supercore: qm97", "did you mean"),
        ("leaf: qm9700", "leaf: qm9700, reserved_ports: 5000", "reserved_ports"),
        ("leaf: qm9700", "leaf: qm9700, management_spine: sn2201", "under the 100 Gb/s"),
        ("halls: 1,", "halls: 1, arrays_per_hall: 200000,", "arrays_per_hall"),
        ("leaf: qm9700, speed", "leaf: qm9700, planes: 2, speed", "2 planes of 400 Gb/s are more than the 400 Gb/s"),
        ("leaf: qm9700, speed: 400 Gb/s", "leaf: sn5600, speed: 800 Gb/s", "links of 800 Gb/s are more than the 400"),
        ("leaf: qm9700, speed: 400 Gb/s", "leaf: qm9700, speed: 800 Gb/s", "ports run at 400 Gb/s at most"),
    ],
)
def test_network_mistakes_are_found_with_their_place(
    lab: Campus, tmp_path: Any, old: str, new: str, words: str
) -> None:
    text = reference("lab").read_text(encoding="utf-8")
    assert old in text
    place = tmp_path / "mine.yaml"
    place.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(CampusFileError, match=words) as error:
        load(place)
    assert all(p.line for p in error.value.problems)
    assert lab.network.leaf == "qm9700"


@pytest.mark.parametrize(
    ("arrays", "halls", "fixed", "wanted"),
    [
        (196, 4, 0, [49, 49, 49, 49]),
        (199, 4, 0, [49, 49, 49, 52]),
        (13, 7, 0, [1, 2, 2, 2, 2, 2, 2]),
        (5, 2, 0, [2, 3]),
        (13, 3, 5, [5, 5, 3]),
        (13, 3, 2, [2, 2, 9]),
    ],
)
def test_arrays_divide_over_halls(lab: Campus, arrays: int, halls: int, fixed: int, wanted: list[int]) -> None:
    compute = dataclasses.replace(lab.compute, gpus=512 * arrays, halls=halls, arrays_per_hall=fixed)
    d = design(changed(dataclasses.replace(lab, compute=compute), management_links=0, storage_links=0))
    racks = d.racks.filter(d.racks["array"] >= 0)
    assert racks.group_by("hall").n_unique().sort("hall")["array"].to_list() == wanted


def test_halls_without_arrays_are_refused(lab: Campus) -> None:
    compute = dataclasses.replace(lab.compute, gpus=1024, halls=2, arrays_per_hall=2)
    with pytest.raises(InfeasibleError, match="leave halls empty"):
        design(dataclasses.replace(lab, compute=compute))
