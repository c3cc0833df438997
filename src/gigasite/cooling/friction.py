"""Friction in round pipes, laminar to turbulent, and its slope, on whole arrays.

Laminar (Re < 2000) is Hagen-Poiseuille, turbulent (Re > 4000) Swamee and Jain's approximation of Colebrook-White;
between them Dunlop's cubic joins value and slope, as EPANET 2 does (EPANET 2 Users Manual, appendix D, table D.2).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

LAMINAR, TURBULENT = 2000.0, 4000.0  # Reynolds numbers
_FIRST = 5.74  # Swamee and Jain
_EXPONENT = 0.9
_LN10 = np.log(10.0)


def friction_factor(reynolds: Floats, relative_roughness: Floats) -> tuple[Floats, Floats]:
    """Return Darcy's friction factor and its derivative by the Reynolds number.

    Parameters
    ----------
    reynolds
        Above 0 (n,).
    relative_roughness
        Absolute roughness over inner diameter (n,).

    Examples
    --------
    >>> f, slope = friction_factor(np.array([1000.0, 1e5]), np.array([0.0, 1e-4]))
    >>> f.round(5).tolist(), slope.round(8).tolist()
    ([0.064, 0.01845], [-6.4e-05, -3e-08])
    """
    f = 64.0 / reynolds
    slope = -f / reynolds
    rough = reynolds >= TURBULENT
    f[rough], slope[rough] = _swamee_jain(reynolds[rough], relative_roughness[rough])
    mid = (reynolds >= LAMINAR) & ~rough
    f[mid], slope[mid] = _dunlop(reynolds[mid], relative_roughness[mid])
    return f, slope


def _swamee_jain(reynolds: Floats, e: Floats) -> tuple[Floats, Floats]:
    power = _FIRST * np.exp(-_EXPONENT * np.log(reynolds))  # a third of the time of a power
    inside = e / 3.7 + power
    log = np.log10(inside)
    f = 0.25 / log**2
    slope = -0.5 / log**3 * (-_EXPONENT * power / reynolds) / (inside * _LN10)
    return f, slope


def _dunlop(reynolds: Floats, e: Floats) -> tuple[Floats, Floats]:
    """Return the cubic in Re/2000 that has the values and slopes of both sides at its ends."""
    y2 = e / 3.7 + _FIRST / TURBULENT**_EXPONENT
    y3 = -2.0 / _LN10 * np.log(y2)
    fa = y3**-2
    fb = fa * (2.0 - 0.00514215 / (y2 * y3))
    x1, x2 = 7.0 * fa - fb, 0.128 - 17.0 * fa + 2.5 * fb
    x3, x4 = -0.128 + 13.0 * fa - 2.0 * fb, 0.032 - 3.0 * fa + 0.5 * fb
    r = reynolds / LAMINAR
    f = x1 + r * (x2 + r * (x3 + r * x4))
    slope = (x2 + r * (2.0 * x3 + 3.0 * r * x4)) / LAMINAR
    return f, slope
