from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from gigasite.power.move_kernels import largest_moves


@given(values=st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=60), window=st.integers(1, 70))
def test_one_pass_is_the_same_as_all_pairs(values: list[float], window: int) -> None:
    x = np.array(values)
    pairs = [x[j] - x[i] for i in range(len(x)) for j in range(i, min(i + window, len(x) - 1) + 1)]
    for how in (largest_moves, largest_moves.py_func):  # type: ignore[attr-defined]  # numba's
        assert how(x, window) == (max(0.0, *pairs, 0.0), max(0.0, -min(pairs)))
