"""The campus's own loop: balance, sizes, findings, quantities, and the command line."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from gigasite.campus import load, reference
from gigasite.campus.schema import Campus
from gigasite.cooling.hydraulics import solve
from gigasite.cooling.loop_findings import velocities
from gigasite.cooling.network import PIPE
from gigasite.cooling.network_file import read_network
from gigasite.cooling.plant_network import FacilityLoop, facility_loop, pump_share
from gigasite.cooling.quantities import quantities
from gigasite.design import design
from gigasite.design.types import Design
from gigasite.show.cli import app


@pytest.fixture(scope="module")
def memphis() -> tuple[Campus, Design, FacilityLoop]:
    campus = load(reference("memphis"))
    made = design(campus)
    return campus, made, facility_loop(campus, made)


def changed(campus: Campus, **words: Any) -> Campus:
    return dataclasses.replace(campus, cooling=dataclasses.replace(campus.cooling, **words))


def test_racks_get_the_same_after_balancing(memphis: tuple[Campus, Design, FacilityLoop]) -> None:
    _, d, loop = memphis
    assert loop.spread_frac < 0.05
    assert loop.open_share_frac.max() - loop.open_share_frac.min() > 0.2
    assert len(loop.terminals.rack) == d.racks.height
    assert float(loop.terminals.heat_w.sum()) == pytest.approx(d.cooling.liquid_w + d.cooling.air_w, rel=1e-9)
    assert not loop.findings
    assert not loop.flow.findings


def test_pipes_keep_their_velocity_and_the_smaller_size_would_not(
    memphis: tuple[Campus, Design, FacilityLoop],
) -> None:
    loop = memphis[2]
    v, table = velocities(loop), loop.sizes
    assert (v <= 1.05 * table.velocity_m_per_s[loop.size]).all()
    q = v * np.pi / 4 * loop.network.diameter_m[loop.network.kind == PIPE] ** 2
    below = np.maximum(loop.size - 1, 0)
    able = np.pi / 4 * table.inner_m[below] ** 2 * table.velocity_m_per_s[below]
    assert (q > 0.95 * able)[loop.size > 0].all()


def test_heat_comes_back_with_the_water(memphis: tuple[Campus, Design, FacilityLoop]) -> None:
    campus, _, loop = memphis
    outlet, q = loop.warm.outlet_degc[loop.rack_link], loop.flow.flow_m3_per_s[loop.rack_link]
    carried = (q * loop.network.density_kg_per_m3 * loop.cp_j_per_kg_k * (outlet - campus.cooling.supply_degc)).sum()
    assert carried == pytest.approx(float(loop.terminals.heat_w.sum()), rel=1e-9)
    assert loop.warm.residual_w < 1.0


def test_what_is_bought_is_what_is_laid(memphis: tuple[Campus, Design, FacilityLoop]) -> None:
    loop = memphis[2]
    made = quantities(loop)
    assert float(made.pipes["length_m"].sum()) == pytest.approx(float(made.bill["length_m"].sum()))
    assert made.fill_m3 == pytest.approx(
        sum(
            np.pi / 4 * loop.sizes.inner_m[loop.sizes.name.index(size)] ** 2 * length
            for size, length in made.bill.select("size", "length_m").rows()
        )
    )
    assert made.weld_inches > 2 * made.pipes.height


@pytest.mark.parametrize(
    ("words", "what"),
    [
        ({"supply_degc": 12.0}, "dew point"),
        ({"supply_degc": 44.0}, "rated for"),
        ({"vessel_pa": 1e3, "supply_degc": 58.0, "rise_k": 40.0}, "cavitate"),
        ({"spare_pumps": 0}, "no pump stands by"),
        ({"loop_pa": 60e3}, "too many racks"),
    ],
)
def test_limits_are_named(words: dict[str, Any], what: str) -> None:
    campus = changed(load(reference("lab")), **words)
    found = facility_loop(campus, design(campus)).findings
    assert any(what in f.what for f in found), found


def test_one_header_for_everything_starves_its_far_racks() -> None:
    """100,000 GPUs in one hall on the pumps of one: far racks get too little, and the finding says why."""
    campus = load(reference("memphis"))
    one = dataclasses.replace(campus, compute=dataclasses.replace(campus.compute, halls=1, gpus=20_000))
    loop = facility_loop(changed(one, loop_pa=150e3), design(one))
    assert loop.share_frac.min() < 0.95
    assert any("one header" in f.what for f in loop.findings)


@settings(max_examples=12)
@given(
    st.sampled_from(["direct-return", "reverse-return"]), st.integers(1, 4), st.integers(0, 2), st.floats(4, 25),
    st.integers(8, 700), st.integers(1, 3),
)  # fmt: skip
def test_any_small_campus_is_balanced(
    piping: str, pumps: int, spare: int, rise: float, gpus: int, halls: int
) -> None:  # fmt: skip
    campus = changed(
        load(reference("lab")), piping=piping, pumps=pumps, spare_pumps=spare, rise_k=rise, loop_pa=600e3
    )  # fmt: skip
    halls = min(halls, max(1, gpus // 512))
    campus = dataclasses.replace(campus, compute=dataclasses.replace(campus.compute, gpus=gpus, halls=halls))
    loop = facility_loop(campus, design(campus))
    assert loop.spread_frac < 0.05
    assert loop.share_frac.min() > 0.95
    if pumps > 1:
        assert pump_share(loop, 1) < 1.0


def test_reverse_return_needs_less_balancing() -> None:
    campus = load(reference("memphis"))
    d = design(campus)
    direct, reverse = (facility_loop(changed(campus, piping=f"{x}-return"), d) for x in ("direct", "reverse"))
    assert np.ptp(reverse.open_share_frac) < np.ptp(direct.open_share_frac)


def test_row_cdus_carry_the_heat_of_their_row() -> None:
    campus = load(reference("lab"))
    campus = changed(campus, cdu="row-cdu-1.3mw")
    d = design(campus)
    loop = facility_loop(campus, d)
    assert float(loop.terminals.liquid_w.sum()) == pytest.approx(d.cooling.liquid_w)
    assert (loop.terminals.liquid_w > 0).sum() == (d.racks["kind"] == "cdu").sum()


def test_command_writes_what_solve_reads(tmp_path: Path) -> None:
    run = CliRunner().invoke(app, ["cooling", "loop", str(reference("lab")), "--json", "--out", str(tmp_path / "o")])
    assert run.exit_code == 0, run.output
    made = json.loads(run.stdout)
    assert made["rack_flow_frac"]["spread"] < 0.05
    net = read_network(tmp_path / "o" / "network.json")
    q = solve(net).flow_m3_per_s
    racks = [i for i, name in enumerate(net.link_ids) if name.startswith("H1-R") and name.count("-") == 1]
    assert q[racks].sum() == pytest.approx(made["flow_m3_per_s"], rel=1e-6)
    assert (tmp_path / "o" / "pipes.csv").read_text().startswith("pipe,kind,size")
