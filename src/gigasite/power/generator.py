"""GENROU: its settings, and its state of rest for a given terminal voltage and power.

References
----------
PSS/E GENROU; conventions and start as in ANDES 2.0.0 (after OpenIPSL), stator equations without speed.
"""

from __future__ import annotations

import cmath
import math
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from gigasite._core.errors import InfeasibleError
from gigasite.power import columns as c
from gigasite.power import sexs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from gigasite.power.types import Machines

# The project's reference island: a two-pole machine of 25 MVA. Salient-pole sets of engines differ (x'q = xq):
# estimate.
DEFAULTS = {
    "xd": 2.0,
    "xq": 1.9,
    "xd1": 0.25,
    "xq1": 0.45,
    "xd2": 0.18,
    "xl": 0.12,
    "ra": 0.003,
    "Td10": 6.0,
    "Tq10": 0.6,
    "Td20": 0.035,
    "Tq20": 0.05,
    "S10": 0.1,
    "S12": 0.4,
    "D": 0.0,
}
POSITIVE = ("xd", "xq", "xd1", "xq1", "xd2", "xl", "Td10", "Tq10", "Td20", "Tq20")


def settings_of(m: Machines) -> tuple[dict[str, float], dict[str, float]]:
    """Return all settings of generator and exciter.

    Raises
    ------
    InfeasibleError
        An unknown setting, or one that cannot be.
    """
    wrong = wrong_settings(m)
    if wrong:
        raise InfeasibleError(f"{m.title}: {'; '.join(f'{where}: {message}' for where, message in wrong)}")
    return dict(DEFAULTS) | dict(m.generator), dict(sexs.DEFAULTS) | dict(m.exciter)


def wrong_settings(m: Machines) -> list[tuple[str, str]]:
    """Return every setting that cannot be: its chapter (generator, exciter, transformer_x_pu) and what is wrong."""
    generator = dict(DEFAULTS) | dict(m.generator)
    out = [("generator", message) for message in _wrong(DEFAULTS, m.generator, POSITIVE)]
    out += [("exciter", message) for message in _wrong(sexs.DEFAULTS, m.exciter, sexs.POSITIVE)]
    exciter = dict(sexs.DEFAULTS) | dict(m.exciter)
    if not exciter["EMIN"] < exciter["EMAX"]:
        out.append(("exciter", f"EMIN ({exciter['EMIN']:g}) must be below EMAX ({exciter['EMAX']:g})"))
    for low, high in pairwise(("xl", "xd2", "xd1", "xd")):
        if not generator[low] < generator[high]:
            out.append(("generator", f"{low} ({generator[low]:g}) must be below {high} ({generator[high]:g})"))
    if not generator["xd2"] < generator["xq1"] < generator["xq"]:
        out.append(("generator", "needs xd2 < xq1 < xq (xq2 is xd2)"))
    s10, s12 = generator["S10"], generator["S12"]
    if not 0.0 <= s10 <= s12:
        out.append(("generator", f"needs 0 <= S10 <= S12: saturation grows with flux; found {s10:g} and {s12:g}"))
    if not (m.transformer_x_pu > 0.0 and m.transformer_r_pu >= 0.0):
        out.append(("transformer_x_pu", "the transformer's reactance must be above 0"))
    return out


def _wrong(defaults: Mapping[str, float], given: Mapping[str, float], positive: tuple[str, ...]) -> list[str]:
    out = []
    unknown = sorted(set(given) - set(defaults))
    if unknown:
        out.append(f"no setting {', '.join(unknown)}; known: {', '.join(defaults)}")
    bad = [k for k in positive if not given.get(k, 1.0) > 0.0] + [k for k, v in given.items() if not math.isfinite(v)]
    if bad:
        out.append(f"{', '.join(dict.fromkeys(bad))} must be above 0")
    return out


def saturation(s10: float, s12: float) -> tuple[float, float]:
    """Return A and B of S(psi) = B (psi - A)^2 / psi through S(1.0) and S(1.2); no saturation for S(1.0) = 0.

    >>> a, b = saturation(0.1, 0.4)
    >>> round(b * (1.2 - a) ** 2 / 1.2, 9)
    0.4
    """
    if s10 <= 0.0 or s12 <= 0.0:
        return 1.0, 0.0
    root = math.sqrt(s10 / (1.2 * s12))
    return 1.2 - 0.2 / (1.0 - root), 1.2 * s12 * (1.0 - root) ** 2 / 0.04


