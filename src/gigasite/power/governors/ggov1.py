"""GGOV1: gas turbine or engine with PID governor, load limiter and acceleration limiter."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gigasite._core.kernel import tight
from gigasite.power.governor import VMAX, VMIN, Governor, R, governors, held, lag

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# fmt: off
(TPELEC, MAXERR, MINERR, KPGOV, KIGOV, KDGOV, TDGOV, TACT, KTURB, WFNL, TB, TC, FLAG, TFLOAD, KPLOAD, KILOAD, LDREF,
 DM, ROPEN, RCLOSE, ASET, KA, TA, TSA, TSB) = range(3, 28)
# fmt: on
PELEC, DERIVATIVE, INTEGRAL, VALVE, TURBINE, EXHAUST1, EXHAUST2, LOAD_INTEGRAL, SPEED = range(9)


@tight
def _fuel(p: NDArray[np.float64], dw: float, x: NDArray[np.float64]) -> float:
    """Return fuel flow: valve, times speed for a shaft-driven pump (Flag 1)."""
    out: float = x[VALVE] * (1.0 + dw) if p[FLAG] > 0.5 else x[VALVE]  # a switch
    return out


@tight
def torque(p: NDArray[np.float64], dw: float, x: NDArray[np.float64]) -> float:
    """Kturb (fuel - Wfnl) behind (1 + Tc s)/(1 + Tb s), less Dm dw."""
    power = p[KTURB] * (_fuel(p, dw, x) - p[WFNL])
    if p[TB] > 0.0:
        power = x[TURBINE] + p[TC] / p[TB] * (power - x[TURBINE])
    out: float = power - max(p[DM], 0.0) * dw
    return out


@tight
def rates(
    p: NDArray[np.float64], ref: float, dw: float, pe: float, x: NDArray[np.float64], dx: NDArray[np.float64]
) -> float:
    """Write dx/dt; `ref` is electrical power (Rselect 1)."""
    dx[PELEC] = (pe - x[PELEC]) / p[TPELEC]
    error = min(max(p[R] * (ref - x[PELEC]) - dw, p[MINERR]), p[MAXERR])
    dx[DERIVATIVE] = (error - x[DERIVATIVE]) / p[TDGOV]
    asked = p[KPGOV] * error + x[INTEGRAL] + p[KDGOV] * dx[DERIVATIVE]
    # load limiter on the exhaust temperature that the fuel will bring
    fuel = _fuel(p, dw, x)
    dx[EXHAUST1] = lag(fuel, x[EXHAUST1], p[TSB])
    lead = x[EXHAUST1] + p[TSA] / p[TSB] * (fuel - x[EXHAUST1]) if p[TSB] > 0.0 else fuel
    dx[EXHAUST2] = (lead - x[EXHAUST2]) / p[TFLOAD]
    over = p[LDREF] / p[KTURB] + p[WFNL] - x[EXHAUST2]
    load_limit = min(p[KPLOAD] * over + x[LOAD_INTEGRAL], 1.0)
    chosen = min(asked, load_limit, 1.0)
    # the integrals follow what was chosen, so that the other branch takes over without a bump
    dx[INTEGRAL] = p[KIGOV] / p[KPGOV] * (chosen - x[INTEGRAL])
    dx[LOAD_INTEGRAL] = held(p[KILOAD] * over, x[LOAD_INTEGRAL], -1.0, 1.0)
    # acceleration limiter as a limit of the valve's speed: Ka (Aset - a)
    acceleration = (dw - x[SPEED]) / p[TA]
    dx[SPEED] = acceleration
    speed = min((chosen - x[VALVE]) / p[TACT], p[KA] * (p[ASET] - acceleration))
    dx[VALVE] = held(min(max(speed, p[RCLOSE]), p[ROPEN]), x[VALVE], p[VMIN], p[VMAX])
    dx[TURBINE] = lag(p[KTURB] * (fuel - p[WFNL]), x[TURBINE], p[TB])
    return torque(p, dw, x)


@tight
def rest(p: NDArray[np.float64], torque_pu: float, pe: float, x: NDArray[np.float64]) -> float:
    """Fill the states of rest and return the set point."""
    valve = torque_pu / p[KTURB] + p[WFNL]
    x[PELEC] = pe
    x[DERIVATIVE] = x[SPEED] = 0.0
    x[INTEGRAL] = x[VALVE] = x[EXHAUST1] = x[EXHAUST2] = valve
    x[TURBINE] = torque_pu
    x[LOAD_INTEGRAL] = 1.0
    return pe


governors.part("ggov1")(
    Governor(
        title="gas turbine with PID, load and acceleration limiter (IEC GovCT1 = GGOV1, Rselect 1, Teng 0)",
        # Typical values of CIM GovCT1. The supervisory load controller (Kimw) is left out: secondary control is the
        # plant's.
        defaults={
            "R": 0.04,
            "VMAX": 1.0,
            "VMIN": 0.15,
            "Tpelec": 1.0,
            "maxerr": 0.05,
            "minerr": -0.05,
            "Kpgov": 10.0,
            "Kigov": 2.0,
            "Kdgov": 0.0,
            "Tdgov": 1.0,
            "Tact": 0.5,
            "Kturb": 1.5,
            "Wfnl": 0.2,
            "Tb": 0.5,
            "Tc": 0.0,
            "Flag": 1.0,
            "Tfload": 3.0,
            "Kpload": 2.0,
            "Kiload": 0.67,
            "Ldref": 1.0,
            "Dm": 0.0,
            "Ropen": 0.1,
            "Rclose": -0.1,
            "Aset": 0.01,
            "Ka": 10.0,
            "Ta": 0.1,
            "Tsa": 4.0,
            "Tsb": 5.0,
        },
        positive=("R", "Tpelec", "Kpgov", "Tdgov", "Tact", "Kturb", "Tfload", "Ropen", "Ta"),
        states=9,
        rates=rates,
        torque=torque,
        rest=rest,
        limited={VALVE: ("VMIN", "VMAX"), LOAD_INTEGRAL: (-1.0, 1.0)},
    )
)
