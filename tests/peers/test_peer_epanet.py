"""EPANET 2.2 (through WNTR) and pandapipes on the same networks: the reference loop and ones that are generated."""

from __future__ import annotations

import importlib.util
import json
import math
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from gigasite.cooling.heat import temperatures
from gigasite.cooling.hydraulics import solve
from gigasite.cooling.network import PUMP, VALVE, Network
from gigasite.cooling.network_file import read_network

pytestmark = pytest.mark.peer
HERE = Path(__file__).parent


def beside(name: str) -> ModuleType:
    """Import a file of another test folder by its path."""
    spec = importlib.util.spec_from_file_location(f"beside_{Path(name).stem}", HERE / name)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


networks = beside("networks.py")
units = beside("../unit/cooling/test_network.py")


def peer(python: Path, script: str, *words: object) -> Any:
    out = Path(str(words[-1]))
    done = subprocess.run(
        [python, HERE / script, *map(str, words)], capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(out.read_text())


def compared(path: Path, python: Path, tmp_path: Path) -> tuple[float, float]:
    """Return the largest relative difference of a flow and of a pressure, as the tolerance defines them."""
    net = read_network(path)
    mine, theirs = solve(net), peer(python, "epanet_run.py", path, tmp_path / "epanet.json")
    q = np.array([theirs["flow_m3_per_s"][i] for i in net.link_ids])
    p = np.array([theirs["pressure_pa"][i] for i in net.node_ids])
    floor = 1e-5 * np.abs(q).max()
    head = mine.pressure_pa + 9.80665 * net.density_kg_per_m3 * net.elevation_m
    still = np.abs(head[net.start] - head[net.end]) < 0.1  # EPANET iterates no further: some 1e-8 m3/s in dead ends
    known = ~np.isnan(mine.pressure_pa)
    return (
        float((np.abs(mine.flow_m3_per_s - q) / np.maximum(np.abs(q), floor))[~still].max()),
        float(np.abs(mine.pressure_pa - p)[known].max() / np.ptp(p[known])),
    )


def test_reference_loop(shared: Path, water_python: Path, tmp_path: Path) -> None:
    flow, pressure = compared(shared / "cooling" / "loop-50-racks.json", water_python, tmp_path)
    assert flow < 2e-4
    assert pressure < 2e-4


@pytest.mark.parametrize(("racks", "piping"), [(60, "direct"), (60, "reverse"), (400, "direct")])
def test_headers(racks: int, piping: str, water_python: Path, tmp_path: Path) -> None:
    path = tmp_path / "net.json"
    path.write_text(json.dumps(networks.as_json(networks.headers(racks, reverse=piping == "reverse"))))
    flow, pressure = compared(path, water_python, tmp_path)
    assert flow < 1e-3
    assert pressure < 1e-3


@pytest.mark.parametrize("seed", range(6))
def test_grids(seed: int, water_python: Path, tmp_path: Path) -> None:
    """Any pipes, slopes and demands; flows in the cubic between laminar and turbulent come along."""
    net = units.grid(np.random.default_rng(seed), 7, 0)
    rough = np.where(net.kind == 0, np.maximum(net.roughness_m, 1e-8), 0.0)  # WNTR refuses smooth pipes
    whole = replace(net, open_=np.ones(len(net.open_), bool), roughness_m=rough)
    path = tmp_path / "net.json"
    path.write_text(json.dumps(networks.as_json(whole)))
    flow, pressure = compared(path, water_python, tmp_path)
    assert flow < 1e-3
    assert pressure < 1e-3


def test_exchanger_loop_of_pandapipes(water_python: Path, tmp_path: Path) -> None:
    """85 kW into 2.847 kg/s: + 7.14 K there and here."""
    found = peer(water_python, "pandapipes_run.py", 1, tmp_path / "out.json")
    mine = twin(found, 1)
    assert found["return_k"] == pytest.approx(310.2915, rel=1e-5)
    assert mine[1][0] + 273.15 == pytest.approx(found["outlet_k"][0], abs=1e-3 * 7.14)


def test_rows_of_exchangers(water_python: Path, tmp_path: Path) -> None:
    found = peer(water_python, "pandapipes_run.py", 60, tmp_path / "out.json")
    flow, outlet = twin(found, 60)
    assert flow * found["density_kg_per_m3"] == pytest.approx(np.array(found["mass_flow_kg_per_s"]), rel=1e-3)
    assert outlet + 273.15 == pytest.approx(np.array(found["outlet_k"]), abs=1e-3 * 7.14)


def twin(found: dict[str, Any], racks: int) -> tuple[np.ndarray, np.ndarray]:
    """Return flows [m3/s] and outlet temperatures [degC] of the same network here."""
    rows, density = -(-racks // 20), found["density_kg_per_m3"]
    total = 2.847 * racks / density
    mains = [np.arange(rows + 1) + side * (rows + 1) for side in (0, 1)]
    nodes = [2 * (rows + 1) + np.arange(racks) + side * racks for side in (0, 1)]
    start, end, wide = [], [], []
    for main, node in zip(mains, nodes, strict=True):
        first = np.arange(racks) % 20 == 0
        before = np.where(first, main[np.arange(racks) // 20 + 1], np.r_[0, node[:-1]])
        start += [main[:-1], before]
        end += [main[1:], node]
        wide += [np.full(rows, found["main_diameter_m"]), np.full(racks, 0.26)]
    pipes = 2 * (rows + racks)
    n, m, zero = 2 * (rows + 1 + racks), pipes + racks, np.zeros(racks)
    net = Network(
        name="twin",
        density_kg_per_m3=density,
        viscosity_pa_s=found["viscosity_pa_s"],
        node_ids=tuple(map(str, range(n))),
        link_ids=tuple(map(str, range(m))),
        elevation_m=np.zeros(n),
        demand_m3_per_s=np.r_[-total, np.zeros(n - 1)],
        fixed_pa=np.where(np.arange(n) == rows + 1, 4e5, math.nan),
        kind=np.r_[np.zeros(pipes), np.full(racks, VALVE)].astype(np.int8),
        start=np.concatenate([*start, nodes[0]]),
        end=np.concatenate([*end, nodes[1]]),
        length_m=np.r_[np.full(pipes, 2.0), zero],
        diameter_m=np.concatenate([*wide, np.full(racks, 0.05)]),
        roughness_m=np.r_[np.full(pipes, 4.5e-5), zero],
        loss_k=np.r_[np.zeros(pipes), np.full(racks, 40.0)],
        shutoff_pa=np.zeros(m),
        drop_pa_s2_per_m6=np.zeros(m),
        speed_frac=np.ones(m),
        open_=np.ones(m, bool),
    )
    assert (net.kind != PUMP).all()
    flow = solve(net)
    inlet = np.where(np.arange(n) == 0, 30.0, math.nan)
    heat = np.r_[np.zeros(pipes), np.full(racks, 85e3)]
    warm = temperatures(net, flow, heat, inlet, found["heat_capacity_j_per_kg_k"])
    assert warm.node_degc[rows + 1] + 273.15 == pytest.approx(found["return_k"], abs=1e-3 * 7.14)
    assert warm.residual_w < 1e-6 * 85e3
    return flow.flow_m3_per_s[-racks:], warm.outlet_degc[-racks:]
