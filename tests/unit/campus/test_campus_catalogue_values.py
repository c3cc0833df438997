"""Values of the shipped catalogue: what sources print, what arithmetic ties together, what may be called published."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any

import pytest

from gigasite.campus import load, reference
from gigasite.campus.catalogue_file import builtin
from gigasite.design.plant import chiller_cop

MINE = (
    "batteries",
    "cables",
    "cdus",
    "electrical",
    "gensets",
    "gpus",
    "heat_rejection",
    "prices",
    "racks",
    "servers",
    "switches",
)
CATALOGUE = builtin()

WANTED = {
    "gpus": "h100-sxm h200-sxm b200 gb200 b300 gb300",
    "servers": "hgx-h100-lc4u hgx-h100-air8u dgx-b200 dgx-b300 gb200-tray gb300-tray",
    "racks": "colossus-h100 air-h100 nvl72 network-rack storage",
    "switches": "sn5600 sn5610 sn2201 sn4600c qm9700 q3400 tomahawk5-64x800 spectrum6-128x800",
    "cables": "dac-400g acc-400g sr4-400g dr4-400g dr4-400g-500m fr4-400g-2km dac-800g dr4-800g dac-100g sr4-100g "
    "dr1-100g-500m cat6",
    "gensets": "recip-2.5mw smt-130 titan-250 titan-350 tm2500 g3520k island-25mva-gast island-25mva-tgov1",
    "batteries": "megapack-2xl megapack-2xl-4h megapack-3",
    "electrical": "substation-150mva mobile-substation mv-switchgear e-house unit-transformer-3mva busway-row "
    "rack-supply",
    "cdus": "in-rack-cdu row-cdu-1.3mw",
    "heat_rejection": "tower-cell dry-cooler air-chiller water-chiller",
    "prices": "gpu_hour colocation colocation_start construction electricity gas onsite_gas_om water operator "
    "greenfield neocloud move_overlap price_decay gpu_residual installation",
}

# kind, part, field, value in SI: what data sheets, manuals and press print
PRINTED: list[tuple[str, str, str, float]] = [
    ("gpus", "h100-sxm", "tdp_w", 700),
    ("gpus", "h100-sxm", "dense_flop_per_s", 989e12),
    ("gpus", "gb200", "tdp_w", 1200),
    ("gpus", "gb200", "dense_flop_per_s", 2500e12),
    ("gpus", "b200", "memory_byte", 180e9),
    ("gpus", "gb300", "tdp_w", 1400),
    ("servers", "hgx-h100-lc4u", "nameplate_w", 10.2e3),
    ("servers", "hgx-h100-lc4u", "typical_w", 8.4e3),
    ("servers", "dgx-b200", "nameplate_w", 14.3e3),
    ("servers", "dgx-b200", "weight_kg", 142.4),
    ("servers", "dgx-b300", "nameplate_w", 14.5e3),
    ("switches", "sn5600", "typical_w", 940),
    ("switches", "sn5610", "nameplate_w", 2080),
    ("switches", "sn2201", "weight_kg", 7.41),
    ("switches", "sn4600c", "typical_w", 466),
    ("switches", "qm9700", "typical_w", 747),
    ("switches", "qm9700", "nameplate_w", 1720),
    ("cables", "sr4-400g", "reach_m", 50),
    ("cables", "sr4-400g", "host_end_w", 8),
    ("cables", "dr4-400g", "reach_m", 100),
    ("cables", "dr4-800g", "end_w", 16),
    ("gensets", "recip-2.5mw", "rating_w", 2.5e6),
    ("gensets", "smt-130", "rating_w", 16.5e6),
    ("gensets", "titan-250", "rating_w", 23.2e6),
    ("gensets", "titan-350", "rating_w", 38e6),
    ("gensets", "tm2500", "rating_w", 34e6),
    ("gensets", "smt-130", "heat_rate_j_per_j", 9630 * 1055.06 / 3.6e6),
    ("batteries", "megapack-2xl", "rating_w", 1.927e6),
    ("batteries", "megapack-2xl", "energy_j", 3.854 * 3.6e9),
    ("batteries", "megapack-3", "round_trip_frac", 0.91),
    ("electrical", "substation-150mva", "price_usd", 24e6),
    ("prices", "gpu_hour", "likely", 2.35),
    ("prices", "colocation", "likely", 184),
    ("prices", "construction", "likely", 11.7),
]


@pytest.mark.parametrize("kind", sorted(WANTED))
def test_the_parts_of_the_story_are_there(kind: str) -> None:
    assert set(WANTED[kind].split()) <= set(getattr(CATALOGUE, kind))


@pytest.mark.parametrize(("kind", "name", "field", "value"), PRINTED)
def test_printed_values_are_carried_over_and_called_published(kind: str, name: str, field: str, value: float) -> None:
    assert getattr(getattr(CATALOGUE, kind)[name], field) == pytest.approx(value, rel=1e-9)
    keys = [k for k in CATALOGUE.origins if k.startswith(f"{kind}.{name}.") and field.startswith(k.rsplit(".", 1)[1])]
    origin = CATALOGUE.origins[max(keys, key=len)]
    assert origin.trust == "published"


def mine() -> list[tuple[str, Any]]:
    return [(key, origin) for key, origin in CATALOGUE.origins.items() if key.split(".", 1)[0] in MINE]


def test_nothing_is_called_published_whose_source_says_otherwise() -> None:
    guess = re.compile(r"engineer's|estimate|taken like|from memory|unverified|without a public source", re.IGNORECASE)
    assert [key for key, origin in mine() if origin.trust == "published" and guess.search(origin.source)] == []


def test_derived_values_show_their_arithmetic_or_name_what_they_follow() -> None:
    bare = [
        key
        for key, origin in mine()
        if origin.trust == "derived"
        and not re.search(r"\d", origin.source)
        and not re.search(r"as |in the|evaporates", origin.source)
    ]
    assert bare == []


def test_a_server_idles_below_what_it_draws_and_draws_below_its_plate() -> None:
    for name, server in CATALOGUE.servers.items():
        gpu = CATALOGUE.gpus[server.gpu]
        assert server.gpus * gpu.idle_w < server.idle_w < server.typical_w < server.nameplate_w, name
        assert 0.8 * server.gpus * gpu.tdp_w < server.typical_w, name
        assert 0 <= server.liquid_frac <= 1


@pytest.mark.parametrize(
    ("tray", "nameplate", "typical", "idle"), [("gb200-tray", 125e3, 105e3, 38e3), ("gb300-tray", 136e3, 115e3, 41e3)]
)
def test_eighteen_trays_and_the_rack_make_an_nvl72(tray: str, nameplate: float, typical: float, idle: float) -> None:
    server, rack = CATALOGUE.servers[tray], CATALOGUE.racks["nvl72"]
    assert rack.servers * server.gpus == 72
    for one, whole in ((server.nameplate_w, nameplate), (server.typical_w, typical), (server.idle_w, idle)):
        assert 18 * one + rack.extra_w == pytest.approx(whole, rel=2e-3)
    price = {"gb200-tray": 3.1e6, "gb300-tray": 3.9e6}[tray]
    assert 18 * server.price_usd + rack.price_usd == pytest.approx(price, rel=5e-3)


def test_full_racks_weigh_what_sources_say() -> None:
    nvl72 = CATALOGUE.racks["nvl72"].weight_kg + 18 * CATALOGUE.servers["gb200-tray"].weight_kg
    assert nvl72 == pytest.approx(1360)
    h100 = CATALOGUE.racks["colossus-h100"].weight_kg + 8 * CATALOGUE.servers["hgx-h100-lc4u"].weight_kg
    assert 1400 <= h100 <= 1600


@pytest.mark.parametrize(
    ("name", "tbit"),
    [
        ("sn5600", 51.2),
        ("sn5610", 51.2),
        ("tomahawk5-64x800", 51.2),
        ("spectrum6-128x800", 102.4),
        ("qm9700", 25.6),
        ("q3400", 115.2),
        ("sn4600c", 6.4),
    ],
)
def test_cages_times_speed_is_the_capacity_of_the_switch(name: str, tbit: float) -> None:
    switch = CATALOGUE.switches[name]
    assert switch.cages * switch.cage_speed_bit_per_s == pytest.approx(tbit * 1e12)
    assert switch.typical_w < switch.nameplate_w


def test_cable_lengths_ascend_up_to_the_reach() -> None:
    for name, cable in CATALOGUE.cables.items():
        assert all(a < b for a, b in pairwise(cable.lengths)), name
        assert cable.lengths[-1] == cable.reach_m, name


def test_half_of_a_twin_port_module_counts_at_a_switch_end() -> None:
    for name, watts in (("sr4-400g", 15.0), ("dr4-400g", 17.0), ("dr4-400g-500m", 17.0), ("dac-400g", 0.1)):
        assert 2 * CATALOGUE.cables[name].end_w == pytest.approx(watts), name


@pytest.mark.parametrize("name", ["memphis", "next", "lab"])
def test_every_link_of_the_reference_campuses_has_copper_and_long_fibre(name: str) -> None:
    network = load(reference(name)).network
    for speed in {network.speed_bit_per_s, network.storage_speed_bit_per_s, 100e9, 1e9}:
        reach = [c.reach_m for c in CATALOGUE.cables.values() if c.speed_bit_per_s == speed]
        assert min(reach) <= 90
        assert max(reach) >= 2000


def test_gensets_are_machines_that_the_swing_study_knows() -> None:
    for name, unit in CATALOGUE.gensets.items():
        assert unit.governor == ("tgov1" if unit.technology == "engine" or "tgov1" in name else "gast"), name
        assert unit.rating_w <= unit.apparent_w, name
        assert 0.5 <= unit.inertia <= 7, name
        assert 0 < unit.droop_frac <= 0.05, name
        assert 0.3 < 1 / unit.heat_rate_j_per_j < 0.5, name


@pytest.mark.parametrize("governor", ["gast", "tgov1"])
def test_the_machines_of_the_reference_island(governor: str) -> None:
    unit = CATALOGUE.gensets[f"island-25mva-{governor}"]
    assert (unit.apparent_w, unit.inertia, unit.droop_frac, unit.governor) == (25e6, 2.0, 0.04, governor)


@pytest.mark.parametrize(("name", "left"), [("titan-250", 0.819), ("titan-350", 0.835)])
def test_turbines_on_the_memphis_design_day_follow_their_rating_fits(name: str, left: float) -> None:
    unit = CATALOGUE.gensets[name]
    assert 1 - unit.derate * (35.6 - unit.derate_from) == pytest.approx(left, abs=0.001)


def test_fifteen_turbines_and_156_batteries_are_those_of_memphis() -> None:
    assert 15 * CATALOGUE.gensets["smt-130"].rating_w == pytest.approx(247.5e6)
    assert 156 * CATALOGUE.batteries["megapack-2xl-4h"].rating_w == pytest.approx(150e6, rel=1e-3)


def test_chillers_reach_the_performance_that_their_sources_give() -> None:
    air, water = CATALOGUE.heat_rejection["air-chiller"], CATALOGUE.heat_rejection["water-chiller"]
    assert chiller_cop(air, 7.0, 35.0) == pytest.approx(3.1, abs=0.05)
    assert chiller_cop(air, 20.0, 35.0) == pytest.approx(4.5, abs=0.1)
    # 29.4 degC condenser water = 25.4 degC wet bulb + 4 K approach of the tower
    assert chiller_cop(water, 7.0, 25.4) == pytest.approx(6.48, abs=0.05)


def test_shares_of_the_cooling_parts_are_small_and_towers_evaporate() -> None:
    for name, unit in CATALOGUE.heat_rejection.items():
        assert 0 < unit.fan_frac < 0.05, name
        assert 0 < unit.pump_frac < 0.05, name
        assert (unit.carnot_frac > 0) == (unit.kind == "chiller"), name
    assert CATALOGUE.heat_rejection["tower-cell"].water_frac > 0.5
    assert CATALOGUE.heat_rejection["dry-cooler"].water_frac == 0
    assert CATALOGUE.cdus["row-cdu-1.3mw"].pump_frac == pytest.approx((16e3 + 1.64e3 / 4) / 1.3e6, rel=5e-3)


def test_derived_prices_follow_from_their_sources() -> None:
    prices = CATALOGUE.prices
    assert prices["electricity"].likely == pytest.approx(90e6 / (150 * 8760), rel=0.01)
    # 67 kUSD a month for 1 to 1.3 M gal a day
    assert prices["water"].likely == pytest.approx(67e3 / (365.25 / 12 * 1.15e3), rel=0.01)
    rent, delay = prices["gpu_hour"].likely, prices["colocation_start"]
    assert 100_000 * 24 * rent * 0.9 == pytest.approx(5.076e6)
    assert (delay.low, delay.likely, delay.high) == (540, 640, 730)
