"""What a class of faults is, and the causes that a diagnosis is made of.

Faults are parts: `faults/` has one file each, which says how the class looks (`find`), what repairs it, and how it is
made for drills and tests (`plant`). They work in stages, see `Stage`; `diagnose.py` calls them in this order.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from gigasite._core.registry import Registry
from gigasite.cabling.hosts import host_name

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gigasite.cabling.lab import Lab
    from gigasite.cabling.match import Bound
    from gigasite.cabling.types import Observed

__all__ = ["Case", "Cause", "Fault", "Stage", "faults"]


class Stage(IntEnum):
    """When a class of faults is looked for: what explains most comes first."""

    IDENTITY = 0
    """Devices that bear each other's names."""
    DEVICE = 1
    """Devices that are dark as a whole."""
    BLOCK = 2
    """Many plugs displaced by one mistake."""
    CABLE = 3
    """Single cables."""
    EVIDENCE = 4
    """Cabled as planned, but something else is wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """One root cause.

    Parameters
    ----------
    kind
        Name of the fault's class in the registry.
    ports
        Every port whose far end, or whose evidence, differs because of it: rows of `Bound.ports`.
    at, belongs
        Plugs that were put into wrong ports: the plug in port `at[i]` belongs into `belongs[i]`.
    names
        Pairs of devices that bear each other's names: numbers in `Bound.nodes`.
    look
        Ports at which it is looked after, where that is not all of `ports`: one of a device that is wrongly set.
    confidence_frac
        How sure, 0 to 1: the share of the evidence that could speak for it and does.
    evidence
        Sentences.
    ties
        Other explanations that the evidence cannot tell apart.
    """

    kind: str
    ports: tuple[int, ...] = ()
    at: tuple[int, ...] = ()
    belongs: tuple[int, ...] = ()
    names: tuple[tuple[int, int], ...] = ()
    look: tuple[int, ...] = ()
    confidence_frac: float = 1.0
    evidence: tuple[str, ...] = ()
    ties: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What is looked at: a plan and what was seen, over one numbering of ports.

    Parameters
    ----------
    bound
        Names of ports and devices, and how each sighting was matched.
    observed
        Evidence: `bound.sight` is the row of `observed.sightings` for each port.
    plan
        Planned far end of each port, -1 for none (n,).
    real
        Far end that the port truly has, as far as is known: symmetric, -1 for none (n,). Faults of later stages see it
        as it is once the causes that were found are undone.
    known
        The state of the port is known: its device reports, or another sees it (n,).
    node
        Device of each port (n,).
    host
        Group of each device (m,): network adapters of one server, which are devices of their own in InfiniBand plans,
        share one; other devices are alone. The number is that of the group's first device.
    unit
        Group of each port's device (n,).
    slot
        Number of the port's name within its group: ports of two groups with one number have one name (n,).
    line
        Rank of the port by group and, within it, by natural order: `swp2` before `swp10` (n,). Ports side by side have
        ranks side by side.
    order, first
        Ports by `line` (n,), and where each group's begin in it (m + 1,).
    elsewhere
        Ports with cables of other networks (k,): dark here, for the plan says nothing of them.
    """

    bound: Bound
    observed: Observed
    plan: NDArray[np.int64]
    real: NDArray[np.int64]
    known: NDArray[np.bool_]
    node: NDArray[np.int64]
    host: NDArray[np.int64]
    unit: NDArray[np.int64]
    slot: NDArray[np.int64]
    line: NDArray[np.int64]
    order: NDArray[np.int64]
    first: NDArray[np.int64]
    elsewhere: NDArray[np.int64]
    memo: dict[str, Any] = field(init=False, default_factory=dict, repr=False, compare=False)
    """What several classes of faults need of this very case, worked out once; a replaced case begins empty."""

    def ports_of(self, unit: int) -> NDArray[np.int64]:
        """Return the ports of a group of devices, in natural order."""
        return self.order[self.first[unit] : self.first[unit + 1]]

    @property
    def bad(self) -> NDArray[np.int64]:
        """Ports whose far end is known to differ from the plan."""
        at = np.flatnonzero(self.plan != self.real)
        plan = self.plan[at]
        out: NDArray[np.int64] = at[self.known[at] | ((plan >= 0) & self.known[plan])]
        return out

    def belongs(self, at: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return where the plugs in ports belong if their cables' far ends are right, -1 where nowhere."""
        far = self.real[at]
        out: NDArray[np.int64] = np.where(far >= 0, self.plan[far], -1)
        return out

    def name(self, unit: int) -> str:
        """Return the name of a group of devices."""
        return host_name(self.bound.nodes[unit])

    def port(self, index: int) -> str:
        """Return `leaf-003 swp7`."""
        row = self.bound.ports.row(index)
        return f"{row[0]} {row[1]}"


class Fault(Protocol):
    """One class of faults."""

    stage: Stage
    signature: str
    """How it looks from the devices."""
    remedy: str
    """What the technician does."""
    verify: str
    """How it is seen that it is done."""

    def find(self, case: Case, /) -> list[Cause]:
        """Return causes of this class, or candidates of which the diagnosis keeps those that explain most."""
        ...

    def plant(self, lab: Lab, rng: np.random.Generator, /) -> bool:
        """Make one such fault where there is room for it; False when there is none."""
        ...


faults: Registry[type[Fault]] = Registry("gigasite.cabling.faults", "fault")
