"""Properties of coolants at 4 bar as fitted cubics, on whole arrays.

Fitted to CoolProp 8.0.0 (IAPWS-95 water; incompressible MPG and MEG, mass fraction 0.25), valid from 5 to 65 degC.
Worst relative errors are 4e-5 in density, 3e-4 in heat capacity and conductivity and 2e-3 in viscosity of water;
the glycols are cubics in CoolProp itself. A property library at run time would cost three seconds of import.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gigasite._core.registry import unknown

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

LOW_DEGC, HIGH_DEGC = 5.0, 65.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Fluid:
    """A coolant: coefficients of cubics in (T - 35 degC) / 30 K, lowest order first.

    Examples
    --------
    A rise of 10 K at 40 degC takes 1.497 L/min of PG25 for each kW, the OCP guidance's "about 1.5":

    >>> t = np.array(40.0)
    >>> pg25 = fluid("pg25")
    >>> round(float(60e6 / (pg25.density(t) * pg25.heat_capacity(t) * 10.0)), 3)
    1.497
    """

    name: str
    density_c: tuple[float, ...]
    heat_capacity_c: tuple[float, ...]
    ln_viscosity_c: tuple[float, ...]
    conductivity_c: tuple[float, ...]

    def density(self, t_degc: Floats) -> Floats:
        """Return density [kg/m3]."""
        return _cubic(self.density_c, t_degc)

    def heat_capacity(self, t_degc: Floats) -> Floats:
        """Return specific heat capacity [J/(kg K)]."""
        return _cubic(self.heat_capacity_c, t_degc)

    def viscosity(self, t_degc: Floats) -> Floats:
        """Return dynamic viscosity [Pa s]."""
        out: Floats = np.exp(_cubic(self.ln_viscosity_c, t_degc))
        return out

    def conductivity(self, t_degc: Floats) -> Floats:
        """Return thermal conductivity [W/(m K)]."""
        return _cubic(self.conductivity_c, t_degc)


def _cubic(c: tuple[float, ...], t_degc: Floats) -> Floats:
    x = (np.asarray(t_degc, np.float64) - 35.0) / 30.0
    out: Floats = c[0] + x * (c[1] + x * (c[2] + x * c[3]))
    return out


_KNOWN = {
    f.name: f
    for f in (
        Fluid(
            name="water",
            density_c=(994.1803, -10.33308, -3.746788, 0.611897),
            heat_capacity_c=(4178.113, -0.4297139, 16.1841, -7.937335),
            ln_viscosity_c=(-7.238191, -0.5983861, 0.1187589, -0.02848814),
            conductivity_c=(0.621919, 0.04216271, -0.009912555, 0.001674665),
        ),
        Fluid(
            name="pg25",
            density_c=(1012.479, -14.99614, -2.605606, 0.3873348),
            heat_capacity_c=(3956.671, 72.05248, -0.9856931, -0.5557708),
            ln_viscosity_c=(-6.474841, -0.8153132, 0.1968047, -0.03494811),
            conductivity_c=(0.4813892, 0.02681061, -0.000613794, -0.0001753804),
        ),
        Fluid(
            name="eg25",
            density_c=(1024.901, -13.64765, -2.64346, 0.1295048),
            heat_capacity_c=(3845.888, 69.48941, -1.992624, -0.4700544),
            ln_viscosity_c=(-6.661139, -0.7101981, 0.1489684, -0.01872459),
            conductivity_c=(0.5008308, 0.02902063, -0.001645735, -5.509439e-5),
        ),
    )
}


def fluid(name: str) -> Fluid:
    """Return a coolant by name: water, pg25 (25 % propylene glycol by mass), eg25 (ethylene glycol).

    Raises
    ------
    UnknownPartError
        With the names that there are.
    """
    if name not in _KNOWN:
        raise unknown("coolant", name, _KNOWN)
    return _KNOWN[name]
