"""What a shaper is: the load in, a smoother (or shifted) load out, with what that costs.

Shapers act before the plant: in the GPU (power floor and ramp), in its supply (storage), in the job (period, stagger).
A part is one file in `shapers/`: a frozen dataclass of settings with `shape`. They run in the order of the file.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from gigasite._core.registry import Registry

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from gigasite._core.finding import Finding
    from gigasite.power.types import Job


@dataclass(frozen=True, slots=True, kw_only=True)
class Shaped:
    """The load behind a shaper."""

    load_w: NDArray[np.float64]
    """(n,) as the one that came in."""
    extra_j: float
    """Energy that the shaper costs: burnt in floors and ramps, lost in storage."""
    goodput_frac: float
    """Training speed left, of before; 1.0 where the job does not notice."""
    findings: tuple[Finding, ...] = ()


class Shaper(Protocol):
    """One shaper with its settings."""

    def shape(self, load_w: NDArray[np.float64], job: Job, /) -> Shaped:
        """Return the shaped load; `load_w` (n,) is the mean of each step of `job.dt_s` from `job.start_s` on."""
        ...


shapers: Registry[type[Any]] = Registry("gigasite.power.shapers", "shaper")
