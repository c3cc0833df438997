"""The steady flow of networks: laws that hold in any, and files that are refused."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gigasite._core.errors import GigasiteError, SolverError
from gigasite.cooling.friction import friction_factor
from gigasite.cooling.hydraulics import law, prepare, solve
from gigasite.cooling.network import PUMP, VALVE, Network
from gigasite.cooling.network_file import read_network, result_json


def loop(**changes: Any) -> dict[str, Any]:
    """A vessel, a pump, a pipe, a valve, a pipe back."""
    return {
        "format": "gigasite-network/1",
        "name": "loop",
        "fluid": {"name": "water", "density_kg_per_m3": 1000.0, "dynamic_viscosity_pa_s": 1e-3},
        "nodes": [
            {"id": "vessel", "kind": "fixed", "elevation_m": 0.0, "pressure_pa": 2e5},
            {"id": "out", "kind": "junction", "elevation_m": 0.0, "demand_m3_per_s": 0.0},
            {"id": "far", "kind": "junction", "elevation_m": 3.0},
            {"id": "back", "kind": "junction", "elevation_m": 0.0},
        ],
        "pipes": [
            {
                "id": "p1",
                "from": "out",
                "to": "far",
                "length_m": 50.0,
                "diameter_m": 0.1,
                "roughness_m": 4.5e-5,
                "loss_k": 1.0,
                "open": True,
            },
            {
                "id": "p2",
                "from": "back",
                "to": "vessel",
                "length_m": 50.0,
                "diameter_m": 0.1,
                "roughness_m": 4.5e-5,
                "loss_k": 1.0,
                "open": True,
            },
        ],
        "valves": [{"id": "v", "from": "far", "to": "back", "diameter_m": 0.1, "loss_k": 20.0, "open": True}],
        "pumps": [
            {
                "id": "pump",
                "from": "vessel",
                "to": "out",
                "dp_shutoff_pa": 3e5,
                "dp_drop_pa_s2_per_m6": 1e8,
                "speed_frac": 1.0,
                "running": True,
            }
        ],
    } | changes


def read(tmp_path: Path, data: object) -> Network:
    path = tmp_path / "net.json"
    path.write_text(data if isinstance(data, str) else json.dumps(data))
    return read_network(path)


def grid(rng: np.random.Generator, side: int, pumps: int) -> Network:
    """A grid of pipes and valves of any size and slope, demands, pumps between any nodes, one vessel."""
    n = side * side
    at = np.arange(n).reshape(side, side)
    a = np.r_[at[:, :-1].ravel(), at[:-1].ravel()]
    b = np.r_[at[:, 1:].ravel(), at[1:].ravel()]
    kept = rng.random(len(a)) < 0.9
    a, b = a[kept], b[kept]
    p = rng.integers(0, n, (pumps, 2))
    p = p[p[:, 0] != p[:, 1]]
    kind = np.r_[np.where(rng.random(len(a)) < 0.2, VALVE, 0), np.full(len(p), PUMP)]
    order = np.argsort(kind, kind="stable")
    m = len(kind)
    pipe, pump = kind == 0, kind == PUMP
    return Network(
        name="grid",
        density_kg_per_m3=1000.0,
        viscosity_pa_s=1e-3,
        node_ids=tuple(f"n{i}" for i in range(n)),
        link_ids=tuple(f"l{i}" for i in range(m)),
        elevation_m=rng.uniform(0, 5, n),
        demand_m3_per_s=rng.uniform(-1e-3, 2e-3, n) * (rng.random(n) < 0.3),
        fixed_pa=np.r_[3e5, np.full(n - 1, np.nan)],
        kind=kind[order].astype(np.int8),
        start=np.r_[a, p[:, 0]][order],
        end=np.r_[b, p[:, 1]][order],
        length_m=np.where(pipe, rng.uniform(1, 200, m), 0)[order],
        diameter_m=np.where(pump, 0, rng.choice([0.02, 0.05, 0.1, 0.3], m))[order],
        roughness_m=np.where(pipe, rng.choice([0.0, 1e-5, 4.5e-5, 1e-3], m), 0)[order],
        loss_k=np.where(pump, 0, rng.uniform(0, 30, m))[order],
        shutoff_pa=np.where(pump, rng.uniform(1e4, 5e5, m), 0)[order],
        drop_pa_s2_per_m6=np.where(pump, 10 ** rng.uniform(6, 9, m), 0)[order],
        speed_frac=np.where(pump, rng.uniform(0.5, 1.1, m), 1)[order],
        open_=rng.random(m) < 0.95,
    )


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.integers(2, 8), st.integers(0, 4))
def test_every_state_obeys_its_laws(seed: int, side: int, pumps: int) -> None:
    net = grid(np.random.default_rng(seed), side, pumps)
    flow = solve(net)
    q, p = flow.flow_m3_per_s, flow.pressure_pa
    head = p + net.density_kg_per_m3 * 9.80665 * net.elevation_m
    assert (q[~net.open_] == 0).all()
    assert (q[net.kind == PUMP] >= -1e-9).all()
    h, _ = law(prepare(net), q, net.speed_frac)
    moving = net.open_ & (np.abs(q) > 1e-9) & ~np.isnan(head[net.start])
    scale = max(1.0, float(np.abs(h).max(initial=0)))
    assert np.abs(head[net.start] - head[net.end] - h)[moving].max(initial=0) < 1e-5 * scale
    balance = (
        np.bincount(net.end, q, minlength=len(p)) - np.bincount(net.start, q, minlength=len(p)) - net.demand_m3_per_s
    )
    free = np.isnan(net.fixed_pa) & ~np.isnan(p)
    assert np.abs(balance[free]).max(initial=0) < 1e-8  # wide links turn rounded heads into flow


def test_one_loop_by_hand(tmp_path: Path) -> None:
    """The pump's rise is what pipes and valve take at the one flow, by bisection on the formulas."""
    net = read(tmp_path, loop())
    flow = solve(net)

    def excess(q: float) -> float:
        v = q / (math.pi / 4 * 0.01)
        re = 1000 * v * 0.1 / 1e-3
        f = 0.25 / math.log10(4.5e-4 / 3.7 + 5.74 / re**0.9) ** 2
        return 3e5 - 1e8 * q * q - (2 * (f * 500 + 1) + 20) * 500 * v * v

    low, high = 1e-3, 0.05
    for _ in range(100):
        mid = (low + high) / 2
        low, high = (mid, high) if excess(mid) > 0 else (low, mid)
    assert flow.flow_m3_per_s == pytest.approx([low] * 4, rel=1e-8)
    assert flow.pressure_pa[1] == pytest.approx(2e5 + 3e5 - 1e8 * low**2)


