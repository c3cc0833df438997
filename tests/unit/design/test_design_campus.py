"""The design: counts, places, ports, parts, and the laws between them."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from gigasite._core.finding import Severity
from gigasite.campus import Campus, load, reference
from gigasite.design import design
from gigasite.design.plant import chiller_cop
from gigasite.design.types import PORT_BITS


@pytest.fixture(scope="module")
def lab() -> Campus:
    return load(reference("lab"))


def bigger(campus: Campus, times: int) -> Campus:
    c = campus.compute
    return dataclasses.replace(campus, compute=dataclasses.replace(c, gpus=c.gpus * times, halls=c.halls * times))


def test_memphis_has_the_racks_of_the_story() -> None:
    d = design(load(reference("memphis")))
    compute = d.racks.filter(d.racks["kind"] == "compute")
    assert compute.height == 1563  # 100,000 / 64
    assert d.arrays == 196  # 1,563 / 8, rounded up
    assert compute["gpus"].sum() == 100_000
    assert 105e6 < d.power.it_typical_w < 130e6  # 12,500 servers at 8.4 to 10.2 kW, racks and storage


def test_servers_sit_in_their_racks_and_ports_are_used_once(lab: Campus) -> None:
    d = design(lab)
    servers = d.devices.filter(d.devices["kind"] == "server")
    per_rack = servers.group_by("rack_id").len()
    assert per_rack["len"].max() == lab.compute.servers_per_rack
    ends = np.concatenate([d.links.a_port, d.links.z_port])
    assert len(np.unique(ends)) == len(ends)
    assert (ends >> PORT_BITS).max() < d.devices.height


def test_doubling_the_campus_doubles_what_should_double(lab: Campus) -> None:
    one, two = design(lab), design(bigger(lab, 2))
    assert two.power.it_typical_w == pytest.approx(2 * one.power.it_typical_w, rel=0.02)
    assert two.arrays == 2 * one.arrays
    assert two.cooling.liquid_w == pytest.approx(2 * one.cooling.liquid_w, rel=1e-9)
    servers = [d.bom.filter(d.bom["item"] == "gpu")["likely_usd"].sum() for d in (one, two)]
    assert servers[1] == pytest.approx(2 * servers[0])
    assert sum(h.length_m * h.width_m for h in two.halls) == pytest.approx(
        2 * sum(h.length_m * h.width_m for h in one.halls),
        rel=0.05,  # the top tier stands in the first rows, once
    )


def test_racks_stand_inside_their_hall_and_not_on_each_other() -> None:
    campus = load(reference("memphis"))
    d = design(campus)
    rack = campus.catalogue.racks[campus.compute.rack]
    for h in d.halls:
        mine = d.racks.filter(d.racks["hall"] == h.hall)
        assert mine["x_m"].min() - rack.width_m / 2 >= h.x_m
        assert mine["x_m"].max() + rack.width_m / 2 <= h.x_m + h.length_m
        assert mine["y_m"].max() + rack.depth_m / 2 <= h.y_m + h.width_m
    spots = d.racks.select((d.racks["x_m"] * 100).round(0), (d.racks["y_m"] * 100).round(0))
    assert spots.unique().height == d.racks.height


def found(campus: Campus) -> dict[str, Severity]:
    worst: dict[str, Severity] = {}
    for f in design(campus).findings:
        worst[f.where] = max(f.severity, worst.get(f.where, Severity.note))
    return worst


def test_a_small_shell_a_weak_slab_and_a_low_roof_are_findings(lab: Campus) -> None:
    shell = lab.site.shell
    for change, where in (
        ({"area_m2": 200.0}, "shell"),
        ({"floor_load_kg_per_m2": 100.0}, "floor"),
        ({"height_m": 2.6}, "shell"),
    ):
        site = dataclasses.replace(lab.site, shell=dataclasses.replace(shell, **change))
        assert found(dataclasses.replace(lab, site=site))[where] == Severity.error
    assert Severity.error not in found(lab).values()


def test_too_little_power_gas_and_water_are_findings(lab: Campus) -> None:
    power = dataclasses.replace(lab.power, gensets=(), grid=lab.power.grid[:1])
    assert found(dataclasses.replace(lab, power=power))["power"] == Severity.error
    dry = dataclasses.replace(lab.site, water_m3_per_s=1e-6, gas_j_per_s=1.0)
    assert {"water", "gas line"} <= set(found(dataclasses.replace(lab, site=dry)))


def test_a_colder_supply_needs_chillers_and_more_power(lab: Campus) -> None:
    warm = design(lab)
    cold = design(dataclasses.replace(lab, cooling=dataclasses.replace(lab.cooling, supply_degc=27.0)))
    assert warm.cooling.chillers == 0  # W32 needs no chillers in Memphis, W27 does
    assert cold.cooling.chillers > 0
    assert cold.power.cooling_w > warm.power.cooling_w


def test_chillers_work_harder_against_more_lift() -> None:
    unit = load(reference("lab")).catalogue.heat_rejection["air-chiller"]
    assert 2.8 <= chiller_cop(unit, 7.0, 35.0) <= 3.5  # air-cooled at 35 degC and 7 degC water
    assert chiller_cop(unit, 20.0, 35.0) > chiller_cop(unit, 7.0, 35.0) > chiller_cop(unit, 7.0, 45.0)


def test_renting_costs_rent_and_ordering_the_price(lab: Campus) -> None:
    modes = dataclasses.replace(lab.schedule, modes=lab.schedule.modes | {"transformer": "order"})
    bought = design(dataclasses.replace(lab, schedule=modes)).bom
    rented = design(lab.__class__(**{f.name: getattr(lab, f.name) for f in dataclasses.fields(lab)})).bom
    price = {
        n: b.filter(b["item"] == "transformer")["likely_usd"].sum() for n, b in (("bought", bought), ("stock", rented))
    }
    part = lab.catalogue.electrical[lab.power.transformer]
    count = bought.filter(bought["item"] == "transformer")["count"].sum()
    assert price["bought"] == pytest.approx(count * part.price_usd)
    assert price["stock"] == pytest.approx(1.4 * price["bought"])
    assert (bought["low_usd"] <= bought["likely_usd"]).all()
    assert (bought["likely_usd"] <= bought["high_usd"]).all()


def test_a_million_gpus_fit_integer_ports() -> None:
    d = design(load(reference("next")))
    assert d.racks["gpus"].sum() == 1_000_000
    assert len(d.links) > 3_000_000
    assert len(np.unique(d.links.a_port)) == len(d.links)
