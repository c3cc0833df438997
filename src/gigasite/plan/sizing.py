"""The battery at full size: what each controller would need beside the bound, under the campus's own limits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gigasite._core.errors import InfeasibleError, SolverError
from gigasite.power.case import Bench
from gigasite.power.controller import controllers
from gigasite.power.limit import limits
from gigasite.power.shaper import shapers
from gigasite.power.simulate import level_for, part_of
from gigasite.power.size import Sizing, size

if TYPE_CHECKING:
    from gigasite._core.engine import Engine
    from gigasite.campus.schema import Campus
    from gigasite.power.types import Plant
    from gigasite.training.types import LoadTrace

WINDOW_S = 900.0
"""Of the load: a start, a stop and checkpoints between them; all controllers take some 5 s of computing for it."""
STEP_S = 0.02
"""Four times as coarse as a run: sizes move by less than half a percent (measured on the reference campuses)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BatterySizing:
    """The study, or why there is none, and what it leaves out."""

    found: Sizing | None
    why: str = ""
    notes: tuple[str, ...] = ()


NOT_TAKEN = BatterySizing(found=None, why="it was not asked for; `gigasite plan --out FOLDER` takes it for the report")


def size_battery(campus: Campus, plant: Plant, load: LoadTrace, extra_w: float, engine: Engine) -> BatterySizing:
    """Return what every controller would need; no error of the study ends a plan.

    Parameters
    ----------
    campus
        Gives controller, shapers and limits.
    plant, load, extra_w
        As the swing of the plan has them.
    engine
        Runs the controllers and is told how far they are.
    """
    if level_for(plant) == "aggregate":
        return BatterySizing(found=None, why="a governor of this plant has no compiled equations: it would take hours")
    p = campus.power
    bench = Bench(
        name=campus.name,
        plant=plant,
        load=load,
        controller=part_of(controllers, p.controller),
        limits=tuple(part_of(limits, x) for x in p.limits),
        shapers=tuple(part_of(shapers, x) for x in p.shapers),
        events=(),
        level="aggregate",
        step_s=STEP_S,
        duration_s=min(load.duration_s, WINDOW_S),
        extra_w=extra_w,
        seed=max(1, campus.seed),
    )
    notes: tuple[str, ...] = ()
    if load.duration_s > WINDOW_S:
        notes = (f"Only the first {WINDOW_S:g} s of {load.duration_s:,.0f} s of the load are sized for.",)
    try:
        return BatterySizing(found=size(bench, engine=engine), notes=notes)
    except (InfeasibleError, SolverError) as error:
        return BatterySizing(found=None, why=str(error), notes=notes)
