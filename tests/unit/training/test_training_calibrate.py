from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from gigasite.training import LoadTrace, calibrate, read_trace

if TYPE_CHECKING:
    from pathlib import Path

    from gigasite.campus.schema import Campus
    from gigasite.design.types import Design


def test_levels_of_a_known_trace() -> None:
    at = np.arange(0.0, 100.0, 0.1)
    each = np.where((at % 10) < 8, 560.0, 160.0)
    each[(at < 10) | (at >= 90)] = 70.0
    trace = LoadTrace(
        kind="samples",
        at_s=at,
        power_w=8 * each,
        before_w=560.0,
        edge_s=0.0,
        duration_s=float(at[-1]),
        resolution_s=0.1,
        source="test",
        gpus=8,
        phases=(),
        step=None,
    )
    found = calibrate(trace)
    assert (found.idle_w, found.wait_w) == (pytest.approx(70), pytest.approx(160))
    assert (found.compute_w, found.highest_w) == (pytest.approx(560), pytest.approx(560))
    assert found.dips == 8
    assert found.plateau_frac == pytest.approx(0.8, abs=0.02)
    assert found.rise_w_per_s == pytest.approx(490, rel=0.01)


# Statistics of the same files, worked out beside them (SOURCES.md): idle, p5, p95 and highest.
KNOWN = {
    "ckpt1": (72, 148, 193, 261),
    "ckpt50": (75, 152, 560, 582),
    "ckpt500": (74, 75, 570, 594),
}


@pytest.mark.parametrize("name", KNOWN)
def test_measured_levels_of_eight_h100(shared: Path, name: str) -> None:
    trace = read_trace(shared / "power" / "h100_traces" / f"{name}.csv.gz")
    found = calibrate(trace)
    levels = (found.idle_w, found.wait_w, found.compute_w, found.highest_w)
    assert trace.gpus == 8
    assert trace.duration_s == pytest.approx(697, abs=3)
    np.testing.assert_allclose(levels, KNOWN[name], atol=2.5)


def test_defaults_stay_near_the_measured_levels(shared: Path, lab: tuple[Campus, Design]) -> None:
    """H100 defaults for idle and waiting are the measured ones; the plateau is within 5 %."""
    campus, _ = lab
    found = calibrate(read_trace(shared / "power" / "h100_traces" / "ckpt50.csv.gz"))
    gpu = campus.catalogue.gpus["h100-sxm"]
    t = campus.training
    assert gpu.idle_w == pytest.approx(found.idle_w, rel=0.05)
    assert t.wait_tdp_frac * gpu.tdp_w == pytest.approx(found.wait_w, rel=0.05)
    assert t.compute_tdp_frac * gpu.tdp_w == pytest.approx(found.compute_w, rel=0.05)
