"""ANDES itself on cases that this project writes: the same plant, the same steps, two programs."""

from __future__ import annotations

import fcntl
import os
import subprocess
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

from gigasite.power.case import Bench, read_bench
from gigasite.show.cli import app

pytestmark = pytest.mark.peer

TWO_KINDS = """
case: two-kinds
machines:
  - {title: a, count: 1, rating: 40 MW, apparent: 45 MVA, inertia: 4 s, governor: {kind: gast}}
  - {title: b, count: 1, rating: 20 MW, apparent: 25 MVA, inertia: 1.5 s, power: 10 MW, voltage_pu: 1.01,
     governor: {kind: tgov1, T2: 0.2, T3: 1.0},
     generator: {xd: 1.8, xq: 1.7, xd1: 0.3, xq1: 0.55, xd2: 0.25, xl: 0.15, H: 1}}
load: {kind: steps, before: 30 MW, at: [1 s, 5 s], power: [34 MW, 26 MW]}
run: {duration: 9 s}
""".replace(", H: 1", "")

STEAM = """
case: steam
machines:
  - {title: a, count: 2, rating: 40 MW, apparent: 45 MVA, inertia: 4 s, governor: {kind: ieeeg1}}
load: {kind: steps, before: 40 MW, at: [1 s, 5 s], power: [50 MW, 30 MW]}
run: {duration: 12 s}
"""

HYDRO = """
case: hydro
machines:
  - {title: a, count: 1, rating: 90 MW, apparent: 100 MVA, inertia: 4 s, governor: {kind: hygov}}
load: {kind: steps, before: 40 MW, at: [1 s, 5 s], power: [41 MW, 39 MW]}
run: {duration: 9 s}
"""

FORMING = """
case: grid-forming
machines:
  - {title: a, count: 2, rating: 50 MW, apparent: 50 MVA, inertia: 2 s, governor: {kind: gast},
     transformer_x_pu: 0.0667, transformer_r_pu: 0.00417}
battery:
  rating: 50 MW
  energy: 100 MWh
  inverter: {kind: regfm-a1, mp: 0.05, mq: 0.05, kiv: 200}
  apparent: 50 MVA
load: {kind: steps, before: 60 MW, at: [1 s, 6 s], power: [75 MW, 50 MW]}
run: {duration: 12 s}
"""
INNER = FORMING.replace("kind: regfm-a1, mp: 0.05, mq: 0.05, kiv: 200", "kind: regf1").replace(
    "duration: 12 s", "duration: 8 s, step: 0.5 ms"
)
LARGE = INNER.replace("75 MW, 50 MW", "95 MW, 30 MW").replace("apparent: 50 MVA\nload", "apparent: 60 MVA\nload")


TRIPS = """
case: trips
machines:
  - {title: a, count: 3, rating: 20 MW, apparent: 25 MVA, inertia: 2 s, governor: {kind: gast}}
  - {title: b, count: 1, rating: 20 MW, apparent: 25 MVA, inertia: 3 s, governor: {kind: tgov1}}
load: {kind: steps, before: 40 MW, at: [1 s], power: [42 MW]}
run: {duration: 8 s}
events: [{at: 2 s, kind: trip-machines, where: a}, {at: 4.0013 s, kind: trip-machines, where: a}]
"""


def ran(command: list[str | Path], home: Path) -> subprocess.CompletedProcess[str]:
    """Run ANDES; the first run of all, which writes its compiled models into `home`, has `home` for itself."""
    written = home / "written"
    with (home / "lock").open("w") as lock:
        if not written.exists():
            fcntl.flock(lock, fcntl.LOCK_EX)
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=400, check=False, env=os.environ | {"HOME": str(home)}
        )
        written.touch()
    return done


def both(text: str, folder: Path, python: Path, home: Path) -> tuple[Bench, dict[str, np.ndarray]]:
    """Read the case, let ANDES run what `gigasite power andes` writes, and return its samples."""
    (folder / "case.yaml").write_text(text, encoding="utf-8")
    bench = read_bench(folder / "case.yaml")
    made = CliRunner().invoke(app, ["power", "andes", str(folder / "case.yaml"), "--out", str(folder / "x.json")])
    assert made.exit_code == 0, made.output
    done = ran([python, folder / "x.py"], home)
    assert done.returncode == 0, done.stderr[-2000:]
    table = pl.read_csv(folder / "x.csv")
    return bench, {name: table[name].to_numpy() for name in table.columns}


@pytest.mark.parametrize(
    ("text", "bar_mhz", "bar_pu"),
    [
        (TWO_KINDS, 1.0, 1e-3),
        (STEAM, 1.0, 1e-3),
        (HYDRO, 1.0, 1e-3),
        (TRIPS, 3.0, 1e-3),
        (INNER, 2.0, 1e-2),
        (LARGE, 3.0, 2e-2),
        (FORMING, 10.0, 2e-2),
    ],
    ids=["two-kinds", "steam", "hydro", "trips", "inner-loops", "inner-loops-large", "grid-forming"],
)
def test_same_frequency_and_voltage(
    tmp_path: Path, andes_python: Path, andes_home: Path, text: str, bar_mhz: float, bar_pu: float
) -> None:
    """3 mHz is asked for, 10 mHz with a grid-forming battery (its inner loops as `regf1` has them; REGFM_A1 leaves
    them out, so that its voltage settles otherwise)."""
    bench, known = both(text, tmp_path, andes_python, andes_home)
    swing = bench.run(figures=False)
    t = swing.dt_s * np.arange(len(swing.frequency_hz))
    frequency = np.interp(known["t_s"], t, swing.frequency_hz)
    assert 1e3 * np.abs(frequency - known["frequency_hz"]).max() < bar_mhz
    assert swing.voltage_pu is not None
    off = np.abs(np.interp(known["t_s"], t, swing.voltage_pu) - known["voltage_pu"])
    # at the jumps themselves voltage is one thing or the other
    jumps = np.array([*bench.load.at_s, *(e.time_s for e in bench.events)])
    calm = np.abs(known["t_s"][:, None] - jumps).min(axis=1) > 0.1
    assert off[calm].max() < bar_pu
    if bench.plant.battery is not None:
        assert swing.battery_w[-1] == pytest.approx(known["battery_w"][-1], rel=0.01)
