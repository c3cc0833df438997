"""What a facility loop breaks: velocities, pumps, suction, too many racks on a header, dew point, approach, spares."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gigasite._core.finding import Finding, Severity, worst_first
from gigasite.cooling.humid import saturation_pressure
from gigasite.cooling.network import PIPE
from gigasite.design.pipe_lines import DEW_MARGIN_K, ROOM_DEW_DEGC, insulated

if TYPE_CHECKING:
    from gigasite.campus.schema import Campus
    from gigasite.cooling.plant_network import FacilityLoop

NPSH_REQUIRED_M = 5.0  # of end-suction pumps of this size; estimate
TCS_HIGHEST_DEGC = 45.0  # resistancezero.com/cdu-checklist.html, 17 to 45 degC
POOR_FRAC, UNEVEN_FRAC = 0.95, 0.05
ATMOSPHERE_PA = 101_325.0


def findings(campus: Campus, loop: FacilityLoop) -> tuple[Finding, ...]:
    """Return everything that is wrong with the loop, worst first."""
    return worst_first([*_pipes(loop), *_racks(campus, loop), *_suction(campus, loop), *_water(campus),
                        *_spares(campus, loop)])  # fmt: skip


def velocities(loop: FacilityLoop) -> np.ndarray:
    """Return the velocity in each pipe [m/s]."""
    pipe = loop.network.kind == PIPE
    area = np.pi / 4 * loop.network.diameter_m[pipe] ** 2
    out: np.ndarray = np.abs(loop.flow.flow_m3_per_s[pipe]) / area
    return out


def _pipes(loop: FacilityLoop) -> list[Finding]:
    v, limit = velocities(loop), loop.sizes.velocity_m_per_s[loop.size]
    over = np.flatnonzero(v > 1.05 * limit)  # pumps push a little more than the design flow
    if not len(over):
        return []
    i = int(over[np.argmax((v / limit)[over])])
    return [
        _finding(
            Severity.error, loop.network.link_ids[i], f"{len(over)} pipes flow faster than their size allows",
            f"{limit[i]:.1f} m/s", f"{v[i]:.1f} m/s", "more halls, a larger rise, or a larger pipe in the catalogue",
        )
    ]  # fmt: skip


def _racks(campus: Campus, loop: FacilityLoop) -> list[Finding]:
    out = []
    share = loop.share_frac
    poor = np.flatnonzero(share < POOR_FRAC)
    if len(poor):
        i = int(np.argmin(share))
        out.append(
            _finding(
                Severity.error, loop.network.link_ids[loop.rack_link[i]],
                f"{len(poor)} racks get too little: one header feeds too many racks, or pumps rise too little",
                f"{POOR_FRAC:.0%} of design flow", f"{share[i]:.0%}",
                "more halls (a header each), a larger cooling.loop, reverse return",
            )
        )  # fmt: skip
    elif loop.spread_frac > UNEVEN_FRAC:
        out.append(
            _finding(
                Severity.warning, campus.name, "racks' flows differ after balancing", f"{UNEVEN_FRAC:.0%}",
                f"{loop.spread_frac:.1%}", "reverse return, or wider mains",
            )
        )  # fmt: skip
    return out


def suction_head_m(campus: Campus, loop: FacilityLoop) -> float:
    """Return the net positive suction head that the pumps have [m]."""
    warm = campus.cooling.supply_degc + campus.cooling.rise_k
    vapour = float(saturation_pressure(np.array(warm)))
    return (campus.cooling.vessel_pa + ATMOSPHERE_PA - vapour) / (loop.network.density_kg_per_m3 * 9.80665)


def _suction(campus: Campus, loop: FacilityLoop) -> list[Finding]:
    head = suction_head_m(campus, loop)
    if head >= NPSH_REQUIRED_M:
        return []
    return [
        _finding(
            Severity.error, "facility pumps", "cavitate: too little suction head", f"{NPSH_REQUIRED_M:.1f} m",
            f"{head:.1f} m", "a higher cooling.vessel",
        )
    ]  # fmt: skip


def _water(campus: Campus) -> list[Finding]:
    out = []
    c = campus.cooling
    tcs = c.supply_degc + campus.catalogue.cdus[c.cdu].approach_k
    if insulated(campus):
        out.append(
            _finding(
                Severity.warning, "facility water", "may be below the room's dew point: bare doors and valves drip",
                f"{ROOM_DEW_DEGC + DEW_MARGIN_K:.0f} degC", f"{c.supply_degc:.1f} degC",
                "dry the room, or a warmer supply; mains and rows are insulated in the bill",
            )
        )  # fmt: skip
    if tcs > TCS_HIGHEST_DEGC:
        out.append(
            _finding(
                Severity.warning, "coolant", "is warmer than cold plates are usually rated for",
                f"{TCS_HIGHEST_DEGC:.0f} degC", f"{tcs:.1f} degC", "a colder supply or a closer approach",
            )
        )  # fmt: skip
    return out


def _spares(campus: Campus, loop: FacilityLoop) -> list[Finding]:
    from gigasite.cooling.plant_network import pump_share  # noqa: PLC0415  # that module calls this one

    if campus.cooling.spare_pumps:
        return []
    share = pump_share(loop, 1) if campus.cooling.pumps > 1 else 0.0
    return [
        _finding(
            Severity.warning, "facility pumps", "no pump stands by: with one out of each hall racks are short of flow",
            "100% of design flow", f"{share:.0%}", "cooling.spare_pumps: 1",
        )
    ]  # fmt: skip


def _finding(severity: Severity, where: str, what: str, limit: str, found: str, remedy: str) -> Finding:
    return Finding(
        severity=severity, chapter="cooling", where=where, what=what, limit=limit, found=found, remedy=remedy
    )
