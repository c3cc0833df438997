from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from gigasite._core.errors import InfeasibleError
from gigasite.training import kernels
from gigasite.training.types import LoadTrace


def square(sigma_s: float, *, half_s: float = 0.5, count: int = 60) -> LoadTrace:
    at = half_s * np.arange(1, count + 1)
    return LoadTrace(
        kind="edges",
        at_s=at,
        power_w=np.where(np.arange(count) % 2 == 0, 140e6, 60e6),
        before_w=60e6,
        edge_s=sigma_s,
        duration_s=half_s * (count + 1),
        resolution_s=sigma_s,
        source="test",
        gpus=1,
        phases=(),
        step=None,
    )


def samples() -> LoadTrace:
    trace = square(0.0, count=4)
    return replace(trace, kind="samples", power_w=np.array([1.0, 3.0, 2.0, 2.0]))


@given(sigma_s=st.floats(0.01, 0.08), k=st.sampled_from([1, 3, 5]))
def test_jitter_lowers_harmonic_k_by_its_gaussian(sigma_s: float, k: int) -> None:
    """Harmonic k of a square of frequency f falls by exp(-(2 pi k f sigma)^2 / 2)."""
    power = square(sigma_s).render(5.0, 25.0, 1e-3)
    found = 2 * np.abs(np.fft.rfft(power)[20 * k]) / len(power)
    law = 4 * 40e6 / (np.pi * k) * np.exp(-((2 * np.pi * k * sigma_s) ** 2) / 2)
    assert found == pytest.approx(law, rel=1e-4, abs=1.0)


def test_sharp_edges_are_sharp() -> None:
    power = square(0.0).render(0.25, 2.0, 0.5)
    assert power.tolist() == [60e6, 140e6, 60e6, 140e6]
    assert square(0.0).render(0.5, 0.6, 0.1)[0] == 140e6  # the edge's own moment is the new level


@given(
    chunk_s=st.floats(0.02, 40.0),
    dt_s=st.sampled_from([0.001, 0.01, 0.1]),
    sigma_s=st.sampled_from([0.0, 0.05, 0.5]),
)
def test_chunks_join_without_a_seam(chunk_s: float, dt_s: float, sigma_s: float) -> None:
    trace = square(sigma_s, half_s=0.5123)
    pieces = np.concatenate(list(trace.chunks(chunk_s, dt_s)))
    whole = trace.render(0.0, (len(pieces) - 0.5) * dt_s, dt_s)
    assert len(pieces) == int(trace.duration_s / dt_s + 1e-6)
    if sigma_s:
        np.testing.assert_allclose(pieces, whole, rtol=1e-12)
    else:  # a sharp edge that falls on a sample may be seen from either side
        assert np.count_nonzero(pieces != whole) <= len(trace.at_s) // 10


def test_a_window_equals_the_same_part_of_the_whole() -> None:
    trace = square(0.05)
    whole = trace.render(0.0, 20.0, 0.01)
    np.testing.assert_allclose(trace.render(7.0, 9.0, 0.01), whole[700:900], rtol=1e-12)


def test_many_overlapping_edges_are_the_sum_of_all() -> None:
    trace = replace(square(2.0, half_s=0.05), duration_s=60.0)
    t = 0.1 * np.arange(600)
    steps = np.diff(trace.power_w, prepend=trace.before_w)
    law = trace.before_w + norm.cdf((t[:, None] - trace.at_s) / 2.0) @ steps
    power = trace.render(0.0, 60.0, 0.1)
    np.testing.assert_allclose(power, law, rtol=1e-9)
    assert power[-1] == trace.power_w[-1]


def test_samples_are_joined_by_lines_and_held_at_the_ends() -> None:
    power = samples().render(0.0, 3.0, 0.25)
    assert power[:5].tolist() == [1.0, 1.0, 1.0, 2.0, 3.0]
    assert power[-1] == 2.0


@pytest.mark.parametrize(("stop_s", "dt_s"), [(1.0, 0.0), (1.0, -1.0), (np.nan, 0.1), (1e9, 1e-3)])
def test_windows_that_cannot_be_drawn_are_refused(stop_s: float, dt_s: float) -> None:
    with pytest.raises(InfeasibleError):
        square(0.05).render(0.0, stop_s, dt_s)


def test_an_empty_window_is_empty() -> None:
    assert len(square(0.05).render(3.0, 3.0, 0.1)) == 0


def test_kernel_is_the_same_as_plain_python() -> None:
    trace = square(0.05)
    given_ = ((0.0, 0.01, 300), trace.at_s, trace.power_w, trace.before_w, trace.edge_s)
    plain = kernels.spread_edges.py_func(*given_)  # type: ignore[attr-defined]  # numba's
    np.testing.assert_allclose(kernels.spread_edges(*given_), plain, rtol=1e-14)
    kernels.warm()
