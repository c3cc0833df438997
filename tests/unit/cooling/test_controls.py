"""Controls reach their set points, or say that they stand at an end."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from gigasite._core.errors import InfeasibleError
from gigasite.campus import load, reference
from gigasite.cooling.controls import Control, controlled
from gigasite.cooling.network import PUMP, Network
from gigasite.cooling.plant_network import facility_loop
from gigasite.design import design
from gigasite.show.cli import app


@pytest.fixture(scope="module")
def lab() -> Network:
    campus = load(reference("lab"))
    return facility_loop(campus, design(campus)).network


def pumps(net: Network) -> tuple[str, ...]:
    return tuple(net.link_ids[i] for i in np.flatnonzero((net.kind == PUMP) & net.open_))


@settings(max_examples=20)
@given(st.floats(3e4, 2.5e5), st.floats(0.5, 1.1))
def test_speed_holds_pressure_while_a_valve_holds_its_flow(lab: Network, pa: float, share: float) -> None:
    rack = "H1-R01.03"
    q = 1.5e-3 * share * (pa / 2e5) ** 0.5
    both = (
        Control(kind="pressure", links=pumps(lab), set_point=pa, high="H1-supply", low="H1-return"),
        Control(kind="flow", links=(rack,), set_point=q),
    )
    net, flow, found = controlled(lab, both)
    p = flow.pressure_pa
    at = {name: i for i, name in enumerate(net.node_ids)}
    if not found:
        assert p[at["H1-supply"]] - p[at["H1-return"]] == pytest.approx(pa, rel=1e-4)
        assert flow.flow_m3_per_s[net.link_ids.index(rack)] == pytest.approx(q, rel=1e-4)
    else:
        assert any("at its end" in f.what for f in found)


def test_what_pumps_cannot_give_is_a_finding(lab: Network) -> None:
    c = Control(kind="pressure", links=pumps(lab), set_point=9e5, high="H1-supply", low="H1-return")
    net, _, found = controlled(lab, [c])
    assert len(found) == 1
    assert net.speed_frac[net.kind == PUMP].max() == pytest.approx(1.2)


@pytest.mark.parametrize(
    "c",
    [
        Control(kind="flow", links=("nowhere",), set_point=1.0),
        Control(kind="flow", links=(), set_point=1.0),
        Control(kind="flow", links=("H1-R01.03",), set_point=0.0),
        Control(kind="pressure", links=("H1-R01.03",), set_point=1e5, high="H1-supply", low="H1-return"),
        Control(kind="pressure", links=("H1-pump1",), set_point=1e5, high="H1-supply", low="x"),
    ],
)
def test_controls_that_cannot_be_are_refused(lab: Network, c: Control) -> None:
    with pytest.raises(InfeasibleError):
        controlled(lab, [c])


def test_command_holds_and_refuses(tmp_path: Path) -> None:
    file = str(reference("lab"))
    assert CliRunner().invoke(app, ["cooling", "loop", file, "--json", "--out", str(tmp_path / "o")]).exit_code == 0
    net = str(tmp_path / "o" / "network.json")
    hold = [
        "--hold-pressure",
        "H1-pump1+H1-pump2+H1-pump3:H1-supply:H1-return:120000",
        "--hold-flow",
        "H1-R01.03:0.001",
    ]
    done = CliRunner().invoke(app, ["cooling", "solve", net, "--json", *hold])
    assert done.exit_code == 0, done.output
    made = json.loads(done.stdout)
    assert made["valves"]["H1-R01.03"]["flow_m3_per_s"] == pytest.approx(1e-3, rel=1e-4)
    high, low = (made["nodes"][x]["pressure_pa"] for x in ("H1-supply", "H1-return"))
    assert high - low == pytest.approx(120e3, rel=1e-4)
    assert made["controls"]["H1-pump1"] == made["controls"]["H1-pump2"]
    for words in (["--hold-flow", "x"], ["--hold-flow", "x:nan"], ["--hold-pressure", "a:b:1"], ["--hold-flow", "q:1"]):
        assert CliRunner().invoke(app, ["cooling", "solve", net, *words]).exit_code != 0
