"""One cycle of the loop, without clock and without sockets: an image in, set points and reasons out.

The same function decides live, in simulation and in replay. It is open at two ends only: the controller of `power`, and
the policies of `policies/`.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from gigasite.field.battery.allocate import allocate, weights
from gigasite.field.battery.guard import Bounds, guard, room
from gigasite.field.battery.health import HANDS_OFF, Health, Hold, Now, Rules, Size, Told, fresh, judge
from gigasite.field.battery.image import Point, Status
from gigasite.field.battery.request import Granted, Request, arbitrate
from gigasite.field.battery.states import WRITING, Events, Machine, State, Timing, advance
from gigasite.power.controller import Seen, within

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gigasite.field.battery.image import Image
    from gigasite.field.battery.policy import Policy

    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]


STEADY_PU = 2e-4
"""Deviation below which a droop of some per cent moves a unit by less than what `Rules` call noise."""
HISTORY, HISTORY_S = 32, 2.0
"""Cycles, and time, in which a late write may still come through: the longer of both."""
PLAUSIBLE = 0.2
"""Deviation of the frequency, of nominal, beyond which it is the measurement that is broken; estimate."""
LONGEST = 2.0
"""Cycles that a step may count for, however long the loop was away."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Core:
    """Everything that decides and does not change during a run."""

    controller: Any
    """A part of `power.controllers`, unchanged."""
    policies: tuple[Policy, ...]
    """What bounds it: feeders, windows, the operator's own set point."""
    size: Size
    bounds: Bounds
    rules: Rules
    timing: Timing
    nominal_hz: float
    cycle_s: float
    least_frac: float
    """Of the whole rating: with less in use the loop goes to failsafe."""
    meter_s: float
    """Age of the meter's values above which the last set points are held."""
    meter_frozen_s: float
    """Time after which values of the meter that did not move at all are as old as that."""
    hold_s: float
    """So long they are held; then failsafe."""
    misses: int
    """Cycles missed in a row that are a fault."""
    tries: int
    """Steps that a controller may fail in a row before failsafe."""
    fast_layer: bool
    """Frequency is the units' own matter: the controller sees the nominal one."""
    signed: bool
    """The settings bear the signature of a trusted key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """What goes on from cycle to cycle."""

    machine: Machine
    health: Health
    told: Told
    asked: Any
    """State of the controller; None before its first step."""
    replanned: bool = False
    """The controller was given another plan since its last step."""
    total_w: float
    """Last power that was granted for the site."""
    failed: int = 0
    """Steps that the controller failed in a row."""
    failure: str = ""
    meter_well_s: float = 0.0
    """Time of the last good values of the meter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What leaves the loop, and why. Arrays are (n,)."""

    state: State
    cause: str
    granted: Granted
    shortfall_w: float
    """What was granted and the units cannot give."""
    set_w: Floats
    write: Flags
    """Which set points are written."""
    enable: Flags
    """Whether they are enabled with it."""
    hold: NDArray[np.uint8]
    cut: Flags
    """Which the guard changed."""
    note: str = ""
    """What the operator should know of this cycle."""


def begin(core: Core) -> Memory:
    """Return the memory before the first image."""
    n = len(core.size.rating_w)
    none = np.zeros(n, np.bool_)
    kept = max(HISTORY, math.ceil(HISTORY_S / core.cycle_s))
    told = Told(set_w=np.zeros(n), history_w=np.zeros((kept, n)), wrote=none, enabled=none)
    return Memory(machine=Machine(), health=fresh(n), told=told, asked=None, total_w=0.0)


def decide(core: Core, memory: Memory, image: Image) -> tuple[Memory, Decision]:
    """Take one cycle.

    Parameters
    ----------
    core, memory
        What is fixed, and what goes on.
    image
        What is known now.

    Returns
    -------
    Memory, Decision
        Never a set point above a rating, beyond a ramp, outside the window of the state of charge, or of a unit against
        the others; nothing is written outside of the states that write, nor to a unit that somebody else holds.
    """
    # after a stall no set point may make up at once for the ramps that were not taken
    image = replace(image, dt_s=min(image.dt_s, LONGEST * core.cycle_s))
    memory = _cleared(memory, image)
    # units with a droop of their own leave their set points when the frequency moves: that is no fault of theirs
    steady = not core.fast_layer or abs(image.site.frequency_hz / core.nominal_hz - 1.0) < STEADY_PU
    health = judge(
        memory.health,
        image.units,
        memory.told,
        core.size,
        core.rules,
        Now(time_s=image.time_s, dt_s=image.dt_s, steady=steady),
    )
    usable = health.hold == Hold.NONE
    well_s = image.time_s if _metered(core, image) else memory.meter_well_s
    seen = _events(core, replace(memory, meter_well_s=well_s), image, health.hold)
    machine = advance(memory.machine, seen, core.timing, image.time_s, image.dt_s)
    memory = replace(memory, health=health, machine=machine, meter_well_s=well_s)
    memory, granted, note = _granted(core, memory, image, usable)
    asked_w, shortfall_w = _shared(core, granted.power_w, image, usable, health.cap)
    decision = _guarded(core, memory, image, granted, asked_w, health.hold)
    decision = replace(decision, shortfall_w=shortfall_w, note=note)
    before = memory.told
    told = Told(
        set_w=np.where(decision.write, decision.set_w, before.set_w),
        history_w=np.where(decision.write, np.vstack([decision.set_w, before.history_w[:-1]]), before.history_w),
        wrote=decision.write,
        enabled=np.where(decision.write, decision.enable, before.enabled),
    )
    return replace(memory, told=told), decision


def _cleared(memory: Memory, image: Image) -> Memory:
    """Return the memory; a `clear` of the operator makes set points that another master left our own, at once."""
    if "clear" not in image.orders:
        return memory
    taken = (memory.health.hold == Hold.FOREIGN) & image.units.good(Point.SET_W)
    history = memory.told.history_w.copy()
    history[0] = np.where(taken, image.units.of(Point.SET_W), history[0])
    since_s = np.where(taken, -np.inf, memory.health.since_s)
    told, health = replace(memory.told, history_w=history), replace(memory.health, since_s=since_s)
    return replace(memory, told=told, health=health)


def _metered(core: Core, image: Image) -> bool:
    """Return whether the meter says all that a controller looks at."""
    site = image.site
    known = all(map(math.isfinite, (site.load_w, site.source_w, site.frequency_hz)))
    return known and site.age_s <= core.meter_s and abs(site.frequency_hz / core.nominal_hz - 1.0) < PLAUSIBLE


def _events(core: Core, memory: Memory, image: Image, hold: NDArray[np.uint8]) -> Events:
    fault, latching = "", False
    if memory.failed >= core.tries:
        fault, latching = f"the controller fails: {memory.failure}", True
    elif image.missed >= core.misses:
        fault = f"{image.missed} cycles missed in a row"
    set_w = memory.told.set_w
    usable, reached = hold == Hold.NONE, ~_hands_off(hold)
    near_w = core.size.step_w * 1.01
    holds = np.abs(image.units.of(Point.SET_W) - set_w) <= near_w
    # released is what a unit reads back, not what was sent: one lost write must not leave it running
    stays = image.units.says(Status.ENABLED) & ~(np.abs(image.units.of(Point.SET_W)) <= near_w)
    at_zero = ~memory.told.enabled & ~stays & (np.abs(set_w) <= near_w)
    confirmed = holds & image.units.says(Status.ENABLED) & ~image.units.says(Status.LINGERS)
    return Events(
        answers=bool(image.units.says(Status.ANSWERED).any()),
        few=_few(core, hold),
        signed=core.signed,
        meter=image.time_s - memory.meter_well_s <= core.hold_s and _once(core, memory, image),
        confirmed=bool(confirmed[usable].all() and usable.any()),
        at_zero=bool(at_zero[reached].all()),
        fault=fault,
        latching=latching,
        arm="arm" in image.orders,
        disarm="disarm" in image.orders,
        stop="stop" in image.orders,
        clear="clear" in image.orders,
    )


def _once(core: Core, memory: Memory, image: Image) -> bool:
    """Return whether the meter was ever well: a loop that runs may lose it for a while, one that starts needs it."""
    return memory.machine.state in WRITING or _metered(core, image)


def _few(core: Core, hold: NDArray[np.uint8]) -> str:
    rating = core.size.rating_w
    usable = hold == Hold.NONE
    if usable.any() and float(rating[usable].sum()) >= core.least_frac * float(rating.sum()):
        return ""
    why = Counter(Hold(int(h)).name.lower() for h in hold[~usable])
    counts = ", ".join(f"{name} {count}" for name, count in why.most_common())
    return f"only {int(usable.sum())} of {len(hold)} units can be used ({counts})"


def _granted(core: Core, memory: Memory, image: Image, usable: Flags) -> tuple[Memory, Granted, str]:
    """Return the power for the site: the controller's wish between the policies' bounds."""
    if memory.machine.state is not State.RUNNING:
        rest = Granted(power_w=0.0, low_w=0.0, high_w=0.0, by=memory.machine.state.value)
        return replace(memory, asked=None, total_w=0.0, failed=0), rest, ""
    seen = seen_of(core, image, usable)
    if not _metered(core, image):
        # the last power is held for a while; then the state machine ends it
        held = Granted(power_w=memory.total_w, low_w=-math.inf, high_w=math.inf, by="held: the meter is stale")
        return memory, held, "the meter is stale: the last power is held"
    failed = memory.failed
    memory, wish = _wish(core, memory, seen)
    try:
        granted = arbitrate([wish, *(r for p in core.policies for r in p.requests(seen))])
    except Exception as error:  # noqa: BLE001  # policies are foreign code too: without their bounds nothing new is granted
        failure = f"a policy: {_words(error)}"
        held = Granted(power_w=memory.total_w, low_w=-math.inf, high_w=math.inf, by="held: a policy fails")
        return replace(memory, failed=failed + 1, failure=failure), held, failure
    note = memory.failure if memory.failed else ""
    return replace(memory, total_w=granted.power_w), granted, note


def seen_of(core: Core, image: Image, usable: Flags) -> Seen:
    """Return what the controller sees: the units in use as one battery."""
    soc = np.where(usable, image.units.of(Point.SOC_FRAC), 0.0)
    energy = np.where(usable, core.size.energy_j, 0.0)
    low, high = core.bounds.soc_low_frac, core.bounds.soc_high_frac
    inside = np.clip((np.nan_to_num(soc) - low) / (high - low), 0.0, 1.0)
    whole = max(float(energy.sum()), 1.0)
    return Seen(
        time_s=image.time_s,
        load_w=image.site.load_w,
        frequency_hz=core.nominal_hz if core.fast_layer else image.site.frequency_hz,
        nominal_hz=core.nominal_hz,
        soc_frac=float((inside * energy).sum() / whole),
        source_w=image.site.source_w,
        dt_s=image.dt_s,
        rating_w=float(core.size.rating_w[usable].sum()),
        energy_j=whole * (high - low),
    )


def _wish(core: Core, memory: Memory, seen: Seen) -> tuple[Memory, Request]:
    """Ask the controller. One that raises or answers with no number keeps its state, and the last power stands."""
    try:
        state = _state(core.controller, memory, seen)
        state, power_w = core.controller.step(state, seen)
        power_w = float(power_w)
        failure = "" if math.isfinite(power_w) else f"it asks for {power_w}"
    except Exception as error:  # noqa: BLE001  # a controller is foreign code: whatever it does, the loop goes on
        failure, state, power_w = _words(error), memory.asked, memory.total_w
    if failure:
        held = Request(who="controller (failing)", priority=5, power_w=memory.total_w, reason=failure)
        return replace(memory, failed=memory.failed + 1, failure=failure), held
    wish = Request(who="controller", priority=5, power_w=within(power_w, seen))
    return replace(memory, asked=state, replanned=False, failed=0, failure=""), wish


def _state(controller: Any, memory: Memory, seen: Seen) -> Any:
    """Return the state to step from; a plan that the job announced is taken up from where the source stands now."""
    if hasattr(controller, "resumed") and (memory.asked is None or memory.replanned):
        return controller.resumed(seen)
    return controller.start(seen) if memory.asked is None else memory.asked


def _words(error: Exception) -> str:
    """Return what an error says as the log can hold it; its text is foreign too, and making it may fail."""
    try:
        said = str(error)
    except Exception:  # noqa: BLE001  # foreign, as above
        said = "says nothing"
    return "".join(c if c.isprintable() else "?" for c in f"{type(error).__name__}: {said[:200]}")


def _shared(core: Core, power_w: float, image: Image, usable: Flags, cap: Floats) -> tuple[Floats, float]:
    """Share the power over the units in use; the others get 0."""
    soc = np.where(usable, image.units.of(Point.SOC_FRAC), np.nan)
    take, give = room(core.bounds, soc, image.units.of(Point.CHARGE_W), image.units.of(Point.DISCHARGE_W))
    most = np.minimum(give if power_w >= 0.0 else take, cap * core.size.rating_w)
    window = core.bounds.soc_low_frac, core.bounds.soc_high_frac
    weight = np.nan_to_num(weights(power_w, soc, core.size.energy_j, window))
    shares = allocate(power_w, weight, most)
    return shares.power_w, shares.shortfall_w


def _guarded(
    core: Core, memory: Memory, image: Image, granted: Granted, asked_w: Floats, hold: NDArray[np.uint8]
) -> Decision:
    units, state = image.units, memory.machine.state
    limits = room(core.bounds, _last_soc(units, memory.health), units.of(Point.CHARGE_W), units.of(Point.DISCHARGE_W))
    last_w = standing(core, memory, image, hold != Hold.NONE)
    hands_off = _hands_off(hold)
    # what is held and already released has no set point to come down from; where the set point that a unit holds cannot
    # be understood (its scale changed), zero is the one that means the same whatever the scale
    idle = (hold != Hold.NONE) & (~units.says(Status.ENABLED) | ~units.good(Point.SET_W))
    guarded = guard(core.bounds, asked_w, np.where(idle | hands_off, 0.0, last_w), limits, image.dt_s)
    write = ~hands_off & (state in WRITING)
    released = (hold != Hold.NONE) & (guarded.set_w == 0.0)
    if state is State.FAILSAFE and not memory.machine.armed:
        released |= guarded.set_w == 0.0
    return Decision(
        state=state,
        cause=memory.machine.cause,
        granted=granted,
        shortfall_w=0.0,
        set_w=np.where(write, guarded.set_w, 0.0),
        write=write,
        enable=write & ~released,
        hold=hold,
        cut=guarded.cut | guarded.not_numbers,
    )


def _last_soc(units: Any, health: Health) -> Floats:
    """Return the state of charge, the last good one where today's is not."""
    soc = units.of(Point.SOC_FRAC)
    out: Floats = np.where(np.isnan(soc), health.soc, soc)
    return out


