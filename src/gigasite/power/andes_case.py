"""The plant as a case of ANDES, so that anyone can check a run with another program.

Units are written one by one (an aggregate of equal units swings as they do). The load's steps are `Alter` events. What
ANDES has no model for (GGOV1, DEGOV, the gas engine, grid-following batteries with controllers) is refused by name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gigasite._core.errors import InfeasibleError
from gigasite.power import columns as c
from gigasite.power.events import in_order
from gigasite.power.flow import start
from gigasite.power.generator import settings_of
from gigasite.power.governor import Governor, governors
from gigasite.power.inverter import inverters
from gigasite.power.network import APPARENT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gigasite.power.flow import Start
    from gigasite.power.types import BatteryPlant, Event, Machines, Plant
    from gigasite.training.types import LoadTrace

CAMPUS = 100
LOAD = "LOAD"
BATTERY = "BESS"
BASE_MVA = c.BASE_W / 1e6
KV_CAMPUS, KV_UNIT = 34.5, 13.8
# names of ANDES for ours
GOVERNORS: dict[str, str] = {
    "gast": "GAST",
    "tgov1": "TGOV1",
    "ieeeg1": "IEEEG1",
    "hygov": "HYGOV",
}
MOST_EVENTS = 5000
HYGOV_ROOM = 1e-6


def andes_case(
    plant: Plant, load: LoadTrace, *, extra_w: float = 0.0, events: Sequence[Event] = ()
) -> dict[str, list[dict[str, Any]]]:
    """Return the case as ANDES' JSON: tables of devices by model.

    Parameters
    ----------
    plant
        An island of machines, with or without a grid-forming battery.
    load
        Of kind `edges` without jitter: its levels become events.
    extra_w
        Steady load beside it [W].
    events
        Trips of machines and of the battery; each becomes a `Toggle` of its devices.

    Raises
    ------
    InfeasibleError
        ANDES has no model for a part, or the load is no sequence of sharp steps.

    Notes
    -----
    The settings that ANDES keeps outside of a case are in the script that `andes_export` writes beside it.
    """
    if plant.grid is not None:
        raise InfeasibleError("the ANDES case is written for islands: take the grid out, or study it here")
    if not plant.machines:
        raise InfeasibleError("the ANDES case needs machines: a battery alone has no slack there")
    first_w = load.before_w + extra_w
    begin = start(plant, first_w)
    out: dict[str, list[dict[str, Any]]] = {
        "Bus": [{"idx": CAMPUS, "name": "CAMPUS", "Vn": KV_CAMPUS, "v0": abs(begin.bus)}],
        "PQ": [
            {
                "idx": LOAD,
                "name": LOAD,
                "bus": CAMPUS,
                "Vn": KV_CAMPUS,
                "p0": begin.load.real,
                "q0": begin.load.imag,
                "vmax": 1.5,
                "vmin": 0.1,
            }
        ],
    }
    number = 0
    for m, power in zip(plant.machines, begin.powers, strict=True):
        for _ in range(m.count):
            number += 1
            _unit(out, m, number, power.real, plant.frequency_hz, slack=number == 1)
    if plant.battery is not None and plant.battery.rating_w > 0.0:
        _battery(out, plant, plant.battery, begin)
    out["Alter"] = _steps(load, extra_w)
    toggles = [
        {"idx": f"Toggle_{i + 1}", "name": f"Toggle_{i + 1}", "t": t, "model": model, "dev": device}
        for i, (t, model, device) in enumerate(trips(plant, events))
    ]
    if toggles:
        out["Toggle"] = toggles
    return out


def trips(plant: Plant, events: Sequence[Event]) -> list[tuple[float, str, str]]:
    """Return time [s], model and device of what trips, in order; units of a group trip from its first one on."""
    first, number = {}, 1
    for m in plant.machines:
        first[m.title], number = number, number + m.count
    out = []
    for _, e in in_order(events):
        if e.kind == "trip-battery":
            out.append((e.time_s, "REGF1", BATTERY))
        elif e.kind == "trip-machines":
            title = e.where or plant.machines[0].title
            out += [(e.time_s, "GENROU", f"M{first[title] + k}") for k in range(e.count)]
            first[title] += e.count
    return out


def _unit(
    out: dict[str, list[dict[str, Any]]], m: Machines, number: int, power: float, hz: float, *, slack: bool
) -> None:
    mva = m.apparent_w / 1e6
    generator, exciter = settings_of(m)
    out["Bus"].append({"idx": number, "name": f"BUS{number}", "Vn": KV_UNIT, "v0": m.voltage_pu})
    static = {
        "idx": f"G{number}",
        "name": f"G{number}",
        "bus": number,
        "Sn": mva,
        "Vn": KV_UNIT,
        "p0": power * mva / BASE_MVA,
        "q0": 0.0,
        "v0": m.voltage_pu,
        "pmax": 10.0,
        "pmin": -10.0,
        "qmax": 10.0,
        "qmin": -10.0,
    }
    out.setdefault("Slack" if slack else "PV", []).append(static | ({"a0": 0.0} if slack else {}))
    scale = BASE_MVA / mva
    out.setdefault("Line", []).append(
        {
            "idx": f"T{number}",
            "name": f"T{number}",
            "bus1": number,
            "bus2": CAMPUS,
            "Sn": BASE_MVA,
            "fn": hz,
            "Vn1": KV_UNIT,
            "Vn2": KV_CAMPUS,
            "r": m.transformer_r_pu * scale,
            "x": m.transformer_x_pu * scale,
            "trans": 1.0,
        }
    )
    names = dict.fromkeys(generator)
    machine: dict[str, Any] = {n: generator[n] for n in names if n != "D"}
    machine |= {"D": generator["D"], "M": 2.0 * m.inertia_s, "xq2": generator["xd2"]}
    ids = {"idx": f"M{number}", "name": f"M{number}", "bus": number, "gen": f"G{number}"}
    out.setdefault("GENROU", []).append({**ids, "Sn": mva, "Vn": KV_UNIT, "fn": hz, **machine})
    kind, extra = _governor(m)
    out.setdefault(kind, []).append({"idx": f"GOV{number}", "name": f"GOV{number}", "syn": f"M{number}", **extra})
    out.setdefault("SEXS", []).append({"idx": f"AVR{number}", "name": f"AVR{number}", "syn": f"M{number}", **exciter})


def _governor(m: Machines) -> tuple[str, dict[str, float]]:
    if m.governor not in GOVERNORS:
        raise InfeasibleError(f"{m.title}: ANDES has no governor {m.governor}; it has {', '.join(sorted(GOVERNORS))}")
    part: Governor = governors[m.governor]
    values = dict(part.defaults) | dict(m.settings)
    if m.governor == "hygov":
        # ANDES 2.0.0 integrates gate and flow on the system base and leaves r Tr out: equal only where both are one
        scale = m.apparent_w / c.BASE_W
        if abs(values["r"] * values["Tr"] - scale) > HYGOV_ROOM * scale:
            raise InfeasibleError(
                f"{m.title}: ANDES 2.0.0 leaves r Tr out of HYGOV; only a unit with r Tr = {scale:g} can be compared"
            )
        values["Tw"] *= scale
    if m.governor == "ieeeg1":
        # ANDES 2.0.0 takes the valve's rates on the system base, its range on the machine's
        values |= {key: values[key] * m.apparent_w / c.BASE_W for key in ("UO", "UC")}
    return GOVERNORS[m.governor], values


def _battery(out: dict[str, list[dict[str, Any]]], plant: Plant, b: BatteryPlant, begin: Start) -> None:
    """Write a grid-forming droop battery as REGF1: its limiter's integral off, fast regulators of the bus voltage."""
    if b.inverter not in {"regfm-a1", "regf1"}:
        raise InfeasibleError(
            f"ANDES gets batteries of kind regf1 or regfm-a1 only (as REGF1), not {b.inverter}: "
            "write `inverter: {kind: regf1}`, or take the battery out for the comparison"
        )
    mva = (b.apparent_w or APPARENT * b.rating_w) / 1e6
    values = dict(inverters[b.inverter].defaults) | dict(b.inverter_settings)
    out.setdefault("PV", []).append(
        {
            "idx": "GB",
            "name": "GB",
            "bus": CAMPUS,
            "Sn": mva,
            "Vn": KV_CAMPUS,
            "p0": begin.battery.real,
            "q0": begin.battery.imag,
            "v0": abs(begin.bus),
            "pmax": 10.0,
            "pmin": -10.0,
            "qmax": 10.0,
            "qmin": -10.0,
        }
    )
    out["REGF1"] = [
        {
            "idx": BATTERY,
            "name": BATTERY,
            "bus": CAMPUS,
            "gen": "GB",
            "Sn": mva,
            "fn": plant.frequency_hz,
            "xf": b.x_pu,
            "rf": 0.0,
            "Pmax": b.rating_w / 1e6 / mva,
            "Pmin": -b.rating_w / 1e6 / mva,
            "Qmax": b.rating_w / 1e6 / mva,
            "Qmin": -b.rating_w / 1e6 / mva,
            **(_inner(values, mva) if b.inverter == "regf1" else _outer(values, mva)),
        }
    ]


