"""The least battery for each controller, beside the clairvoyant bound."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from gigasite._core.engine import Engine
from gigasite._core.finding import Finding, Severity, worst_first
from gigasite._core.quantity import show
from gigasite.power.bound import Bound, SourceLimits, bound, front
from gigasite.power.case import USUAL
from gigasite.power.controller import controllers
from gigasite.power.limit import UNSEEN
from gigasite.power.simulate import STEP_S, shaped, simulate
from gigasite.power.simulate import job_of as job_for
from gigasite.power.source import asked

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from gigasite.power.case import Bench
    from gigasite.power.types import Swing

AMPLE = 2.0
"""Rating of the ample battery over the whole swing of the load: no ramp-limiting controller asks for more than the
swing.
"""
AMPLE_S = 36_000.0
"""Hours of it."""
HALVINGS = 9
"""Of the search for the least rating: to 0.2 % of the ample one."""
STIFF = ("droop", "virtual-machine")
"""Controllers whose strength is their rating: for them it is searched; the others ask for what they need."""
LEAST_W = 1.0
ROUNDING = 1e-5
"""The bound is solved to a millionth or so."""
HELD = (
    Finding(
        severity=Severity.note,
        chapter="power",
        where="controllers",
        what=f"{' and '.join(STIFF)} act on the frequency, which the grid holds here: not compared",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """What one controller needs."""

    kind: str
    ends: str
    """`free` or `closed`: which bound it is compared with."""
    power_w: float
    energy_j: float
    throughput_j: float
    power_ratio: float | None
    """To the bound; None where there is none."""
    energy_ratio: float | None
    holds: bool
    """Whether all limits hold with this battery."""
    broken: tuple[str, ...]
    """Limits that do not, whatever the size."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizing:
    """The study."""

    bound: Bound | None
    """None: no limit of the source's power is given."""
    closed: Bound | None
    """The same for a battery that ends as full as it began."""
    front: tuple[tuple[float, float], ...]
    """Power [W] and energy [J] from the least power to the least energy."""
    limits: SourceLimits
    rows: tuple[Size, ...]
    findings: tuple[Finding, ...]
    load_w: NDArray[np.float64]
    dt_s: float


def source_limits(bench: Bench, top_w: float) -> SourceLimits:
    """Return what the study's limits and the plant's supply ask of the source's power under a load up to `top_w`."""
    plant = bench.plant
    have_w = plant.grid.capacity_w if plant.grid else 0.0
    have_w += sum(m.count * m.rating_w for m in plant.machines)
    return replace(asked(bench.limits), capacity_w=have_w if 0.0 < have_w < top_w else None)


def size(bench: Bench, kinds: Sequence[str] = (), *, engine: Engine | None = None, points: int = 9) -> Sizing:
    """Return the least battery of each controller.

    Parameters
    ----------
    bench
        The case; its own battery gives lags, latency and efficiency only.
    kinds
        Controllers to compare; default: all but `none`, and where a grid holds the frequency without those that act on
        the frequency. The case's own controller keeps its settings.
    engine
        Runs controllers side by side.
    points
        Of the front.

    Raises
    ------
    InfeasibleError
        No battery of any size holds the limits; names the binding one.
    """
    step_s = bench.step_s or STEP_S[bench.level]
    load_w = loaded(bench, step_s)
    limits = source_limits(bench, float(load_w.max()))
    b = bench.plant.battery or USUAL
    one = two = None
    curve: tuple[tuple[float, float], ...] = ()
    if limits != SourceLimits():
        one = bound(load_w, step_s, limits, efficiency_frac=b.efficiency_frac)
        two = bound(load_w, step_s, limits, efficiency_frac=b.efficiency_frac, closed=True)
        curve = front(load_w, step_s, limits, efficiency_frac=b.efficiency_frac, points=points)
    stiff = bench.plant.grid is not None and bench.plant.grid.inertia_s is None
    chosen = list(kinds) or [k for k in controllers.names() if k != "none" and not (stiff and k in STIFF)]
    tasks = [(bench, kind, ends, load_w) for kind in chosen for ends in _ends(kind)]
    rows = [
        _compared(row, one if row.ends == "free" else two)
        for row in (engine or Engine()).map(_sized, tasks, "controllers")
    ]
    return Sizing(
        bound=one,
        closed=two,
        front=curve,
        limits=limits,
        rows=tuple(sorted(rows, key=lambda r: (not r.holds, r.power_w, r.kind, r.ends))),
        findings=worst_first(
            [*_findings(rows, one), *_notes(bench, rows, one), *(HELD if stiff and not kinds else ())]
        ),
        load_w=load_w,
        dt_s=step_s,
    )


def loaded(bench: Bench, step_s: float) -> NDArray[np.float64]:
    """Return the load behind the shapers [W]."""
    count = max(2, int(bench.duration_s / step_s + 1e-6))
    load_w = bench.load.means(0.0, step_s, count)
    job = job_for(bench.plant, bench.load, bench.limits, window=(0.0, count * step_s, step_s))
    return shaped(load_w, bench.shapers, job)[0] + bench.extra_w


def _ends(kind: str) -> tuple[str, ...]:
    return ("free", "closed") if "ends" in getattr(controllers[kind], "__slots__", ()) else ("free",)


