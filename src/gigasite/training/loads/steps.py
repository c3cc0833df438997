"""Steps: levels from given moments on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from gigasite._core.errors import QuantityError
from gigasite._core.quantity import UNITS, Quantity, show
from gigasite._core.settings import of_kind, setting
from gigasite.training.load_kind import loads
from gigasite.training.types import LoadTrace

if TYPE_CHECKING:
    from pathlib import Path


MOST = {"power": 1e11, "duration": 1e7}
"""As of the other loads."""


def _list(dimension: str) -> Any:
    quantity = Quantity(dimension)

    def many(raw: Any) -> tuple[float, ...]:
        if not isinstance(raw, list) or not raw:
            unit = "[1 s, 5 s]" if dimension == "duration" else "[120 MW, 80 MW]"
            raise QuantityError(f"needs a list such as {unit}, found {str(raw)[:40]!r}")
        values = tuple(quantity.parse(item) for item in raw)
        if max(values) > MOST[dimension]:
            unit = next(iter(UNITS[dimension][1]))
            raise QuantityError(f"must not be above {show(MOST[dimension], unit)}, found {show(max(values), unit)}")
        return values

    return many


@loads.part("steps")
@dataclass(frozen=True, slots=True, kw_only=True)
class Steps:
    """Levels from given moments on.

    Parameters
    ----------
    before_w
        Level before the first moment [W].
    at, power
        Moments [s], ascending, and the level from each on [W].
    edge_s
        Standard deviation of an edge [s].
    """

    before_w: float = setting(100e6, 0.0, 1e11)
    at: tuple[float, ...] = of_kind((1.0,), _list("duration"))
    power: tuple[float, ...] = of_kind((120e6,), _list("power"))
    edge_s: float = setting(0.0, 0.0, 10.0)

    def __post_init__(self) -> None:
        """Check the lists against each other."""
        if len(self.at) != len(self.power):
            raise QuantityError(f"`at` has {len(self.at)} moments and `power` {len(self.power)} levels")
        if any(b <= a for a, b in zip(self.at, self.at[1:], strict=False)):
            raise QuantityError("`at` must ascend")

    def trace(self, duration_s: float, _seed: int, _folder: Path, /) -> LoadTrace:
        """Return the load."""
        return LoadTrace(
            kind="edges",
            at_s=np.array(self.at),
            power_w=np.array(self.power),
            before_w=self.before_w,
            edge_s=self.edge_s,
            duration_s=duration_s,
            resolution_s=self.edge_s,
            source="steps",
            gpus=1,
            phases=(),
            step=None,
        )
