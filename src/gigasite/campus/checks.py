"""What types cannot see: ranges of every number, references to parts, chapters that contradict each other.

The ranges and references themselves stand in `bounds.py`.
"""

from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING, Any

from gigasite._core.quantity import UNITS, show, yaml_key
from gigasite._core.registry import unknown
from gigasite._core.settings import Choice
from gigasite.campus.bounds import BOUNDS, PART_BOUNDS, REFERENCES
from gigasite.campus.nodes import dotted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from gigasite._core.errors import Problem, UnknownPartError
    from gigasite.campus.nodes import Document, Path
    from gigasite.campus.parts import Catalogue
    from gigasite.campus.schema import CampusFile

    Mistakes = Callable[[Choice], list[tuple[str, str]]]


def leaves(value: Any, path: Path = ()) -> Iterator[tuple[Path, str, Any]]:
    """Yield path, field name and value of everything below a chapter that is not a chapter itself."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        for f in dataclasses.fields(value):
            yield from _leaf(getattr(value, f.name), (*path, yaml_key(f.name)), f.name)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _leaf(item, (*path, key), "*")


def _leaf(value: Any, path: Path, field: str) -> Iterator[tuple[Path, str, Any]]:
    if isinstance(value, tuple) and value and dataclasses.is_dataclass(value[0]):
        for i, item in enumerate(value):
            yield from _leaf(item, (*path, i), field)
    elif isinstance(value, Choice):
        yield (*path, "kind"), "kind", value.kind  # its settings are its part's own matter
    elif isinstance(value, dict) or (dataclasses.is_dataclass(value) and path[-1] != "shifts"):
        yield from leaves(value, path)
    else:
        yield path, field, value


def pattern(path: Path) -> str:
    """Return the key of `BOUNDS`: list indices as [], free names of crews and risks as *."""
    text = re.sub(r"\[\d+\]", "[]", dotted(path))
    return re.sub(r"^schedule\.(crews|crew_ramp|week_days|risks)\.[^.\[]+", r"schedule.\1.*", text)


def ranges(file: CampusFile, doc: Document) -> list[Problem]:
    """Return a mistake for every number outside its bounds."""
    return ranges_of(file, (), None, doc)


def part_ranges(catalogue: Catalogue, doc: Document) -> list[Problem]:
    """Return a mistake for every number of the campus's own parts outside its bounds."""
    problems = []
    own = doc.data.get("parts")
    for kind, bounds in PART_BOUNDS.items():
        block = own.get(kind) if isinstance(own, dict) else None
        for name in block if isinstance(block, dict) else ():
            part = getattr(catalogue, kind).get(str(name))
            problems += ranges_of(part, ("parts", kind, str(name)), None, doc, bounds) if part is not None else []
    return problems


def ranges_of(
    value_: Any,
    base: Path,
    names_: Mapping[str, str] | None,
    doc: Document,
    bounds: Mapping[str, tuple[float, float]] = BOUNDS,
) -> list[Problem]:
    """Return a mistake for every number outside its bounds, below `base`; `names_` maps keys to those of `bounds`."""
    problems = []
    for below, field, value in leaves(value_):
        path = (*base, *below)
        key = pattern(below)
        low_high = bounds.get(names_.get(key, "") if names_ is not None else key)
        if low_high is None or value is None or isinstance(value, bool | str):
            continue
        if not low_high[0] <= value <= low_high[1]:
            low, high = (_shown(field, b) for b in low_high)
            problems.append(doc.problem(path, f"must lie between {low} and {high}; found {_shown(field, value)}"))
    return problems


def _shown(field: str, value: float) -> str:
    for suffix, units in UNITS.values():
        if field.endswith(suffix) and field.removesuffix(suffix) == yaml_key(field):
            unit = next(iter(units))
            return f"{value:g} {unit}" if suffix in {"_degc", "_k"} else show(value, unit)
    return f"{value:g}"