def _inner(values: Mapping[str, float], mva: float) -> dict[str, float]:
    """Return REGF1's settings from ours on the inverters' base: ANDES takes droops and gains on the system base."""
    up, down = mva / BASE_MVA, BASE_MVA / mva
    same = ("Tr", "Te", "Tpm", "KPplim", "KIplim", "KPqlim", "KIqlim")
    return {
        **{k: values[k] for k in same},
        "wdrp": values["wdrp"] * down,
        "Qdrp": values["Qdrp"] * down,
        "KPv": values["KPv"] * up,
        "KIv": values["KIv"] * up,
        "KPi": values["KPi"] * down,
        "KIi": values["KIi"] * down,
        "dwmax": values["dwmax"],
        "dwmin": -values["dwmax"],
    }


def _outer(values: Mapping[str, float], mva: float) -> dict[str, float]:
    """Return REGF1 with droops only, for REGFM_A1, which has no inner loops: near, not equal."""
    return {
        "wdrp": values["mp"] * BASE_MVA / mva,
        "Qdrp": values["mq"] * BASE_MVA / mva,
        "Tr": values["Tpf"],
        "KPplim": 0.0,
        "KIplim": 0.0,
        "KPqlim": 0.0,
        "KIqlim": 0.0,
    }


def _steps(load: LoadTrace, extra_w: float) -> list[dict[str, Any]]:
    if load.kind != "edges" or load.edge_s > 0.0:
        raise InfeasibleError("ANDES gets a load of sharp steps (square or steps, edge 0 s)")
    if len(load.at_s) > MOST_EVENTS:
        raise InfeasibleError(f"{len(load.at_s):,} steps are too many for ANDES' events; at most {MOST_EVENTS:,}")
    return [
        {
            "idx": f"Alter_{i + 1}",
            "name": f"Alter_{i + 1}",
            "t": float(t),
            "model": "PQ",
            "dev": LOAD,
            "src": "Ppf",
            "attr": "v",
            "method": "=",
            "amount": float((p + extra_w) / c.BASE_W),
        }
        for i, (t, p) in enumerate(zip(load.at_s, load.power_w, strict=True))
        if t < load.duration_s
    ]
