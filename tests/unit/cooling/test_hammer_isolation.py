"""Water hammer against arithmetic; shut valves against what hangs on them."""

from __future__ import annotations

import dataclasses
import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from gigasite._core.errors import GigasiteError, QuantityError
from gigasite.campus import load, reference
from gigasite.cooling.hammer import Line, surge, worst_line
from gigasite.cooling.isolation import isolate
from gigasite.cooling.plant_network import FacilityLoop, facility_loop
from gigasite.design import design
from gigasite.show.cli import app


@pytest.fixture(scope="module")
def loop() -> FacilityLoop:
    campus = load(reference("lab"))
    return facility_loop(campus, design(campus))


def line(velocity: float, length: float = 400.0, friction: float = 0.0, pieces: int = 1) -> Line:
    one = np.ones(pieces)
    return Line(
        length_m=length / pieces * one, inner_m=0.3 * one, wall_m=0.0095 * one,
        flow_m3_per_s=velocity * np.pi / 4 * 0.09 * one, friction=friction * one, density_kg_per_m3=996.0, start_pa=4e5,
    )  # fmt: skip


@settings(max_examples=15)
@given(st.floats(0.2, 4.0), st.floats(100, 800), st.integers(1, 3), st.floats(1.5, 6))
def test_sudden_is_joukowsky_and_slow_is_less(velocity: float, length: float, pieces: int, slow: float) -> None:
    x = line(velocity, length, pieces=pieces)
    full = 996.0 * float(x.wave_m_per_s[0]) * velocity
    assert surge(x, closing_s=0.0).highest_pa - 4e5 == pytest.approx(full, rel=0.02)
    # flow falls evenly: only what fell within one echo is felt
    assert surge(x, closing_s=slow * x.echo_s).highest_pa - 4e5 == pytest.approx(full / slow, rel=0.05)


def test_steady_flow_stays_and_friction_calms() -> None:
    x = line(2.0, friction=0.02)
    still = surge(x, closing_s=1e4, dt_s=0.05)
    assert still.highest_pa <= 4e5 * 1.3
    tail = surge(x, closing_s=0.0).valve_pa
    assert np.ptp(tail[-200:]) <= np.ptp(tail) + 1.0


@pytest.mark.parametrize(
    "words",
    [{}, {"closing_s": 1.0, "coasting_s": 1.0}, {"closing_s": -1.0}, {"closing_s": 1e9}, {"coasting_s": math.inf}],
)
def test_what_cannot_be_run_is_refused(words: dict[str, float]) -> None:
    with pytest.raises(QuantityError):
        surge(line(1.0), **words)


def test_the_worst_line_ends_at_a_row(loop: FacilityLoop) -> None:
    x = worst_line(loop)
    assert (np.diff(x.flow_m3_per_s) <= 1e-12).all()
    assert 20 < x.length_m.sum() < 200


def test_a_row_shut_loses_its_racks_and_no_other(loop: FacilityLoop) -> None:
    found = isolate(loop, "H1-R01-s1")
    assert set(loop.terminals.row[found.lost].tolist()) == {1}
    assert len(found.lost) == (loop.terminals.row == 1).sum()
    assert found.rest_frac > 1.0
    one = isolate(loop, loop.network.link_ids[loop.rack_link[3]])
    assert one.lost.tolist() == [3]
    main = isolate(loop, "H1-plates")
    assert len(main.lost) == len(loop.terminals.rack)
    with pytest.raises(GigasiteError, match="H1-R01-s1"):
        isolate(loop, "H1-R01-s11111")


def test_commands() -> None:
    file = str(reference("lab"))
    for words in (["hammer", file], ["isolate", file, "H1-R01-s1"]):
        done = CliRunner().invoke(app, ["cooling", *words, "--json"])
        assert done.exit_code == 0, done.output
        assert json.loads(done.stdout)["campus"] == "lab"
        assert CliRunner().invoke(app, ["cooling", *words]).exit_code == 0
    assert dataclasses.is_dataclass(Line)
