"""The facility loop of a plan and what happens in it when something stops: pump, power, plant, with and without UPS."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gigasite._core.errors import InfeasibleError, SolverError
from gigasite._core.finding import Finding, Severity
from gigasite.cooling.plant_network import facility_loop
from gigasite.cooling.quantities import quantities
from gigasite.cooling.transient import Ask, trip

if TYPE_CHECKING:
    from gigasite.campus.schema import Campus
    from gigasite.cooling.plant_network import FacilityLoop
    from gigasite.cooling.quantities import Quantities
    from gigasite.cooling.transient import Trip
    from gigasite.design.types import Design

CASES = (("pump", False), ("pump", True), ("power", False), ("power", True), ("chiller", True), ("cdu", True))
"""Events that the report shows, and whether facility pumps run on batteries in them."""
DURATION_S = 600.0
MANY, STEP_S, LONG_STEP_S = 5_000, 1.0, 2.0
"""Loops from which on a step is longer: a million GPUs then cost seconds; times move by a second in a hundred."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plumbing:
    """None and empty where the campus has no facility loop; `why` says so."""

    loop: FacilityLoop | None
    made: Quantities | None
    trips: tuple[Trip, ...]
    why: str
    findings: tuple[Finding, ...]


def plumb(campus: Campus, design: Design) -> Plumbing:
    """Lay the loop and run the cases at typical power, so that the job's pauses lend no time.

    A campus without a loop is no error; a loop that has no steady state is a finding.
    """
    try:
        loop = facility_loop(campus, design)
    except InfeasibleError as error:
        return Plumbing(loop=None, made=None, trips=(), why=str(error), findings=())
    except SolverError as error:
        found = Finding(
            severity=Severity.error, chapter="cooling", where="facility loop", what=str(error),
            remedy="see gigasite cooling loop",
        )  # fmt: skip
        return Plumbing(loop=None, made=None, trips=(), why=str(error), findings=(found,))
    why, trips = "", []
    try:
        for event, ups in CASES:
            step_s = STEP_S if len(loop.rack_link) <= MANY else LONG_STEP_S
            ask = Ask(event=event, ups=ups, duration_s=DURATION_S, dt_s=step_s)
            trips.append(trip(campus, design, loop, None, ask))
    except InfeasibleError as error:
        why = str(error)
    return Plumbing(loop=loop, made=quantities(loop), trips=tuple(trips), why=why, findings=loop.findings)