def test_friction_joins_at_both_ends() -> None:
    for rough in (0.0, 1e-4, 1e-2):
        e = np.full(2, rough)
        for re in (2000.0, 4000.0):
            (low, high), (s_low, s_high) = friction_factor(np.array([re * (1 - 1e-9), re * (1 + 1e-9)]), e)
            assert low == pytest.approx(high, rel=2e-4)  # EPANET's cubic has printed constants of six digits
            assert s_low == pytest.approx(s_high, rel=0.05)


@given(st.floats(100, 1e8), st.floats(0, 0.05))
def test_the_slope_of_friction_is_its_slope(re: float, rough: float) -> None:
    if min(abs(re - 2000), abs(re - 4000)) < 1:
        return
    e = np.array([rough] * 3)
    f, slope = friction_factor(np.array([re * (1 - 1e-5), re, re * (1 + 1e-5)]), e)
    assert slope[1] == pytest.approx((f[2] - f[0]) / (2e-5 * re), rel=1e-3, abs=1e-12)


def test_a_restart_gives_the_same_state() -> None:
    net = grid(np.random.default_rng(4), 8, 2)
    p = prepare(net)
    cold = solve(p)
    shut = net.open_.copy()
    shut[np.flatnonzero(net.open_ & (net.kind == VALVE))[0]] = False
    changed = replace(p, network=replace(net, open_=shut))
    assert solve(changed, cold).flow_m3_per_s == pytest.approx(
        solve(changed).flow_m3_per_s, rel=1e-6, abs=1e-9
    )  # heads of some bar are rounded