def controller_of(bench: Bench, kind: str, ends: str = "free") -> Any:
    """Return a controller with the case's own settings, else its defaults; ramps as the study's limits ask."""
    own = bench.controller
    made = own if getattr(own, "kind", "") == kind else controllers[kind]()
    if "ends" in getattr(controllers[kind], "__slots__", ()):
        made = replace(made, ends=ends)
    if kind == "ramp-limit" and made is not own:
        held = asked(bench.limits)
        ramps = [r for r in (held.up_w_per_s, held.down_w_per_s) if r is not None]
        made = replace(made, ramp_w_per_s=min(ramps)) if ramps else made
    return made


def _sized(task: tuple[Bench, str, str, NDArray[np.float64]]) -> Size:
    """Return what one controller needs."""
    bench, kind, ends, load_w = task
    controller = controller_of(bench, kind, ends)
    ample_w = max(AMPLE * float(np.ptp(load_w)), LEAST_W)
    swing = _run(bench, controller, ample_w)
    low_w, high_w = 0.0, ample_w
    if kind in STIFF and not _broken(swing):
        for _ in range(HALVINGS):
            middle = 0.5 * (low_w + high_w)
            tried = _run(bench, controller, max(middle, LEAST_W))
            if _broken(tried):
                low_w = middle
            else:
                high_w, swing = middle, tried
        power_w = high_w
    else:
        power_w = swing.battery_peak_w
    return Size(
        kind=kind,
        ends=ends,
        power_w=power_w,
        energy_j=swing.battery_used_j,
        throughput_j=swing.battery_throughput_j,
        power_ratio=None,
        energy_ratio=None,
        holds=not _broken(swing),
        broken=_broken(swing),
    )


def _run(bench: Bench, controller: Any, rating_w: float) -> Swing:
    b = bench.plant.battery or USUAL
    battery = replace(b, rating_w=rating_w, energy_j=rating_w * AMPLE_S, soc_frac=0.5, apparent_w=None, power_w=0.0)
    return simulate(
        replace(bench.plant, battery=battery),
        bench.load,
        controller,
        limits=bench.limits,
        shapers=bench.shapers,
        events=bench.events,
        level=bench.level,
        dt_s=bench.step_s,
        stop_s=bench.duration_s,
        extra_w=bench.extra_w,
        figures=False,
    )


def _broken(swing: Swing) -> tuple[str, ...]:
    """Return what still breaks or cannot be judged: limits and the plant itself, not the battery."""
    bad = [f for f in swing.findings if f.where != "battery" and (f.severity is Severity.error or UNSEEN in f.what)]
    return tuple(sorted({f"{f.where}: {f.what}" for f in bad}))


def _compared(row: Size, against: Bound | None) -> Size:
    if against is None:
        return row
    return replace(
        row,
        power_ratio=row.power_w / against.power_w if against.power_w > LEAST_W else None,
        energy_ratio=row.energy_j / against.energy_j if against.energy_j > LEAST_W else None,
    )


def _findings(rows: Sequence[Size], one: Bound | None) -> list[Finding]:
    out = []
    if one is None:
        what = "no limit on the source's ramp, range or spectrum is given: there is no bound to compare with"
        out.append(Finding(severity=Severity.note, chapter="power", where="bound", what=what))
    if rows and not any(r.holds for r in rows):
        best = min(rows, key=lambda r: (len(r.broken), r.power_w))
        out.append(
            Finding(
                severity=Severity.error,
                chapter="power",
                where="controllers",
                what="no controller holds all limits, with a battery of any size",
                found=f"{best.kind} comes nearest; it breaks: {'; '.join(best.broken)}"[:300],
                remedy="a shorter latency of meter and inverters, a longer window of the ramp limit, or a smoother job",
            )
        )
    return out


def _notes(bench: Bench, rows: Sequence[Size], one: Bound | None) -> list[Finding]:
    """Say what the comparison leaves out."""
    out = []
    if one is not None and any(r.power_w < one.power_w * (1.0 - ROUNDING) for r in rows):
        what = (
            "the bound holds its ramp at every moment; a limit that measures over a window lets "
            f"{show(one.blur_w, 'MW')} pass at once, so that a battery may be smaller"
        )
        out.append(Finding(severity=Severity.note, chapter="power", where="bound", what=what))
    if any(getattr(limit, "kind", "") == "battery-use" for limit in bench.limits):
        what = "the use of the battery is judged by `run`, with the battery that you choose"
        out.append(Finding(severity=Severity.note, chapter="power", where="battery-use", what=what))
    return out


def check_battery(bench: Bench, sizing: Sizing) -> list[Finding]:
    """Return whether the case's own battery is below the bound."""
    b = bench.plant.battery
    if b is None or sizing.bound is None:
        return []
    if b.rating_w >= sizing.bound.power_w * (1.0 - ROUNDING):
        return []
    lack = show(sizing.bound.power_w - b.rating_w, "MW")
    raise_texts = (show(sizing.bound.power_w, "MW"), show(b.rating_w, "MW"), f"{lack} more battery power")
    return [
        Finding(
            severity=Severity.error,
            chapter="power",
            where="battery",
            what="is too small for any controller to hold the source's limits",
            limit=raise_texts[0],
            found=raise_texts[1],
            remedy=raise_texts[2],
        )
    ]
