"""The site's meter: load, source and frequency from a register map."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from gigasite.field.battery.assemble import Metered
    from gigasite.field.battery.device import Field


@dataclass(frozen=True, slots=True, kw_only=True)
class Meter:
    """Where the meter's values lie."""

    reads: tuple[tuple[int, int], ...]
    fields: Mapping[str, Field]

    def decode(self, answers: Sequence[bytes]) -> Metered:
        """Take the answers apart."""
        from gigasite.field.battery.assemble import Metered

        return Metered(**{k: f.value(answers)[0] for k, f in self.fields.items()}, age_s=0.0)


def meter_of(path: Path) -> Meter:
    raise NotImplementedError
