"""PSU storage: capacitors in the racks' power supplies take the fast part of the load."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gigasite._core.settings import setting
from gigasite.power.shaper import Shaped, shapers
from gigasite.power.shaper_kernels import buffered

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from gigasite.power.types import Job


@shapers.part("psu-storage")
@dataclass(frozen=True, slots=True, kw_only=True)
class PsuStorage:
    """Energy-limited storage per GPU that follows a low-pass of the load; also a UPS in line, with more energy.

    Parameters
    ----------
    energy_j
        Per GPU; 65 J in GB300 power supplies (public engineering note).
    power_w
        Largest charge and discharge per GPU [W]; estimate.
    split_s
        Time constant of the low-pass that is left to the plant [s].
    efficiency_frac
        One way; estimate.
    """

    energy_j: float = setting(65.0, 0.0, 1e9)
    power_w: float = setting(600.0, 0.0, 1e6)
    split_s: float = setting(1.0, 1e-3, 1e4)
    efficiency_frac: float = setting(0.97, 0.5, 1.0)

    def shape(self, load_w: NDArray[np.float64], job: Job, /) -> Shaped:
        """Return the load behind the stores; what they still hold at the end counts as energy spent."""
        share = -math.expm1(-job.dt_s / self.split_s)
        out_w, held_j, lost_j = buffered(
            load_w, share, job.gpus * self.energy_j, job.gpus * self.power_w, self.efficiency_frac, job.dt_s
        )
        return Shaped(load_w=out_w, extra_j=float(held_j + lost_j), goodput_frac=1.0)