def row_of(m: Machines) -> NDArray[np.float64]:
    """Return the settings as the kernels take them; VREF is set at the start."""
    p, e = settings_of(m)
    a, b = saturation(p["S10"], p["S12"])
    z = complex(m.transformer_r_pu + p["ra"], m.transformer_x_pu + p["xd2"])
    wide_d, wide_q = p["xd1"] - p["xl"], p["xq1"] - p["xl"]
    values = {
        c.Y_RE: (1 / z).real,
        c.Y_IM: (1 / z).imag,
        c.ZT_RE: m.transformer_r_pu,
        c.ZT_IM: m.transformer_x_pu,
        c.PER_2H: 0.5 / m.inertia_s,
        c.DAMPING: p["D"],
        c.XD_XD1: p["xd"] - p["xd1"],
        c.XQ_XQ1: p["xq"] - p["xq1"],
        c.GD1: (p["xd2"] - p["xl"]) / wide_d,
        c.GQ1: (p["xd2"] - p["xl"]) / wide_q,
        c.GD2: (p["xd1"] - p["xd2"]) / wide_d**2,
        c.GQ2: (p["xq1"] - p["xd2"]) / wide_q**2,
        c.XD1_XL: wide_d,
        c.XQ1_XL: wide_q,
        c.GQD: (p["xq"] - p["xl"]) / (p["xd"] - p["xl"]),
        c.PER_TD1: 1 / p["Td10"],
        c.PER_TQ1: 1 / p["Tq10"],
        c.PER_TD2: 1 / p["Td20"],
        c.PER_TQ2: 1 / p["Tq20"],
        c.SAT_A: a,
        c.SAT_B: b,
        c.LEAD_SHARE: e["TATB"],
        c.PER_TB: 1 / e["TB"],
        c.GAIN: e["K"],
        c.PER_TE: 1 / e["TE"],
        c.EMIN: e["EMIN"],
        c.EMAX: e["EMAX"],
    }
    out = np.zeros(c.MACHINE)
    for column, value in values.items():
        out[column] = value
    return out


def at_rest(m: Machines, terminal: complex, power: complex) -> tuple[NDArray[np.float64], float, float]:
    """Return the first eight states, Vref and the torque of a machine at rest.

    Parameters
    ----------
    m
        The machines.
    terminal
        Voltage at their terminals [pu].
    power
        P + jQ that they give there [pu of their own base].

    Raises
    ------
    InfeasibleError
        The exciter cannot give the field that this takes.
    """
    p, e = settings_of(m)
    a, b = saturation(p["S10"], p["S12"])
    current = (power / terminal).conjugate()
    flux = terminal + complex(p["ra"], p["xd2"]) * current
    size = abs(flux)
    s = b * (size - a) ** 2 / size if size > a else 0.0
    gqd = (p["xq"] - p["xl"]) / (p["xd"] - p["xl"])
    between = cmath.phase(flux) - (cmath.phase(current) if abs(current) > 0 else 0.0)
    across = abs(current) * (p["xd2"] - p["xq"])
    delta = math.atan(across * math.cos(between) / (across * math.sin(between) - size * (1 + s * gqd)))
    delta += cmath.phase(flux)
    turn = complex(math.cos(delta), -math.sin(delta))
    i_d, i_q = -(current * turn).imag, (current * turn).real
    psi_d, psi_q = (flux * turn).real, -(flux * turn).imag
    field = (s + 1) * psi_d + (p["xd"] - p["xd2"]) * i_d
    if not e["EMIN"] <= field <= e["EMAX"]:
        raise InfeasibleError(
            f"{m.title}: needs a field of {field:.2f} pu at the start; its exciter gives {e['EMIN']:g} to {e['EMAX']:g}"
        )
    x = np.zeros(c.GOV)
    x[c.DELTA] = delta
    x[c.E1Q] = i_d * (p["xd1"] - p["xd"]) - s * psi_d + field
    x[c.E1D] = i_q * (p["xq"] - p["xq1"]) - s * gqd * psi_q
    x[c.E2D] = i_d * (p["xl"] - p["xd"]) - s * psi_d + field
    x[c.E2Q] = i_q * (p["xq"] - p["xl"]) - s * gqd * psi_q
    x[c.LEAD], x[c.EFD] = field / e["K"], field
    return x, abs(terminal) + field / e["K"], psi_d * i_q + psi_q * i_d
