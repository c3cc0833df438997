"""What a class of faults is, and the causes that a diagnosis is made of.

Faults are parts: `faults/` has one file each, which says how the class looks (`find`), what repairs it, and how it is
made for drills and tests (`plant`). They work in four stages, see `Stage`; `diagnose.py` calls them in this order.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Protocol

from gigasite._core.registry import Registry

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from gigasite.cabling.lab import Lab
    from gigasite.cabling.match import Bound
    from gigasite.cabling.types import Observed

__all__ = ["Case", "Cause", "Fault", "Stage", "faults"]


class Stage(IntEnum):
    """When a class of faults is looked for: what explains most comes first."""

    IDENTITY = 0
    """Devices that bear each other's names."""
    BLOCK = 1
    """Many plugs displaced by one mistake."""
    CABLE = 2
    """Single cables."""
    EVIDENCE = 3
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
    node
        Device of each port (n,).
    place
        Place of the port among those of its device in natural order (`swp2` before `swp10`), from 0 (n,).
    host
        Group of each device (m,): network adapters of one server, which are devices of their own in InfiniBand plans,
        share one; other devices are alone.
    """

    bound: Bound
    observed: Observed
    plan: NDArray[np.int64]
    real: NDArray[np.int64]
    node: NDArray[np.int64]
    place: NDArray[np.int64]
    host: NDArray[np.int64]

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
