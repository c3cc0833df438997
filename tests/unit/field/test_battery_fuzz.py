"""Very many cycles of nonsense through `decide`: no unsafe command, by rules that are written here once more.

Units that lie, fall silent, come back, belong to somebody else or change their registers; a controller that answers
with anything; orders at any time. What leaves is held against this file's own idea of what is safe, not the guard's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pytest

from gigasite.field.battery.decide import Core, Decision, begin, decide
from gigasite.field.battery.guard import Bounds
from gigasite.field.battery.health import Hold, Rules, Size
from gigasite.field.battery.image import POINTS, Image, Point, Quality, Site, Status, Units
from gigasite.field.battery.policies.power_limit import PowerLimit
from gigasite.field.battery.states import Timing

N = 5
CYCLE_S = 0.1
LOW, HIGH = 0.1, 0.9
STALE_S = 0.25
RATING_W = np.array([2e6, 2e6, 1e6, 1.5e6, 2e6])
RAMP_W_PER_S = RATING_W / 0.5
STEP_W = 100.0
LIMIT_W = 6e6
ORDERS = ("arm", "arm", "arm", "disarm", "stop", "clear")
GARBAGE = (np.nan, np.inf, -np.inf, 0.0, -0.0, 1e300, -1e300, 5e-324, 1e6, -1e6)


class Dice(np.random.Generator):
    """A generator with what the story needs."""

    def some(self, share: float) -> Any:
        return self.random(N) < share


@dataclass(frozen=True, slots=True, kw_only=True)
class Mad:
    """A controller that answers with anything."""

    dice: Any
    kind: ClassVar[str] = "mad"

    def start(self, _seen: Any, /) -> Any:
        if self.dice.random() < 0.01:
            raise RuntimeError("no start")
        return 0

    def step(self, state: Any, /, seen: Any) -> Any:
        what = self.dice.random()
        if what < 0.02 or seen.time_s % 97.0 < 2.0:
            raise ZeroDivisionError("a bug")
        if what < 0.04:
            return state, self.dice.choice(GARBAGE)
        if what < 0.05:
            return None
        return state, float(self.dice.uniform(-1.5, 1.5)) * seen.rating_w * (-1) ** (int(seen.time_s / 7) % 2)


class World:
    """Units as they are, and as they say they are."""

    def __init__(self, seed: int) -> None:
        self.dice = Dice(np.random.PCG64(seed))
        self.held_w, self.power_w = np.zeros(N), np.zeros(N)
        self.enabled = np.zeros(N, np.bool_)
        self.soc = self.dice.uniform(0.0, 1.0, N)
        self.beat, self.age_s = np.zeros(N), np.full(N, np.inf)
        self.trouble = np.zeros(N, np.int64)
        """What is wrong with each unit now; 0: nothing."""
        self.told: Any = None
        self.units = Units(
            values=np.full((N, POINTS), np.nan),
            quality=np.full((N, POINTS), Quality.MISSING, np.uint8),
            status=np.zeros(N, np.int64),
            age_s=self.age_s,
        )

    def take(self, d: Decision) -> None:
        """Let the units take what was decided; the deaf do not, and writes get lost."""
        takes = d.write & (self.trouble != DEAF) & ~self.dice.some(0.02)
        self.held_w = np.where(takes, d.set_w, self.held_w)
        self.enabled = np.where(takes, d.enable, self.enabled)

    def move(self) -> None:
        dice = self.dice
        begins, ends = dice.some(0.01), dice.some(0.03)
        self.trouble = np.where(begins, dice.integers(1, KINDS, N), np.where(ends, 0, self.trouble))
        other = (self.trouble == FOREIGN) & dice.some(0.5)
        self.held_w = np.where(other, dice.uniform(-1, 1, N) * RATING_W, self.held_w)
        self.enabled = other | (self.enabled & ~dice.some(0.002))
        self.power_w = np.where(self.enabled, self.held_w, 0.0) * np.where(self.trouble == BACKWARDS, -1.0, 1.0)
        self.soc = np.clip(self.soc - self.power_w * CYCLE_S / 3e8, 0.0, 1.0)
        self.soc = np.where((self.trouble == SOC) & dice.some(0.1), dice.uniform(-0.1, 1.1, N), self.soc)
        self.beat = self.beat + (self.trouble != FROZEN)

    def read(self) -> Units:
        dice, t = self.dice, self.trouble
        answers = (t != SILENT) & ~dice.some(0.03)
        values = np.column_stack([self.power_w, self.soc, np.full(N, 60.0), self.held_w, *RATES, self.beat])
        quality = np.zeros((N, POINTS), np.uint8)
        wild = (t == GARBLED)[:, None] & (dice.random((N, POINTS)) < 0.3)
        values = np.where(wild, dice.choice(GARBAGE[3:], (N, POINTS)), values)
        bad = (t == QUALITY)[:, None] & (dice.random((N, POINTS)) < 0.3)
        quality = np.where(bad, dice.integers(1, 5, (N, POINTS)), quality)
        quality = np.where((t == LAYOUT)[:, None], Quality.LAYOUT, quality).astype(np.uint8)
        values = np.where(quality == 0, values, np.nan)
        says = np.full(N, int(Status.ANSWERED)) | np.where(t == LOCAL, 0, int(Status.REMOTE))
        says |= np.where(t == ALARM, int(Status.ALARM), 0) | np.where(t == STOPPED, int(Status.STOPPED), 0)
        says |= np.where(self.enabled, int(Status.ENABLED), 0)
        self.age_s = np.where(answers, 0.0, self.age_s + CYCLE_S)
        was, a = self.units, answers[:, None]
        self.units = Units(
            values=np.where(a, values, was.values),
            quality=np.where(a, quality, was.quality).astype(np.uint8),
            status=np.where(answers, says, was.status & ~int(Status.ANSWERED)),
            age_s=self.age_s,
        )
        return self.units


(SILENT, LOCAL, FOREIGN, ALARM, STOPPED, FROZEN, GARBLED, QUALITY, LAYOUT, DEAF, BACKWARDS, SOC, KINDS) = range(1, 14)
RATES = (RATING_W * 0.9, RATING_W * 0.8)


def core(dice: Any) -> Core:
    rules = Rules(
        stale_s=STALE_S,
        heartbeat_s=1.0,
        foreign_quiet_s=3.0,
        ignores_s=0.5,
        direction_s=1.0,
        direction_frac=0.1,
        recover_s=0.5,
        soc_jump_frac=0.05,
        soc_frozen_frac=0.5,
        saturated_frac=0.05,
        saturated_s=1.0,
    )
    return Core(
        controller=Mad(dice=dice),
        policies=(PowerLimit(charge_w=LIMIT_W, discharge_w=LIMIT_W),),
        size=Size(rating_w=RATING_W, energy_j=np.full(N, 1e10), step_w=np.full(N, STEP_W)),
        bounds=Bounds(rating_w=RATING_W, ramp_w_per_s=RAMP_W_PER_S, soc_low_frac=LOW, soc_high_frac=HIGH),
        rules=rules,
        timing=Timing(recover_s=0.5, confirm_s=2.0, release_s=5.0),
        nominal_hz=60.0,
        cycle_s=CYCLE_S,
        least_frac=0.3,
        meter_s=STALE_S,
        meter_frozen_s=np.inf,
        hold_s=1.0,
        misses=5,
        tries=5,
        fast_layer=False,
        signed=True,
    )


class Judge:
    """This file's own idea of what may leave."""

    def __init__(self) -> None:
        self.told_w = np.zeros(N)
        self.may = False
        self.wrote = 0
        self.seen: set[str] = set()

    def look(self, image: Image, d: Decision) -> None:
        u, w, set_w = image.units, d.write, d.set_w
        armed = ["arm" in image.orders, bool({"disarm", "stop"} & set(image.orders))]
        self.may = (self.may or armed[0]) and not armed[1]
        assert np.isfinite(set_w).all()
        assert not w.any() or d.state.value in {"armed", "running", "failsafe"}
        assert not (set_w[~w] != 0.0).any()
        assert not (d.enable & ~w).any()
        assert (np.abs(set_w) <= RATING_W).all()
        if d.state.value != "failsafe":
            assert self.may or not w.any()
        # whom it does not command
        assert not (w & (u.age_s > STALE_S + 1e-9)).any()
        assert not (w & ((u.status & int(Status.REMOTE)) == 0)).any()
        assert not (w & (u.quality == Quality.LAYOUT).any(axis=1)).any()
        assert not (w & (d.hold == Hold.FOREIGN)).any()
        # what a unit can
        known = u.quality[:, Point.SOC_FRAC] == 0
        soc = u.values[:, Point.SOC_FRAC]
        assert not (w & known & (set_w > 0.0) & (soc <= LOW)).any()
        assert not (w & known & (set_w < 0.0) & (soc >= HIGH)).any()
        for point, power_w in ((Point.CHARGE_W, -set_w), (Point.DISCHARGE_W, set_w)):
            can = u.values[:, point]
            assert not (w & (u.quality[:, point] == 0) & (power_w > np.maximum(can, 0.0))).any()
        # a register that cannot be understood gets the one number that needs no scale
        assert not (w & (u.quality[:, Point.SET_W] != 0) & (set_w != 0.0)).any()
        assert not ((set_w > 0.0).any() and (set_w < 0.0).any())
        self._ramp(image, d)
        self.told_w = np.where(w, set_w, self.told_w)
        self.wrote += int(w.sum())
        self.seen.add(d.state.value)
        self.seen |= {Hold(int(h)).name for h in d.hold}

    def _ramp(self, image: Image, d: Decision) -> None:
        u = image.units
        holds = (u.quality[:, Point.SET_W] == 0) & ((u.status & int(Status.ENABLED)) != 0)
        gives = u.quality[:, Point.POWER_W] == 0
        power = np.where(gives, u.values[:, Point.POWER_W], self.told_w)
        stands = np.clip(np.where(holds, u.values[:, Point.SET_W], power), -RATING_W, RATING_W)
        step = RAMP_W_PER_S * min(image.dt_s, 2 * CYCLE_S)
        assert (np.abs(d.set_w) <= np.abs(stands) + step + 1e-6)[d.write].all()
        crossed = d.write & (d.set_w * stands < 0.0)
        assert (np.abs(d.set_w - stands) <= step + 1e-6)[crossed].all()
        if d.state.value != "running":
            assert (np.abs(d.set_w) <= np.abs(stands))[d.write].all()