def standing(core: Core, memory: Memory, image: Image, out: Flags) -> Floats:
    """Return where each unit stands, for the ramp: the set point that it holds, else what it gives, else the last told.

    A unit that came back, or lost its set point, ramps from where it is, not from where the loop thinks it is. One that
    is held (`out`) comes down from the last told where that is less: it may never follow, and must not keep the others
    from the other direction for ever.
    """
    units = image.units
    held = units.good(Point.SET_W) & units.says(Status.ENABLED)
    gives = units.good(Point.POWER_W)
    power = np.where(gives, units.of(Point.POWER_W), memory.told.set_w)
    at_w: Floats = np.where(held, units.of(Point.SET_W), power)
    told_w = np.abs(memory.told.set_w)
    at_w = np.where(out, np.clip(at_w, -told_w, told_w), at_w)
    return np.clip(at_w, -core.bounds.rating_w, core.bounds.rating_w)


def running(memory: Memory) -> Flags:
    """Return which units may still run on this loop's word; those of somebody else, or of another kind, do not."""
    hold = memory.health.hold
    out: Flags = memory.told.enabled & (~_hands_off(hold) | (hold == Hold.SILENT))
    return out


_OFF = np.array([h in HANDS_OFF for h in sorted(Hold)])
"""By number of the hold."""


def _hands_off(hold: NDArray[np.uint8]) -> Flags:
    out: Flags = _OFF[hold]
    return out