def references(file: CampusFile, catalogue: Catalogue, doc: Document) -> list[Problem]:
    """Return a mistake for every name that no part has."""
    problems = []
    for path, _, value in leaves(file):
        kind = REFERENCES.get(pattern(path))
        if kind is not None and isinstance(value, str) and value not in getattr(catalogue, kind):
            error: UnknownPartError = unknown(kind.removesuffix("s"), value, getattr(catalogue, kind))
            problems.append(doc.problem(path, str(error)))
    for key in ("crews", "crew_ramp", "week_days"):
        problems += _keys(getattr(file.schedule, key), catalogue.crews, "crew", ("schedule", key), doc)
    problems += _keys(file.schedule.risks, catalogue.risks, "risk", ("schedule", "risks"), doc)
    items = {lead.item for lead in catalogue.lead_times.values()}
    problems += _keys(file.schedule.modes, items, "long-lead item", ("schedule", "modes"), doc)
    for item, mode in file.schedule.modes.items():
        if item in items and f"{item}-{mode}" not in catalogue.lead_times:
            known = sorted(v.mode for v in catalogue.lead_times.values() if v.item == item)
            message = f"no lead time for {item} by {mode}; known: {', '.join(known)}, or add it under parts.lead_times"
            problems.append(doc.problem(("schedule", "modes", item), message))
    return problems


def _keys(given: Mapping[str, Any], known: Any, kind: str, base: Path, doc: Document) -> list[Problem]:
    return [doc.problem((*base, k), str(unknown(kind, k, known))) for k in given if k not in known]


def names(file: CampusFile, known: Mapping[str, list[str]], doc: Document) -> list[Problem]:
    """Return a mistake for every part of the code (fabric, controller, limit, scheme) that does not exist."""
    problems = []
    for path, _, value in leaves(file):
        choices = known.get(pattern(path))
        if choices is not None and value not in choices:
            kind = str(path[-1]) if path[-1] != "kind" else str(path[-2] if isinstance(path[-2], str) else path[-3])
            problems.append(doc.problem(path, str(unknown(kind.removesuffix("s"), str(value), choices))))
    return problems


def choices(value_: Any, base: Path, parts: Mapping[str, Mistakes], doc: Document) -> list[Problem]:
    """Return a mistake for every setting of a chosen part (controller, limit, shaper) that the part does not take.

    `parts` gives, by key (list indices as []), what finds the mistakes of a choice; unknown kinds are the business of
    `names`.
    """
    problems = []
    for path, choice in kinds(value_, base):
        find = parts.get(pattern(path[len(base) :]))
        for key, message in find(choice) if find is not None else ():
            problems.append(doc.problem((*path, key) if key else path, message))
    return problems


def kinds(value: Any, path: Path) -> Iterator[tuple[Path, Choice]]:
    """Yield path and value of every chosen part."""
    if isinstance(value, Choice):
        yield path, value
    elif isinstance(value, tuple):
        for i, item in enumerate(value):
            yield from kinds(item, (*path, i))
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        for f in dataclasses.fields(value):
            yield from kinds(getattr(value, f.name), (*path, yaml_key(f.name)))


def sense(file: CampusFile, catalogue: Catalogue, doc: Document) -> list[Problem]:
    """Return a mistake for every pair of entries that contradict each other."""
    return [doc.problem(path, message) for rule in _RULES for path, message in rule(file, catalogue)]


Contradictions = list[tuple[tuple[str | int, ...], str]]


def _compute(file: CampusFile, catalogue: Catalogue) -> Contradictions:
    out: Contradictions = []
    c, rack, server = (
        file.compute,
        catalogue.racks.get(file.compute.rack),
        catalogue.servers.get(file.compute.server),
    )
    if rack is not None and c.servers_per_rack > rack.servers:
        out.append(
            (
                ("compute", "servers_per_rack"),
                f"{c.rack} holds {rack.servers} servers, not {c.servers_per_rack}",
            )
        )
    if server is not None and server.gpu not in catalogue.gpus:
        out.append((("compute", "server"), f"its GPU '{server.gpu}' is not in the catalogue"))
    if server is not None and c.halls > (arrays := _arrays(file, server.gpus)):
        out.append((("compute", "halls"), f"{c.halls} halls for {arrays} arrays of racks leave halls empty"))
    elif server is not None and c.arrays_per_hall * (c.halls - 1) >= arrays and c.halls > 1:
        most = (arrays - 1) // (c.halls - 1)
        out.append(
            (("compute", "arrays_per_hall"), f"leaves none of {arrays} arrays for the last hall; at most {most}")
        )
    if file.schedule.first_step_gpus > c.gpus:
        out.append((("schedule", "first_step_gpus"), f"is more than the campus has ({c.gpus})"))
    return out


