"""The plant around its state of rest: matrices, modes and the response G(j omega), from the same equations as a run."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gigasite.power import columns as c
from gigasite.power import inverter as inv
from gigasite.power import network_kernels as k
from gigasite.power.controllers.none import Rest
from gigasite.power.drive import Drive
from gigasite.power.network import Network
from gigasite.power.network_run_kernels import speed

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gigasite.power.types import Plant

STEP = 1e-6  # of the central differences; per-unit states are of order one
AT_LIMIT = 1e-9
STABLE = 1e-5  # real parts up to this [1/s] are rounding of the differences


@dataclass(frozen=True, slots=True, kw_only=True)
class Mode:
    """One way in which the plant swings by itself."""

    eigenvalue: complex
    """[1/s]."""
    frequency_hz: float
    damping: float
    """Damping ratio; negative grows."""
    state: str
    """State that takes part most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Linear:
    """x' = A x + B u, y = C x + D u; u the load [W]; y: frequency [Hz], voltage [pu], source power [W]."""

    a: NDArray[np.float64]
    b: NDArray[np.float64]
    c: NDArray[np.float64]
    d: NDArray[np.float64]
    states: tuple[str, ...]

    def response(self, hz: NDArray[np.float64]) -> NDArray[np.complex128]:
        """Return G at these frequencies, (3, m): Hz/W, pu/W, W/W."""
        eye = np.eye(len(self.a))
        stacked = 2j * math.pi * hz[:, None, None] * eye - self.a
        states = np.linalg.solve(stacked, np.broadcast_to(self.b[:, None], (len(hz), len(self.b), 1)))
        out: NDArray[np.complex128] = np.asarray((self.c @ states)[:, :, 0].T + self.d[:, None], dtype=np.complex128)
        return out

    def modes(self) -> tuple[Mode, ...]:
        """Return all modes, the least stable first."""
        values, right = np.linalg.eig(self.a)
        left = np.linalg.pinv(right)
        out = []
        for i, value in enumerate(values):
            share = np.abs(left[i] * right[:, i])
            size = abs(value)
            out.append(
                Mode(
                    eigenvalue=complex(value),
                    frequency_hz=abs(value.imag) / (2 * math.pi),
                    damping=float(-value.real / size) if size > 0 else 0.0,
                    state=self.states[int(np.argmax(share))],
                )
            )
        return tuple(sorted(out, key=lambda m: (-round(m.eigenvalue.real, 9), -m.eigenvalue.imag)))

    def unstable(self) -> tuple[Mode, ...]:
        """Return the modes that grow, fastest first; of a pair the one with positive frequency."""
        return tuple(m for m in self.modes() if m.eigenvalue.real > STABLE and m.eigenvalue.imag >= 0.0)


def linearise(plant: Plant, load_w: float) -> Linear:
    """Return the plant linearised at rest under a load.

    The battery is as its inverters make it: nothing with a steady command, droop or inertia when grid-forming. States
    that rest on a limit are left out. Angles are taken against that of the first turning part, unless a stiff grid
    fixes them: the common turn of all is no mode.

    Raises
    ------
    InfeasibleError
        The plant has no state of rest under this load.
    """
    drive = Drive(plant=plant, load_w=np.full(2, load_w), dt_s=0.002, start_s=0.0)
    engine = Network(drive, Rest())
    if plant.battery is not None:
        # rest: the command is what flows
        engine.net.inverter[inv.PSET] = engine.begin.battery.real / engine.net.inverter[inv.SIZE]
    free = _free(engine)
    model = _Model(engine, free, load_w / c.BASE_W)
    x0, u0 = np.array([engine.x[i] for i in free]), load_w / c.BASE_W
    n = len(free)
    a, out = np.empty((n, n)), np.empty((3, n))
    for j in range(n):
        up, down = x0.copy(), x0.copy()
        up[j] += STEP
        down[j] -= STEP
        (fu, yu), (fd, yd) = model(up, u0), model(down, u0)
        a[:, j], out[:, j] = (fu - fd) / (2 * STEP), (yu - yd) / (2 * STEP)
    (fu, yu), (fd, yd) = model(x0, u0 + STEP), model(x0, u0 - STEP)
    b, d = (fu - fd) / (2 * STEP), (yu - yd) / (2 * STEP)
    names = tuple(_name(engine, i) for i in free)
    return _against_first(a, b / c.BASE_W, out, d / c.BASE_W, names, stiff=_stiff(plant))


