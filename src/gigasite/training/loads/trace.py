"""Trace: a recording."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from gigasite._core.errors import QuantityError
from gigasite._core.settings import setting
from gigasite.training.load_kind import loads
from gigasite.training.measured import read_trace

if TYPE_CHECKING:
    from pathlib import Path

    from gigasite.training.types import LoadTrace


@loads.part("trace")
@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """A recording, as it is or scaled to more GPUs.

    Parameters
    ----------
    file
        CSV or Parquet, relative to the case file; see `gigasite.training.measured`.
    gpus
        GPUs that were measured; 0: as the file says.
    to_gpus
        GPUs whose load is wanted; 0: as measured. All ranks swing together, so power scales with their number.
    other_w
        Power per GPU of the rest of the server and its losses, which the meter did not see [W].
    resolution_s
        Averaging time of the meter [s]; 0: as the file says.
    """

    file: str = ""
    gpus: int = setting(0, 0, 4_000_000)
    to_gpus: int = setting(0, 0, 10_000_000)
    other_w: float = setting(0.0, 0.0, 1e5)
    resolution_s: float = setting(0.0, 0.0, 1e4)

    def __post_init__(self) -> None:
        """Ask for the file."""
        if not self.file:
            raise QuantityError("needs `file`")

    def trace(self, duration_s: float, _seed: int, folder: Path, /) -> LoadTrace:
        """Return the load, cut to the run."""
        found = read_trace(folder / self.file, gpus=self.gpus or None)
        to_gpus = self.to_gpus or found.gpus
        power_w = (found.power_w / found.gpus + self.other_w) * to_gpus
        return replace(
            found,
            power_w=power_w,
            before_w=float(power_w[0]),
            gpus=to_gpus,
            duration_s=min(duration_s, found.duration_s),
            resolution_s=self.resolution_s or found.resolution_s,
        )
