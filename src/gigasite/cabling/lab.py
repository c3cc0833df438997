"""A cabling that is as the plan says, until faults are planted: for drills and tests.

`Lab` is the one thing here that changes: planting is a sequence of mistakes, as on site.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from gigasite.cabling.plugs import carry
from gigasite.cabling.types import OBSERVED_NODES, SIGHTINGS, Observed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from numpy.typing import NDArray

    from gigasite.cabling.fault import Case

_EVIDENCE = {c.name: c.dtype for c in SIGHTINGS.columns if c.name in {
    "age_s", "ttl_s", "width", "speed", "capable", "state", "raw_ber", "effective_ber", "rx_dbm", "rx_lanes_dbm",
    "tx_dbm", "tx_bias_a", "temperature_degc", "link_downs", "symbol_errors",
}}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Planted:
    """A fault that was made: its class and every port whose far end or evidence differs because of it."""

    kind: str
    ports: tuple[int, ...]


@dataclass(slots=True, kw_only=True)
class Lab:
    """Real cabling over the ports of a plan; what it changes is told in `planted`.

    Parameters
    ----------
    case
        The plan, its ports and devices.
    real
        Far end of each port, -1 for none (n,).
    name
        Device whose name each device bears (m,).
    silent
        Devices that give no dump (m,).
    deaf
        Ports that see nothing though a cable leads to them (n,).
    evidence
        Columns of `SIGHTINGS` by name, each (n,).
    cabled, spare
        Ports with a planned cable, and those without, as they are at first.
    busy
        Ports that a planted fault has touched (n,); faults leave those of others alone.
    """

    case: Case
    real: NDArray[np.int64]
    name: NDArray[np.int64]
    silent: NDArray[np.bool_]
    deaf: NDArray[np.bool_]
    busy: NDArray[np.bool_]
    cabled: NDArray[np.int64]
    spare: NDArray[np.int64]
    evidence: dict[str, NDArray[np.generic]] = field(default_factory=dict)
    shown: list[int] = field(default_factory=list)
    """Ports that tell their evidence though they see nobody."""
    planted: list[Planted] = field(default_factory=list)

    def free(self, ports: Sequence[int] | NDArray[np.int64]) -> bool:
        """Say whether no fault has touched these ports and the far ends they have and should have."""
        at = np.asarray(ports, np.int64)
        every = np.concatenate([at, self.real[at], self.case.plan[at]])
        return not self.busy[every[every >= 0]].any()

    def plug(self, at: Sequence[int] | NDArray[np.int64], to: Sequence[int] | NDArray[np.int64]) -> None:
        """Put the plugs in ports `at` into ports `to`, all at once."""
        carry(self.real, np.asarray(at, np.int64), np.asarray(to, np.int64))

    def unplug(self, ports: Iterable[int]) -> None:
        """Take out the cables in these ports."""
        for p in ports:
            if self.real[p] >= 0:
                self.real[self.real[p]] = -1
                self.real[p] = -1

    def set(self, column: str, ports: Sequence[int], value: float | str) -> None:
        """Let ports show a value of a column of `SIGHTINGS`."""
        if column not in self.evidence:
            blank = "" if _EVIDENCE[column] == "String" else np.nan
            self.evidence[column] = np.full(len(self.real), blank, object if blank == "" else np.float64)
        self.evidence[column][list(ports)] = value

    def normal(self, column: str, value: float | str | Callable[[int], NDArray[np.generic]]) -> None:
        """Let all ports show a healthy value of a column, unless it is shown already: faults stand out against it."""
        if column not in self.evidence:
            made = value(len(self.real)) if callable(value) else value
            self.evidence[column] = np.full(len(self.real), made, object if isinstance(made, str) else np.float64)

    def tell(self, kind: str, ports: Iterable[int]) -> bool:
        """Note a planted fault, and keep others off its ports; True."""
        mine = sorted({int(p) for p in ports if p >= 0})
        around = np.array(mine, np.int64)
        around = np.concatenate([around, self.real[around], self.case.plan[around]])
        self.busy[around[around >= 0]] = True
        self.planted.append(Planted(kind=kind, ports=tuple(mine)))
        return True


def lab(case: Case) -> Lab:
    """Return a cabling as the plan of a case says."""
    n, m = len(case.plan), len(case.host)
    return Lab(
        case=case,
        real=case.plan.copy(),
        name=np.arange(m),
        silent=np.zeros(m, bool),
        deaf=np.zeros(n, bool),
        busy=np.zeros(n, bool),
        cabled=np.flatnonzero(case.plan >= 0),
        spare=np.flatnonzero(case.plan < 0),
    )


def seen(made: Lab) -> Observed:
    """Return what the devices of a lab would say, as one links table."""
    case = made.case
    lit = (made.real >= 0) & ~made.deaf
    told = lit.copy()
    told[made.shown] = True
    at = np.flatnonzero(told & ~made.silent[case.node])
    far = np.where(lit[at], made.real[at], -1)
    names = pl.Series(case.bound.nodes, dtype=pl.String)
    node = names.gather(made.name[case.node])
    port = case.bound.ports["port"]
    columns = {
        "node": node.gather(at),
        "port": port.gather(at),
        "seen_node": _text(node, far),
        "seen_port": _text(port, far),
        "protocol": pl.Series(np.where(far >= 0, "lldp", ""), dtype=pl.String),
        **{n: pl.Series(v[at].tolist(), dtype=getattr(pl, _EVIDENCE[n])) for n, v in made.evidence.items()},
    }
    same = {"port_raw": "port", "seen_port_raw": "seen_port", "identity": "seen_node"}
    columns |= {new: columns[old] for new, old in same.items()}
    columns |= {"identity_kind": pl.Series(np.where(far >= 0, "name", ""), dtype=pl.String)}
    blank: dict[str, object] = {"String": "", "Float64": float("nan"), "Int32": 0}
    table = pl.DataFrame(columns).with_columns(
        pl.lit(blank[c.dtype], getattr(pl, c.dtype)).alias(c.name) for c in SIGHTINGS.columns if c.name not in columns
    )
    return Observed(
        sightings=SIGHTINGS.check(table.select(SIGHTINGS.polars().keys())),
        nodes=pl.DataFrame(schema=OBSERVED_NODES.polars()),
        files=1,
        readers={"lab": 1},
        findings=(),
    )


def _text(texts: pl.Series, at: NDArray[np.int64]) -> pl.Series:
    """Return the texts at positions, "" for -1."""
    return texts.gather(pl.Series(at).replace(-1, None)).fill_null("")
