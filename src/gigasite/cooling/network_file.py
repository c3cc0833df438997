"""The exchange format of pipe networks, `gigasite-network/1`: read with every mistake named, and results written."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from gigasite._core.errors import CampusFileError, InputFileError, Problem
from gigasite._core.files import read_text
from gigasite.cooling.network import KINDS, PIPE, PUMP, VALVE, Network

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from gigasite.cooling.network import Flow

FORMAT, RESULT = "gigasite-network/1", "gigasite-network-result/1"
MOST_BYTES = 1024**3
_TABLES = {PIPE: "pipes", VALVE: "valves", PUMP: "pumps"}
_POSITIVE, _ANY, _NOT_NEGATIVE = "above 0", "a number", "0 or more"
# columns of each table, what they may be, and what they are where absent (None: they must be given)
_NUMBERS: dict[int, dict[str, tuple[str, float | None]]] = {
    PIPE: {
        "length_m": (_POSITIVE, None), "diameter_m": (_POSITIVE, None), "roughness_m": (_NOT_NEGATIVE, None),
        "loss_k": (_NOT_NEGATIVE, 0.0),
    },
    VALVE: {"diameter_m": (_POSITIVE, None), "loss_k": (_NOT_NEGATIVE, None)},
    PUMP: {
        "dp_shutoff_pa": (_POSITIVE, None), "dp_drop_pa_s2_per_m6": (_NOT_NEGATIVE, None),
        "speed_frac": (_NOT_NEGATIVE, 1.0),
    },
}  # fmt: skip
# what no plant reaches: a slip of units is named before it drowns the solver
_MOST = {
    "length_m": 1e7, "diameter_m": 50.0, "roughness_m": 1.0, "loss_k": 1e12, "dp_shutoff_pa": 1e9,
    "dp_drop_pa_s2_per_m6": 1e15, "speed_frac": 10.0, "elevation_m": 1e5, "demand_m3_per_s": 1e5, "pressure_pa": 1e9,
    "density_kg_per_m3": 2e4, "dynamic_viscosity_pa_s": 1e3,
}  # fmt: skip
_LEAST = {"diameter_m": 1e-5, "length_m": 1e-4, "density_kg_per_m3": 1e-2, "dynamic_viscosity_pa_s": 1e-7}
_SWITCH = {PIPE: "open", VALVE: "open", PUMP: "running"}
_NODE = {"id", "kind", "elevation_m", "demand_m3_per_s", "pressure_pa"}
MOST_PROBLEMS = 50


@dataclass(slots=True)
class _Reader:
    """The text, and the mistakes found in it."""

    file: str
    text: str
    problems: list[Problem] = field(default_factory=list)

    def wrong(self, key: str, message: str, near: str = "") -> None:
        """Note a mistake; `near` is an id whose line is told."""
        at = self.text.find(json.dumps(near)) if near else -1
        line = self.text.count("\n", 0, at) + 1 if at >= 0 else 0
        if len(self.problems) <= MOST_PROBLEMS:
            self.problems.append(Problem(file=self.file, line=line, column=1 if line else 0, key=key, message=message))

    def number(self, entry: dict[str, Any], key: str, path: str, rule: str, absent: float | None) -> float:
        """Return a number of an entry, NaN where it is wrong."""
        value = entry.get(key, absent)
        name = str(entry.get("id", ""))
        if value is None:
            self.wrong(f"{path}.{key}", f"is missing; give {rule} in SI units", name)
            return math.nan
        ok = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e300
        if ok and value and not _LEAST.get(key, 0.0) <= abs(value) <= _MOST[key]:
            least = f"{_LEAST[key]:g} to " if key in _LEAST else "at most "
            self.wrong(f"{path}.{key}", f"{value:g} is no such thing: {least}{_MOST[key]:g} in SI units", name)
            return math.nan
        if not ok or (rule == _POSITIVE and value <= 0) or (rule == _NOT_NEGATIVE and value < 0):
            self.wrong(f"{path}.{key}", f"must be {rule}, not {json.dumps(value)[:40]}", name)
            return math.nan
        return float(value)


def read_network(path: Path) -> Network:
    """Read a network.

    Raises
    ------
    InputFileError
        The file is absent, or no JSON, with line.
    CampusFileError
        All mistakes in it, each with line and key.
    """
    text = read_text(path, MOST_BYTES)
    try:
        data = json.loads(text, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise InputFileError(str(path), error.lineno, f"is no JSON: {error.msg}") from error
    except (ValueError, RecursionError) as error:
        raise InputFileError(str(path), 0, f"is no JSON of numbers: {str(error)[:80]}") from error
    reader = _Reader(str(path), text)
    network = _network(reader, data) if isinstance(data, dict) else None
    if not isinstance(data, dict):
        reader.wrong("", "must be one object")
    if reader.problems or network is None:
        raise CampusFileError(reader.problems)
    return network


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is no number")


def _network(r: _Reader, data: dict[str, Any]) -> Network | None:
    if data.get("format") != FORMAT:
        r.wrong("format", f"must be '{FORMAT}', not {json.dumps(data.get('format'))[:40]}")
    known = {"format", "name", "fluid", "nodes", *_TABLES.values()}
    for key in sorted(set(data) - known):
        r.wrong(key, f"is not known; known are {', '.join(sorted(known))}")
    fluid = data.get("fluid")
    if not isinstance(fluid, dict):
        r.wrong("fluid", "must be an object with density_kg_per_m3 and dynamic_viscosity_pa_s")
        fluid = {"density_kg_per_m3": 1.0, "dynamic_viscosity_pa_s": 1.0}
    rho = r.number(fluid, "density_kg_per_m3", "fluid", _POSITIVE, None)
    mu = r.number(fluid, "dynamic_viscosity_pa_s", "fluid", _POSITIVE, None)
    nodes = _entries(r, data, "nodes")
    at = _ids(r, nodes, "nodes", {})
    held = [_node(r, e, f"nodes[{i}]") for i, e in enumerate(nodes)]
    links = {kind: _entries(r, data, table) for kind, table in _TABLES.items()}
    seen: dict[str, int] = {}
    for kind, entries in links.items():
        _ids(r, entries, _TABLES[kind], seen)
    rows = [_link(r, e, kind, f"{_TABLES[kind]}[{i}]", at) for kind, es in links.items() for i, e in enumerate(es)]
    if nodes and not any(not math.isnan(h[2]) for h in held):
        r.wrong("nodes", "has no node of kind fixed: pressures hang on nothing; add a vessel with pressure_pa")
    if not nodes:
        r.wrong("nodes", "is empty")
    if r.problems:
        return None
    table = np.array([row[3:] for row in rows], np.float64).reshape(-1, 7)
    whole = np.array([row[:3] for row in rows], np.int64).reshape(-1, 3)
    node = np.array(held, np.float64).reshape(-1, 3)
    return Network(
        name=str(data.get("name", "")), density_kg_per_m3=rho, viscosity_pa_s=mu,
        node_ids=tuple(at), link_ids=tuple(seen),
        elevation_m=node[:, 0], demand_m3_per_s=node[:, 1], fixed_pa=node[:, 2],
        kind=whole[:, 0].astype(np.int8), start=whole[:, 1], end=whole[:, 2],
        length_m=table[:, 0], diameter_m=table[:, 1], roughness_m=table[:, 2], loss_k=table[:, 3],
        shutoff_pa=table[:, 4], drop_pa_s2_per_m6=table[:, 5], speed_frac=np.abs(table[:, 6]),
        open_=~np.signbit(table[:, 6]),
    )  # fmt: skip


def _entries(r: _Reader, data: dict[str, Any], name: str) -> list[dict[str, Any]]:
    found = data.get(name, [])
    if not isinstance(found, list) or not all(isinstance(e, dict) for e in found):
        r.wrong(name, "must be a list of objects")
        return []
    return found


def _ids(r: _Reader, entries: Sequence[dict[str, Any]], name: str, seen: dict[str, int]) -> dict[str, int]:
    """Return the number of each id; doubles and absent ones are mistakes."""
    for i, entry in enumerate(entries):
        key = entry.get("id")
        if not isinstance(key, str) or not key:
            r.wrong(f"{name}[{i}].id", "must be a text that is not empty")
        elif key in seen:
            r.wrong(f"{name}[{i}].id", f"'{key[:60]}' is used twice", key)
        seen[str(key)] = len(seen)
    return seen


def _node(r: _Reader, e: dict[str, Any], path: str) -> tuple[float, float, float]:
    """Return elevation, demand and held pressure (NaN where free)."""
    kind = e.get("kind", "junction")
    if not isinstance(kind, str) or kind not in {"junction", "fixed"}:
        r.wrong(f"{path}.kind", f"must be 'junction' or 'fixed', not {json.dumps(kind)[:40]}", str(e.get("id", "")))
    for key in sorted(set(e) - _NODE):
        r.wrong(f"{path}.{key}", f"is not known; known are {', '.join(sorted(_NODE))}", str(e.get("id", "")))
    z = r.number(e, "elevation_m", path, _ANY, 0.0)
    q = r.number(e, "demand_m3_per_s", path, _ANY, 0.0)
    return z, q, r.number(e, "pressure_pa", path, _ANY, None) if kind == "fixed" else math.nan


def _link(r: _Reader, e: dict[str, Any], kind: int, path: str, at: dict[str, int]) -> tuple[float, ...]:
    """Return kind, both nodes, then length, diameter, roughness, loss, shut-off, drop, and speed, below 0 when shut."""
    name = str(e.get("id", ""))
    ends = []
    for key in ("from", "to"):
        node = e.get(key)
        if not isinstance(node, str) or node not in at:
            r.wrong(f"{path}.{key}", f"names no node: {json.dumps(node)[:60]}", name)
        ends.append(at.get(node, 0) if isinstance(node, str) else 0)
    if ends[0] == ends[1] and e.get("from") == e.get("to"):
        r.wrong(path, "begins and ends at one node", name)
    columns, switch = _NUMBERS[kind], _SWITCH[kind]
    for key in sorted(set(e) - {"id", "from", "to", switch, *columns}):
        r.wrong(f"{path}.{key}", f"is not known; known are {', '.join([switch, *columns])}", name)
    on = e.get(switch, True)
    if not isinstance(on, bool):
        r.wrong(f"{path}.{switch}", "must be true or false", name)
    v = {key: r.number(e, key, path, rule, absent) for key, (rule, absent) in columns.items()}
    speed = v.get("speed_frac", 1.0)
    return (
        kind, *ends, v.get("length_m", 0.0), v.get("diameter_m", 0.0), v.get("roughness_m", 0.0), v.get("loss_k", 0.0),
        v.get("dp_shutoff_pa", 0.0), v.get("dp_drop_pa_s2_per_m6", 0.0), math.copysign(speed, 1 if on is True else -1),
    )  # fmt: skip


def result_json(network: Network, flow: Flow) -> dict[str, Any]:
    """Return a state in the exchange format; a pressure that nothing fixes is null."""
    out: dict[str, Any] = {
        "format": RESULT,
        "name": network.name,
        "iterations": flow.iterations,
        "residual_m3_per_s": flow.residual_m3_per_s,
        "nodes": {
            name: {"pressure_pa": None if math.isnan(p) else p}
            for name, p in zip(network.node_ids, flow.pressure_pa.tolist(), strict=True)
        },
    }
    for kind in range(len(KINDS)):
        at = np.flatnonzero(network.kind == kind)
        out[_TABLES[kind]] = {
            network.link_ids[i]: {"flow_m3_per_s": q} for i, q in zip(at.tolist(), flow.flow_m3_per_s[at], strict=True)
        }
    return out | {"findings": [f.to_json() for f in flow.findings]}


def network_json(net: Network) -> dict[str, Any]:
    """Return a network as the exchange format has it."""
    free = np.isnan(net.fixed_pa)
    nodes: list[dict[str, Any]] = []
    for i, name in enumerate(net.node_ids):
        node: dict[str, Any] = {"id": name, "kind": "junction" if free[i] else "fixed"}
        node["elevation_m"] = float(net.elevation_m[i])
        node["demand_m3_per_s" if free[i] else "pressure_pa"] = float(
            (net.demand_m3_per_s if free[i] else net.fixed_pa)[i]
        )
        nodes.append(node)
    fluid = {"name": "", "density_kg_per_m3": net.density_kg_per_m3, "dynamic_viscosity_pa_s": net.viscosity_pa_s}
    out: dict[str, Any] = {"format": FORMAT, "name": net.name, "fluid": fluid, "nodes": nodes}
    fields = {"dp_shutoff_pa": "shutoff_pa", "dp_drop_pa_s2_per_m6": "drop_pa_s2_per_m6"}
    for kind, table in _TABLES.items():
        columns = {key: getattr(net, fields.get(key, key)) for key in _NUMBERS[kind]}
        out[table] = [
            {"id": net.link_ids[i], "from": net.node_ids[net.start[i]], "to": net.node_ids[net.end[i]]}
            | {key: float(column[i]) for key, column in columns.items()}
            | {_SWITCH[kind]: bool(net.open_[i])}
            for i in np.flatnonzero(net.kind == kind).tolist()
        ]
    return out
