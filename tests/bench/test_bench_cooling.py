"""Speed of pipes, years and transients in CPU seconds, beside EPANET and pandapipes in one run."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from gigasite.campus import load, reference
from gigasite.cooling import read_weather, simulate
from gigasite.cooling.hydraulics import prepare, solve
from gigasite.cooling.network import VALVE
from gigasite.cooling.plant_network import facility_loop
from gigasite.cooling.transient import Ask, trip
from gigasite.design import design

pytestmark = [pytest.mark.bench, pytest.mark.timeout(900)]
PEERS = Path(__file__).parents[1] / "peers"


def networks() -> ModuleType:
    spec = importlib.util.spec_from_file_location("peer_networks", PEERS / "networks.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def cpu(call: Any, repeats: int = 3) -> tuple[float, Any]:
    """Return the least CPU time of some calls, and what the last one gave."""
    best, out = np.inf, None
    for _ in range(repeats):
        begin = time.process_time()
        out = call()
        best = min(best, time.process_time() - begin)
    return best, out


def peer(root: Path, tmp_path: Path, script: str, *words: object) -> dict[str, Any] | None:
    python = Path(os.environ.get("GIGASITE_ANDES_PYTHON", root / ".venv-peer" / "bin" / "python"))
    if not python.exists():
        return None
    out = tmp_path / f"{script}.json"
    done = subprocess.run(
        [python, PEERS / script, *map(str, words), out], capture_output=True, text=True, timeout=600, check=False
    )
    return json.loads(out.read_text()) if done.returncode == 0 else None


@pytest.mark.parametrize("racks", [1_500, 10_000])
def test_headers_beside_both_peers(racks: int, root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = networks()
    net = made.headers(racks)
    whole, flow = cpu(lambda: solve(prepare(net)))
    prepared = prepare(net)
    cold, _ = cpu(lambda: solve(prepared))
    shut = net.open_.copy()
    shut[np.flatnonzero(net.kind == VALVE)[racks // 2]] = False
    changed = replace(prepared, network=replace(net, open_=shut))
    warm, _ = cpu(lambda: solve(changed, flow))
    path = tmp_path / "net.json"
    path.write_text(json.dumps(made.as_json(net)))
    epanet = peer(root, tmp_path, "epanet_run.py", path)
    pipes = peer(root, tmp_path, "pandapipes_run.py", racks)
    with capsys.disabled():
        print(f"\n{racks} racks: {whole:.3f} CPU s with its pattern, {cold:.3f} without, restart {warm:.3f}", end="")
        if epanet is not None:
            print(f"; EPANET {epanet['cpu_s']:.2f} ({epanet['cpu_s'] / whole:.0f} x)", end="")
        if pipes is not None:
            seconds = pipes["cpu_hydraulics_s"]
            print(f"; pandapipes {seconds:.2f} ({seconds / whole:.0f} x)", end="")
        print()
    assert flow.residual_m3_per_s < 1e-8


def test_memphis(shared: Path, capsys: pytest.CaptureFixture[str]) -> None:
    campus = load(reference("memphis"))
    made = design(campus)
    laid, loop = cpu(lambda: facility_loop(campus, made), 1)
    weather = read_weather(shared / "weather" / "USA_TN_Memphis.Intl.AP.723340_TMY3.epw")
    year, _ = cpu(lambda: simulate(campus, made, weather, 100e6), 2)
    trip(campus, made, loop, None, Ask(event="pump", duration_s=2.0, at_s=1.0))
    ten, run = cpu(lambda: trip(campus, made, loop, None, Ask(event="pump", ups=False)), 2)
    fine, _ = cpu(lambda: trip(campus, made, loop, None, Ask(event="pump", ups=False, dt_s=0.1)), 1)
    with capsys.disabled():
        print(f"\nmemphis: loop laid, sized and balanced {laid:.2f} CPU s; year by hour {year:.2f}")
        print(f"ten minutes of {len(loop.rack_link)} racks at 1 s {ten:.2f} CPU s, at 0.1 s {fine:.2f}")
    assert run.residual_frac < 1e-6