def test_states_that_are_no_error(tmp_path: Path) -> None:
    """All shut, a pump that stands, a pump against too much head, a part cut off: findings, no crash."""
    shut = loop()
    shut["valves"][0]["open"] = False
    flow = solve(read(tmp_path, shut))
    assert (np.abs(flow.flow_m3_per_s) < 1e-9).all()
    assert flow.pressure_pa[1] == pytest.approx(5e5, rel=1e-6)  # the pump's shut-off pressure stands behind the valve
    assert any("nothing flows" in f.what for f in flow.findings)
    stands = loop()
    stands["pumps"][0]["running"] = False
    assert (np.abs(solve(read(tmp_path, stands)).flow_m3_per_s) < 1e-9).all()
    without = loop(pumps=[])
    assert any("no pump runs" in f.what for f in solve(read(tmp_path, without)).findings)
    high = loop()
    high["nodes"][2] |= {"kind": "fixed", "pressure_pa": 9e5}
    flow = solve(read(tmp_path, high))
    assert flow.flow_m3_per_s[-1] == 0
    assert any("non-return valve" in f.what for f in flow.findings)
    cut = loop()
    cut["nodes"] += [{"id": "x"}, {"id": "y", "demand_m3_per_s": 0.001}]
    cut["pipes"].append({"id": "p3", "from": "x", "to": "y", "length_m": 1.0, "diameter_m": 0.1, "roughness_m": 0.0})
    net = read(tmp_path, cut)
    flow = solve(net)
    assert [f.where for f in flow.findings if "cut off" in f.what] == ["x, y"]
    assert result_json(net, flow)["nodes"]["x"] == {"pressure_pa": None}
    assert flow.flow_m3_per_s[net.link_ids.index("p1")] > 0.01


@pytest.mark.parametrize(
    ("change", "word"),
    [
        (lambda d: d["pipes"][0].update(length_m=-1), "pipes[0].length_m: must be above 0"),
        (lambda d: d["pipes"][0].update({"from": "nowhere"}), "names no node"),
        (lambda d: d["pipes"][0].update({"to": "out"}), "begins and ends at one node"),
        (lambda d: d["pipes"].append(d["pipes"][0]), "is used twice"),
        (lambda d: d["nodes"][0].update(kind="junction"), "no node of kind fixed"),
        (lambda d: d["nodes"][0].pop("pressure_pa"), "pressure_pa: is missing"),
        (lambda d: d["pumps"][0].update(running="yes"), "must be true or false"),
        (lambda d: d["valves"][0].update(kv=3), "is not known"),
        (lambda d: d["fluid"].update(density_kg_per_m3=0), "must be above 0"),
        (lambda d: d.update(format="other"), "must be 'gigasite-network/1'"),
        (lambda d: d["nodes"][0].update(kind=["fixed"]), "must be 'junction' or 'fixed'"),
        (lambda d: d["pipes"][0].update(diameter_m=100), "1e-05 to 50 in SI units"),
        (lambda d: d["pipes"][0].update(diameter_m=1e-9), "1e-05 to 50 in SI units"),
        (lambda d: d["nodes"][0].update(pressure_pa=-1e18), "at most 1e+09 in SI units"),
        (lambda d: d.update(nodes={}), "must be a list"),
        (lambda d: d["pipes"][0].update(diameter_m="0.1 m"), "must be above 0"),
        (lambda d: d["pipes"][0].update(length_m=True), "must be above 0"),
    ],
)
def test_a_wrong_file_is_named(tmp_path: Path, change: Any, word: str) -> None:
    data = loop()
    change(data)
    with pytest.raises(GigasiteError) as error:
        read(tmp_path, data)
    assert word in str(error.value)


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 2000), st.text(max_size=5), st.integers(0, 2000))
def test_broken_text_is_refused(tmp_path_factory: pytest.TempPathFactory, cut: int, junk: str, at: int) -> None:
    text = json.dumps(loop())
    text = text[:at] + junk + text[at:]
    try:
        solve(read(tmp_path_factory.getbasetemp(), text[:cut] if cut % 2 else text))
    except GigasiteError:
        return