def _stiff(plant: Plant) -> bool:
    return plant.grid is not None and plant.grid.inertia_s is None


class _Model:
    """f(x, u) and y(x, u) over the free states."""

    def __init__(self, engine: Network, free: list[tuple[int, int]], _power: float) -> None:
        self._engine, self._free = engine, free
        self._x = engine.x.copy()
        shape = self._x.shape
        self._dx, self._work, self._algebra = np.zeros(shape), np.zeros(shape), np.zeros(k.ALGEBRA)

    def __call__(self, x: NDArray[np.float64], power: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        for i, value in zip(self._free, x, strict=True):
            self._x[i] = value
        net = self._engine.net
        k.rates(net, self._x, power, self._dx, self._algebra, self._work)
        f_hz = self._engine.plant.frequency_hz * speed(net, self._x)
        voltage = math.hypot(self._algebra[k.A_VRE], self._algebra[k.A_VIM])
        source_w = self._algebra[k.A_SOURCE] * c.BASE_W
        return np.array([self._dx[i] for i in self._free]), np.array([f_hz, voltage, source_w])


def _free(engine: Network) -> list[tuple[int, int]]:
    """Return (row, column) of the states that may move."""
    net, count = engine.net, len(engine.net.codes)
    out = []
    for row in range(engine.x.shape[0]):
        columns = list(range(net.used[row]))
        if row < count and net.restore_s > 0.0:
            columns.append(c.REF)
        out += [(row, j) for j in columns if _moves(engine, row, j)]
    return out


def _moves(engine: Network, row: int, column: int) -> bool:
    net, count = engine.net, len(engine.net.codes)
    if row == count + c.GRID_ROW and (net.grid[c.G_ON] <= 0.0 or net.grid[c.G_PER_2H] <= 0.0):
        return False
    if row == count + c.INVERTER_ROW and (net.inverter[inv.ON] <= 0.0 or not _used_by(net, column)):
        return False
    if row == count + c.LOAD_ROW and net.load[c.L_FILTER] <= 0.0:
        return False
    x = engine.x[row, column]
    return bool(net.low[row, column] + AT_LIMIT < x < net.high[row, column] - AT_LIMIT)


def _used_by(net: k.Net, column: int) -> bool:
    """Say whether the inverter's law has this state; limiters that rest at zero are left out by their limit."""
    if net.inverter[inv.CODE] == inv.FOLLOWING:
        return column <= inv.VF
    if net.inverter[inv.CODE] == inv.REGF1:
        return True
    return column <= inv.V_SLOW and not (net.inverter[inv.CODE] == inv.REGFM_A1 and column in {inv.V_DW, inv.V_SLOW})


def _name(engine: Network, index: tuple[int, int]) -> str:
    row, column = index
    count = len(engine.net.codes)
    if row < count:
        own = ("angle", "speed", "e'q", "e'd", "e''d", "e''q", "exciter", "field")
        what = own[column] if column < c.GOV else ("set point" if column == c.REF else f"governor {column - c.GOV + 1}")
        return f"{engine.plant.machines[row].title}: {what}"
    return {
        count + c.GRID_ROW: "grid: " + ("angle", "speed", "power")[min(column, 2)],
        count + c.INVERTER_ROW: "battery: " + ("angle" if column == 0 else f"inverter {column}"),
    }.get(row, "load")


def _against_first(
    a: NDArray[np.float64],
    b: NDArray[np.float64],
    out: NDArray[np.float64],
    d: NDArray[np.float64],
    names: tuple[str, ...],
    *,
    stiff: bool,
) -> Linear:
    """Take angles against the first one and drop it, unless a stiff grid holds them."""
    angles = [i for i, name in enumerate(names) if name.endswith("angle")]
    if stiff or not angles:
        return Linear(a=a, b=b, c=out, d=d, states=names)
    turn = np.eye(len(a))
    turn[angles, angles[0]] -= 1.0
    turn[angles[0], angles[0]] = 1.0
    keep = [i for i in range(len(a)) if i != angles[0]]
    back = np.linalg.inv(turn)
    moved = turn @ a @ back
    return Linear(
        a=moved[np.ix_(keep, keep)],
        b=(turn @ b)[keep],
        c=(out @ back)[:, keep],
        d=d,
        states=tuple(names[i] for i in keep),
    )
