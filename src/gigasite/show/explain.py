"""Where a number comes from: a line of the campus file, an entry of the catalogue, or a result's own inputs."""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gigasite._core.errors import UnknownPartError
from gigasite._core.quantity import yaml_key
from gigasite._core.registry import unknown

if TYPE_CHECKING:
    from gigasite.campus.schema import Campus

# result key -> how it is made, and the keys it is made of (campus keys, `catalogue.kind.name.field`, results).
# `@` stands for the name that the campus gives: `catalogue.servers.@compute.server.typical`.
RESULTS: dict[str, tuple[str, tuple[str, ...]]] = {
    "campus": ("the file's own name", ("campus",)),
    "gpus": ("as the file says", ("compute.gpus",)),
    "racks": (
        "GPUs over GPUs per server over servers per rack, rounded up",
        ("compute.gpus", "catalogue.servers.@compute.server.gpus", "compute.servers_per_rack"),
    ),
    "cables": (
        "every link of GPU fabric, storage, management and in-band network has one cable",
        ("gpu_fabric_cables", "network.storage_links", "network.management_links", "network.inband_links"),
    ),
    "gpu_fabric_cables": (
        "one per NIC and tier; up-links stripe evenly",
        (
            "racks",
            "network.fabric",
            "network.leaf",
            "network.speed",
            "catalogue.servers.@compute.server.nics",
            "catalogue.switches.@network.leaf.cages",
        ),
    ),
    "peak_w": (
        "servers at typical power, racks, switches with modules, cooling on the design day, losses of the chain",
        (
            "racks",
            "catalogue.servers.@compute.server.typical",
            "catalogue.racks.@compute.rack.extra",
            "catalogue.switches.@network.leaf.typical",
            "site.climate.summer_wet",
            "catalogue.electrical.@power.transformer.loss",
        ),
    ),
    "first_step_gpus": ("as the file says", ("schedule.first_step_gpus",)),
    "first_step_day": (
        "first day on which racks, network, power and cooling suffice for first_step_gpus, and the job's start; percentiles of sampled schedules",
        (
            "first_step_gpus",
            "peak_w",
            "power.grid",
            "power.gensets",
            "schedule.modes",
            "schedule.crews",
            "schedule.shifts",
            "catalogue.rates.rack-place.likely",
            "catalogue.lead_times.gpu-order.likely",
        ),
    ),
    "full_size_day": (
        "as first_step_day for all GPUs, with every hall's integrated test",
        ("gpus", "first_step_day", "catalogue.rates.hall-ist.likely"),
    ),
    "conventional_first_step_day": (
        "as first_step_day with new orders for every long-lead item",
        (
            "first_step_day",
            "catalogue.lead_times.transformer-order.likely",
            "catalogue.lead_times.genset-order.likely",
        ),
    ),
    "conventional_full_size_day": (
        "as full_size_day with new orders for every long-lead item",
        ("full_size_day", "conventional_first_step_day"),
    ),
    "target_day": ("as the file says", ("schedule.target_day",)),
    "ramp_up": (
        "per day the least of racks brought up, network verified, power and cooling ready, in GPUs",
        ("first_step_day", "peak_w", "power.grid", "power.gensets"),
    ),
    "cost_usd": (
        "parts, cables, people, building; rented parts for 12 months",
        (
            "catalogue.servers.@compute.server.price",
            "catalogue.racks.@compute.rack.price",
            "catalogue.switches.@network.leaf.price",
            "catalogue.prices.fit_out.likely",
            "catalogue.crews.rack.cost",
            "schedule.modes",
        ),
    ),
    "cost_range_usd": (
        "as cost_usd; ranges by trust of each price, added in squares",
        ("cost_usd",),
    ),
    "design": ("counts and watts of the design room", ("racks", "peak_w")),
    "training": (
        "step = 6 x active parameters x tokens / (GPUs x FLOPS x MFU)",
        (
            "training.model.active",
            "training.tokens_per_step",
            "training.mfu",
            "catalogue.gpus.@gpu.dense",
        ),
    ),
    "power": (
        "one-speed plant under the job's power; governors, secondary control, battery with lag and latency",
        ("training", "power.controller", "power.limits", "catalogue.gensets.smt-130.inertia"),
    ),
    "cooling": (
        "hourly balance of a year: fans, pumps, chillers, make-up water, losses of the chain",
        (
            "site.climate.source",
            "cooling.scheme",
            "cooling.supply",
            "catalogue.heat_rejection.@cooling.tower.approach",
        ),
    ),
    "schedule": (
        "activities from the design, serial schedule generation with crews, sampled durations",
        ("first_step_day", "schedule.samples"),
    ),
    "observed": ("plan against what lldpd or ibnetdiscover saw, port by port", ("cables",)),
    "findings": ("what every room found, worst first", ()),
    "seconds": ("wall time per chapter on this machine", ()),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One line of an explanation, with what it was made of."""

    key: str
    value: str
    where: str
    inputs: tuple[Answer, ...] = ()


def explain(campus: Campus, key: str, depth: int = 2) -> Answer:
    """Say where the value of `key` comes from.

    Parameters
    ----------
    campus
        The campus.
    key
        A key of the campus file (`power.grid[1].capacity`), of the catalogue (`catalogue.servers.hgx-h100-lc4u.typical`)
        or of the plan's JSON (`first_step_day`).
    depth
        How many levels of inputs to follow.

    Raises
    ------
    UnknownPartError
        No such key, with the nearest.
    """
    if key in RESULTS:
        how, inputs = RESULTS[key]
        below = tuple(explain(campus, _named(campus, k), depth - 1) for k in inputs) if depth > 0 else ()
        return Answer(key=key, value="result", where=how, inputs=below)
    if key.startswith("catalogue."):
        return _part(campus, key)
    return _entry(campus, key)


def _named(campus: Campus, key: str) -> str:
    if "@gpu" in key:
        return key.replace("@gpu", campus.catalogue.servers[campus.compute.server].gpu)
    found = re.search(r"@([a-z_]+\.[a-z_]+)", key)
    return key.replace(found[0], str(_value(campus, found[1]))) if found else key


def _part(campus: Campus, key: str) -> Answer:
    _, kind, *rest = key.split(".")
    table = getattr(campus.catalogue, kind, None)
    if isinstance(table, dict) and kind != "origins" and not rest:
        return Answer(key=key, value=", ".join(sorted(table)), where="names in the catalogue; ask for one of them")
    if not isinstance(table, dict) or kind == "origins":
        raise unknown(
            "kind of part",
            kind,
            [f.name for f in dataclasses.fields(campus.catalogue) if f.name != "origins"],
        )
    name, field = ".".join(rest[:-1]) or rest[0], rest[-1]
    if name not in table:
        raise unknown(kind, name, table)
    origin = campus.catalogue.origins.get(f"{kind}.{name}.{field}")
    fields = {yaml_key(f.name): getattr(table[name], f.name) for f in dataclasses.fields(table[name])}
    if field not in fields:
        raise unknown("field", field, fields)
    where = "the class's default" if origin is None else f"{origin.trust}, {origin.source} ({origin.as_of})"
    return Answer(key=key, value=_shown(fields[field]), where=where)


def _entry(campus: Campus, key: str) -> Answer:
    value = _value(campus, key)
    place = campus.places.get(key)
    where = f"{campus.file}:{place.line}:{place.column}" if place else "default of gigasite (see `gigasite schema`)"
    return Answer(key=key, value=_shown(value), where=where)


def _value(campus: Campus, key: str) -> Any:
    """Follow a dotted key through the campus."""
    here: Any = campus
    if not re.search(r"\w", key):
        raise UnknownPartError(
            "give a key such as power.grid[1].capacity, catalogue.gpus.h100-sxm.tdp or first_step_day"
        )
    for step in re.findall(r"[^.\[\]]+", "name" if key == "campus" else key):
        if dataclasses.is_dataclass(here) and not isinstance(here, type):
            fields = {yaml_key(f.name): f.name for f in dataclasses.fields(here)}
            if step not in fields:
                raise unknown("key", step, [*fields, *(RESULTS if here is campus else ())])
            here = getattr(here, fields[step])
        elif isinstance(here, tuple) and step.isdigit() and int(step) < len(here):
            here = here[int(step)]
        elif isinstance(here, dict) and step in here:
            here = here[step]
        else:
            raise UnknownPartError(f"'{key}' leads nowhere at '{step}'")
    return here


def _shown(value: Any) -> str:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return ", ".join(f"{yaml_key(f.name)} {_shown(getattr(value, f.name))}" for f in dataclasses.fields(value))
    if isinstance(value, tuple):
        return "; ".join(_shown(v) for v in value) or "none"
    return f"{value:g}" if isinstance(value, float) else str(value)
