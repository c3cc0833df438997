"""No control: the battery rests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from gigasite.power.controller import controllers
from gigasite.power.kernels import NONE

if TYPE_CHECKING:
    from gigasite.campus.schema import Controller as Settings
    from gigasite.power.controller import Seen


@controllers.part("none")
@dataclass(frozen=True, slots=True, kw_only=True)
class Rest:
    """The case without a battery, to compare with."""

    kind: ClassVar[str] = "none"
    code: ClassVar[int] = NONE

    @classmethod
    def of(cls, _settings: Settings) -> Rest:
        """Make it from the campus file."""
        return cls()

    def tune(self) -> tuple[float, float, float, float]:
        """Return unused settings."""
        return 1.0, 1.0, 1.0, 1.0

    def start(self, _seen: Seen, /) -> None:
        """Keep nothing."""
        return

    def step(self, _state: None, /, seen: Seen) -> tuple[None, float]:  # noqa: ARG002  # the Protocol's name
        """Return 0 W."""
        return None, 0.0