def play(cycles: int, seed: int) -> Judge:
    world = World(seed)
    own, judge, dice = core(world.dice), Judge(), world.dice
    memory, time_s, age_s = begin(own), 0.0, np.inf
    for number in range(cycles):
        if number % 5000 == 0:
            memory, judge.may = begin(own), False  # a loop that starts anew among units that run
        missed = int(dice.integers(1, 9)) if dice.random() < 0.002 else 0
        dt_s = CYCLE_S * (1 + missed) * (50.0 if dice.random() < 0.001 else 1.0)
        time_s += dt_s
        world.move()
        age_s = 0.0 if dice.random() < 0.97 and not 300 < number % 3000 < 320 else age_s + dt_s
        site = Site(load_w=1e8, source_w=1e8, frequency_hz=60.0 if dice.random() < 0.99 else 0.0, age_s=age_s)
        orders = (str(dice.choice(ORDERS)),) if dice.random() < 0.01 or number % 5000 == 3 else ()
        image = Image(
            number=number,
            time_s=time_s,
            dt_s=dt_s,
            units=world.read(),
            site=site,
            missed=missed,
            orders=orders,
        )
        memory, decision = decide(own, memory, image)
        judge.look(image, decision)
        world.take(decision)
    return judge


def test_no_cycle_of_nonsense_gives_an_unsafe_command() -> None:
    judge = play(5_000, 1)
    assert judge.wrote > 5_000
    assert {"running", "failsafe", "latched", "armed", "ready"} <= judge.seen


@pytest.mark.long  # 20 x 50,000 cycles; 5,000 above
@pytest.mark.parametrize("seed", range(20))
def test_a_million_cycles_of_nonsense_give_no_unsafe_command(seed: int) -> None:
    judge = play(50_000, 100 + seed)
    assert judge.wrote > 50_000
    assert {h.name for h in Hold} <= judge.seen