@pytest.mark.parametrize("text", ['{"a": NaN}', "[1]", "", "1e999", "[" * 100000])
def test_text_that_is_no_network(tmp_path: Path, text: str) -> None:
    with pytest.raises(GigasiteError):
        read(tmp_path, text)


def resistors(seed: int, side: int) -> Network:
    """A grid of pipes and valves alone, fed at one corner and drawn from at the other by held pressures."""
    net = grid(np.random.default_rng(seed), side, 0)
    fixed = np.r_[5e5, np.full(side * side - 2, np.nan), 1e5]
    zero = np.zeros(side * side)
    return replace(net, fixed_pa=fixed, demand_m3_per_s=zero, elevation_m=zero)


def through(net: Network) -> float:
    """Return what the first node feeds."""
    q = solve(net).flow_m3_per_s
    return float(q[net.start == 0].sum() - q[net.end == 0].sum())


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.integers(2, 7), st.integers(0, 10**6))
def test_a_wider_pipe_never_passes_less_and_a_shut_one_never_more(seed: int, side: int, which: int) -> None:
    net = resistors(seed, side)
    i = which % len(net.link_ids)
    wide, shut = net.diameter_m.copy(), net.open_.copy()
    wide[i], shut[i] = 1.5 * wide[i], False
    before = through(net)
    assert through(replace(net, diameter_m=wide)) >= before - 1e-7 * max(before, 1e-6)
    assert through(replace(net, open_=shut)) <= before + 1e-7 * max(before, 1e-6)
    assert solve(replace(net, open_=shut)).flow_m3_per_s[i] == 0.0


@pytest.mark.parametrize("seed", [2, 18, 40, 52])
def test_narrow_and_wide_pipes_under_one_roof_are_solved(seed: int) -> None:
    """Bores of 5 mm to 3 m: rounding in wide pipes must not leak out of the balance of nodes."""
    rng = np.random.default_rng(seed)
    net = grid(rng, 14, 6)
    m = len(net.link_ids)
    pipe, pump = net.kind == 0, net.kind == PUMP

    def between(low: float, high: float) -> np.ndarray:
        return np.asarray(10 ** rng.uniform(np.log10(low), np.log10(high), m))

    net = replace(
        net, diameter_m=np.where(pump, 0, between(5e-3, 3)), length_m=np.where(pipe, between(0.1, 1e5), 0),
        loss_k=np.where(pump, 0, between(0.01, 1e6)), drop_pa_s2_per_m6=np.where(pump, between(1, 1e10), 0),
    )  # fmt: skip
    flow = solve(net)
    assert flow.residual_m3_per_s < 1e-7 * np.abs(flow.flow_m3_per_s).max()


def test_numbers_that_no_plant_has_are_told_where(tmp_path: Path) -> None:
    """A hair of a pipe that must carry a river: refused with the link and its speed, no overflow, no singular matrix."""
    data = loop()
    data["nodes"].append({"id": "river", "demand_m3_per_s": 5e4})
    data["pipes"].append(
        {"id": "hair", "from": "far", "to": "river", "length_m": 1e6, "diameter_m": 2e-5, "roughness_m": 0.0}
    )
    try:
        flow = solve(read(tmp_path, data))
    except SolverError as error:
        assert "hair" in str(error)
        assert "SI units" in str(error)
    else:
        assert np.isfinite(flow.flow_m3_per_s).all()
        assert flow.flow_m3_per_s[-2:].max() > 0
