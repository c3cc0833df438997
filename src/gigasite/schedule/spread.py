"""Durations that are not certain: three points and a shape become a table of hours over the normal quantile.

Over the quantile z of a standard normal (not over the probability) every shape is smooth, so that a table of
`STEPS` straight pieces is within a ten-thousandth of the span, and beyond its high value of the value itself.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import betaincinv, ndtr, ndtri

from gigasite.schedule.risk_kernels import LUCKS, STEPS, Z_MOST

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Reals = NDArray[np.float32]

SHAPES = ("triangular", "pert", "lognormal")
Z_HIGH = 1.6448536269514722  # the high value of a lognormal is its 95th percentile
LEAST_MODE = 0.05  # of the span: a lognormal's mode lies above its floor; one at the floor has no shape
PLACES = 4  # digits of the mode's place within the span, so that equal rates share a table


def unit(shape: str, place: float, z: Floats) -> Floats:
    """Return the quantile at standard normal `z`, of a duration between low = 0 and high = 1 with its mode at `place`.

    Parameters
    ----------
    shape
        `triangular`; `pert`: a beta of weight 4 between low and high (Malcolm et al., Operations Research 7, 1959);
        `lognormal`: floor at low, mode at `place`, 95th percentile at high, and a tail beyond it.
    place
        0 to 1.
    z
        Any shape.

    Examples
    --------
    >>> [round(float(x), 3) for x in unit("triangular", 0.25, np.array([-9.0, 0.0, 9.0]))]
    [0.0, 0.388, 1.0]
    """
    if shape == "pert":
        out: Floats = betaincinv(1.0 + 4.0 * place, 5.0 - 4.0 * place, ndtr(z))
        return out
    if shape == "lognormal":
        mode = max(place, LEAST_MODE)
        # ln mode = mu - s^2 and 0 = mu + Z_HIGH s
        s = 0.5 * (np.sqrt(Z_HIGH**2 - 4.0 * np.log(mode)) - Z_HIGH)
        grown: Floats = np.exp(s * (z - Z_HIGH))
        return grown
    below = np.sqrt(ndtr(z) * place)
    above = 1.0 - np.sqrt(ndtr(-z) * (1.0 - place))
    both: Floats = np.where(ndtr(z) < place, below, above)
    return both


def tables(shapes: Sequence[str], three: Floats) -> tuple[NDArray[np.int32], Reals]:
    """Return which table each row of `three` (n, 3) low, likely, high takes, and the tables (t, STEPS + 1)."""
    span = three[:, 2] - three[:, 0]
    place = np.round((three[:, 1] - three[:, 0]) / np.where(span > 0, span, 1.0), PLACES)
    kind = np.array([SHAPES.index(s) for s in shapes], dtype=np.float64)
    which, number = np.unique(np.column_stack([kind, place]), axis=0, return_inverse=True)
    z = np.linspace(-Z_MOST, Z_MOST, STEPS + 1)
    made = [unit(SHAPES[int(k)], float(p), z) for k, p in which]
    return number.reshape(-1).astype(np.int32), np.array(made, dtype=np.float32).reshape(-1, STEPS + 1)


@cache
def normal() -> Reals:
    """Return `LUCKS` equally likely values of a standard normal: the middles of as many slices of probability."""
    out: Reals = ndtri((np.arange(LUCKS) + 0.5) / LUCKS).astype(np.float32)
    out.flags.writeable = False
    return out