def _ramps(file: CampusFile, catalogue: Catalogue) -> Contradictions:
    """Return ramps of crews that go back in time or name more people than the crew will have."""
    out: Contradictions = []
    for crew, steps in file.schedule.crew_ramp.items():
        people = file.schedule.crews.get(crew)
        if people is None and crew in catalogue.crews:
            out.append((("schedule", "crew_ramp", crew), f"needs schedule.crews.{crew}: the people at full strength"))
        for i, step in enumerate(steps):
            path = ("schedule", "crew_ramp", crew, i)
            if i and step.until <= steps[i - 1].until:
                out.append(((*path, "until"), f"must be later than day {steps[i - 1].until:g} of the step before"))
            if people is not None and step.people > people:
                out.append(((*path, "people"), f"is more than the {people} people of schedule.crews.{crew}"))
    return out


def _arrays(file: CampusFile, gpus_per_server: int) -> int:
    c = file.compute
    servers = -(-c.gpus // gpus_per_server)
    racks = -(-servers // c.servers_per_rack)
    return -(-racks // c.racks_per_array)


def _network(file: CampusFile, catalogue: Catalogue) -> Contradictions:
    """Return speeds that a switch does not have, and networks that contradict each other."""
    out: Contradictions = []
    net = file.network
    for key, speed in (
        ("leaf", net.speed_bit_per_s),
        ("spine", net.speed_bit_per_s),
        ("core", net.speed_bit_per_s),
        ("supercore", net.speed_bit_per_s),
        ("storage_switch", net.storage_speed_bit_per_s if net.storage_links else 0.0),
        ("inband_switch", net.inband_speed_bit_per_s if net.inband_links else 0.0),
    ):
        part = catalogue.switches.get(getattr(net, key) or "")
        fastest = (part.port_speed_bit_per_s or part.cage_speed_bit_per_s) if part is not None else speed
        if fastest < speed:
            fast, slow = (show(x, "Gb/s") for x in (speed, fastest))
            out.append((("network", key), f"its ports run at {slow} at most, under the links' {fast}"))
    server = catalogue.servers.get(file.compute.server)
    if server is not None and net.planes * net.speed_bit_per_s > server.nic_speed_bit_per_s * (1 + 1e-9):
        links = f"{net.planes} planes of " if net.planes > 1 else "links of "
        fast, nic = (show(x, "Gb/s") for x in (net.speed_bit_per_s, server.nic_speed_bit_per_s))
        out.append((("network", "speed"), f"{links}{fast} are more than the {nic} of a NIC of {file.compute.server}"))
    leaf = catalogue.switches.get(net.management_switch)
    above = [(k, catalogue.switches.get(getattr(net, k))) for k in ("management_spine", "management_core")]
    for key, part in above if net.management_links and leaf is not None else ():
        if part is not None and leaf is not None and part.cage_speed_bit_per_s < leaf.uplink_speed_bit_per_s:
            fast, slow = (show(x, "Gb/s") for x in (leaf.uplink_speed_bit_per_s, part.cage_speed_bit_per_s))
            out.append(
                (("network", key), f"its cages run at {slow}, under the {fast} of {net.management_switch}'s uplinks")
            )
    if net.management_links and leaf is not None and not leaf.uplinks:
        known = ", ".join(sorted(n for n, s in catalogue.switches.items() if s.uplinks))
        out.append((("network", "management_switch"), f"has no uplinks of its own; known with uplinks: {known}"))
    if net.nodes_per_pod and net.nodes_per_unit > net.nodes_per_pod:
        out.append((("network", "nodes_per_unit"), f"is more than nodes_per_pod ({net.nodes_per_pod})"))
    return out


def _training(file: CampusFile, _catalogue: Catalogue) -> Contradictions:
    out: Contradictions = []
    t = file.training
    if t.model.active is not None and t.model.active > t.model.parameters:
        out.append((("training", "model", "active"), "is more than all parameters"))
    if t.wait_tdp_frac >= t.compute_tdp_frac:
        out.append(
            (
                ("training", "wait_tdp"),
                "must be below compute_tdp: waiting takes less power than computing",
            )
        )
    if t.checkpoint.stall_s >= t.checkpoint.every_s:
        out.append((("training", "checkpoint", "stall"), "must be shorter than `every`"))
    return out


def _power(file: CampusFile, _catalogue: Catalogue) -> Contradictions:
    out: Contradictions = []
    days = [g.day for g in file.power.grid]
    for i in range(1, len(days)):
        if days[i] <= days[i - 1]:
            out.append(
                (
                    ("power", "grid", i, "day"),
                    f"must come after day {days[i - 1]:g}: write the steps in order",
                )
            )
    if not any(g.capacity_w for g in file.power.grid) and not any(g.count for g in file.power.gensets):
        out.append((("power",), "has neither grid nor gensets: nothing would carry the load"))
    if file.power.island == "yes" and not any(g.count for g in file.power.gensets):
        out.append((("power", "island"), "an island needs gensets"))
    return out


def _climate(file: CampusFile, _catalogue: Catalogue) -> Contradictions:
    out: Contradictions = []
    c = file.site.climate
    if not c.winter_degc < c.mean_degc < c.summer_degc:
        out.append((("site", "climate"), "needs winter < mean < summer"))
    if c.mean_wet_degc > c.mean_degc or c.summer_wet_degc > c.summer_degc:
        out.append((("site", "climate"), "a wet bulb is never above its dry bulb"))
    return out


def _cooling(file: CampusFile, catalogue: Catalogue) -> Contradictions:
    """Say which units stand in another's place, and which pipes have no bore."""
    out: Contradictions = []
    for key, kind in (("tower", "tower"), ("dry_cooler", "dry-cooler"), ("chiller", "chiller")):
        name = getattr(file.cooling, key)
        unit = catalogue.heat_rejection.get(name)
        if unit is not None and unit.kind != kind:
            fit = ", ".join(sorted(n for n, u in catalogue.heat_rejection.items() if u.kind == kind))
            out.append((("cooling", key), f"'{name}' is a {unit.kind}; a {kind} is wanted: {fit}"))
    dry = catalogue.heat_rejection.get(file.cooling.dry_cooler)
    if file.cooling.scheme == "liquid-to-adiabatic" and dry is not None and not dry.precool_frac:
        pads = ", ".join(sorted(n for n, u in catalogue.heat_rejection.items() if u.precool_frac))
        out.append((("cooling", "dry_cooler"), f"'{file.cooling.dry_cooler}' has no pads (precool); with pads: {pads}"))
    out += [
        (("parts", "pipes", name), "has no bore: its wall must be below 40 % of its outer diameter")
        for name, pipe in catalogue.pipes.items()
        if pipe.wall_m >= 0.4 * pipe.outer_m
    ]
    return out


def _cables(_file: CampusFile, catalogue: Catalogue) -> Contradictions:
    """Say which cables lack what the plan needs: copper its thickness, fibre its modules and its kind."""
    out: Contradictions = []
    for name, cable in catalogue.cables.items():
        path = ("parts", "cables", name)
        fibre = cable.medium in {"multimode", "single-mode"}
        if not fibre and cable.diameter_m is None:
            out.append((path, "copper needs a diameter: trays are filled by it"))
        if fibre and not (cable.fibre and cable.modules and cable.host_modules):
            out.append((path, "fibre needs modules, host_modules and fibre, such as those of sr4-400g"))
        if not cable.lengths or min(cable.lengths) > cable.reach_m:
            out.append((path, "needs a length on sale within its reach"))
        for key, names, known in (
            ("modules", cable.modules, catalogue.modules),
            ("host_modules", cable.host_modules, catalogue.modules),
            ("fibre", (cable.fibre,) if cable.fibre else (), catalogue.fibres),
        ):
            out += [
                ((*path, key), str(unknown(key.split("_")[-1].removesuffix("s"), n, known)))
                for n in names
                if n not in known
            ]
    return out


def _risks(_file: CampusFile, catalogue: Catalogue) -> Contradictions:
    """Return risks of the file that strike nothing that there is, or whose numbers are none of a risk."""
    out: Contradictions = []
    items = {lead.item for lead in catalogue.lead_times.values()}
    known: dict[str, Any] = {"rates": catalogue.rates, "crews": catalogue.crews, "items": items}
    for name, risk in catalogue.risks.items():
        path = ("parts", "risks", name)
        for key, names_ in known.items():
            for given in getattr(risk, key):
                if given not in names_:
                    out.append(((*path, key), str(unknown(key.removesuffix("s"), given, names_))))
        if not (risk.rates or risk.crews or risk.items):
            out.append((path, "strikes nothing: give rates, crews or items"))
        if risk.probability_frac > 1.0:
            out.append(((*path, "probability"), "must lie between 0 % and 100 %"))
        for key, three in (("factor", risk.factor), ("delay", risk.delay_s)):
            if not 0.0 <= three[0] <= three[1] <= three[2]:
                out.append(((*path, key), "needs low, likely and high, none below 0, in this order"))
        if risk.factor[0] <= 0.0:
            out.append(((*path, "factor"), "must be above 0"))
    return out


_RULES: tuple[Callable[[CampusFile, Catalogue], Contradictions], ...] = (
    _compute,
    _ramps,
    _network,
    _training,
    _power,
    _climate,
    _cooling,
    _cables,
    _risks,
)
