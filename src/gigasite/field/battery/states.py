"""The state machine of the loop: when set points may leave, and what ends that."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum


class State(Enum):
    """How far the loop may go; only `ARMED`, `RUNNING` and `FAILSAFE` write."""

    OFFLINE = "offline"
    """No unit answers."""
    READ_ONLY = "read-only"
    """Units answer; the settings are not signed, or something is missing: nothing is written."""
    READY = "ready"
    """Could be armed."""
    ARMED = "armed"
    """Units are enabled at zero; the controller waits until they confirm it."""
    RUNNING = "running"
    FAILSAFE = "failsafe"
    """All units ramp to zero and are then released."""
    LATCHED = "latched"
    """Released, for a cause that somebody has to look at first."""


WRITING = frozenset({State.ARMED, State.RUNNING, State.FAILSAFE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """Times of the state machine [s]."""

    recover_s: float
    """So long a fault must be gone, and units confirm, before the loop runs again."""
    confirm_s: float
    """Units must confirm within this after arming."""
    release_s: float
    """After so long in failsafe units are released, at zero or not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Events:
    """What happened in a cycle, as far as the state machine cares."""

    answers: bool
    """Some unit answers."""
    few: str
    """Why too few units can be used; "" when enough can."""
    signed: bool
    """The settings are signed by a trusted key and unchanged."""
    meter: bool
    """The meter's values are good and fresh, or the controller needs none."""
    confirmed: bool
    """Enough units read back that they are enabled at what was set."""
    at_zero: bool
    """Every unit that can be reached was released, and reads back zero or released."""
    fault: str = ""
    """Why the loop must go to failsafe now; "" for none."""
    latching: bool = False
    """Somebody has to clear it."""
    arm: bool = False
    disarm: bool = False
    stop: bool = False
    clear: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """Where the machine is."""

    state: State = State.OFFLINE
    cause: str = "start"
    since_s: float = 0.0
    armed: bool = False
    """The operator's order stands: after a fault that cleared the loop goes on by itself."""
    latch: str = ""
    """Cause that somebody has to clear."""
    well_s: float = 0.0
    """How long nothing has been wrong, in failsafe."""


def advance(m: Machine, seen: Events, timing: Timing, time_s: float, dt_s: float) -> Machine:
    """Return the machine after a cycle.

    >>> timing = Timing(recover_s=1.0, confirm_s=5.0, release_s=30.0)
    >>> well = Events(answers=True, few="", signed=True, meter=True, confirmed=True, at_zero=True)
    >>> m = advance(Machine(), well, timing, 0.0, 0.1)
    >>> m.state, advance(m, replace(well, arm=True), timing, 0.1, 0.1).state
    (<State.READ_ONLY: 'read-only'>, <State.READY: 'ready'>)
    """
    m = _orders(m, seen)
    to, cause = _next(m, seen, timing, time_s)
    well = m.well_s + dt_s if m.state is State.FAILSAFE and _well(seen) else 0.0
    if to is m.state:
        return replace(m, well_s=well)
    return replace(m, state=to, cause=cause, since_s=time_s, well_s=0.0)


def _orders(m: Machine, seen: Events) -> Machine:
    latch = "" if seen.clear and m.state is State.LATCHED else m.latch
    if seen.fault and seen.latching and m.state in WRITING:
        latch = seen.fault
    armed = (m.armed or seen.arm) and not (seen.disarm or seen.stop or latch)
    return replace(m, armed=armed, latch=latch)


def _well(seen: Events) -> bool:
    return not seen.few and seen.signed and seen.meter and not seen.fault


def _next(m: Machine, seen: Events, timing: Timing, time_s: float) -> tuple[State, str]:
    if m.state in {State.OFFLINE, State.READ_ONLY, State.READY}:
        return _resting(m, seen)
    if m.state is State.LATCHED:
        return (State.READ_ONLY, "cleared") if not m.latch else (m.state, m.cause)
    if m.state is State.FAILSAFE:
        return _failsafe(m, seen, timing, time_s)
    if why := _ends(m, seen):
        return State.FAILSAFE, why
    return _armed(m, seen, timing, time_s) if m.state is State.ARMED else (m.state, m.cause)


def _armed(m: Machine, seen: Events, timing: Timing, time_s: float) -> tuple[State, str]:
    if seen.confirmed:
        return State.RUNNING, "units confirm zero"
    if time_s - m.since_s > timing.confirm_s:
        return State.FAILSAFE, "units do not confirm what was set"
    return m.state, m.cause


def _resting(m: Machine, seen: Events) -> tuple[State, str]:
    if not seen.answers:
        return State.OFFLINE, "no unit answers"
    if why := _lacks(seen):
        return State.READ_ONLY, why
    if m.state is State.OFFLINE:
        return State.READ_ONLY, "units answer"
    if m.state is State.READY and m.armed:
        return State.ARMED, "armed by the operator"
    return State.READY, "could be armed"


def _lacks(seen: Events) -> str:
    """Return what is missing to run."""
    if not seen.signed:
        return "the settings are not signed by a trusted key"
    return seen.few or (
        ""
        if seen.meter
        else "load, source or frequency is not known: look at the meter, or without one at the units' frequency"
    )


def _ends(m: Machine, seen: Events) -> str:
    """Return why set points of the controller may no longer leave."""
    if seen.fault:
        return seen.fault
    if seen.stop:
        return "stopped by the operator"
    if not m.armed:
        return "no longer armed"
    return _lacks(seen)


def _failsafe(m: Machine, seen: Events, timing: Timing, time_s: float) -> tuple[State, str]:
    down = seen.at_zero or time_s - m.since_s > timing.release_s
    if m.armed and m.well_s >= timing.recover_s and seen.confirmed:
        return State.RUNNING, "the fault is gone"
    if not down or m.armed:
        return m.state, m.cause  # an armed loop waits at zero, still in charge, for the fault to clear
    return (State.LATCHED, m.latch) if m.latch else (State.READY, m.cause)
