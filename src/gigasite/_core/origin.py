"""Where a number comes from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from datetime import date

Trust = Literal["published", "derived", "estimate"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Source of a value.

    Parameters
    ----------
    source
        Paper, standard, data sheet or arithmetic, in words.
    as_of
        Date of the source.
    trust
        `published`: printed by somebody else; `derived`: arithmetic on such numbers; `estimate`: an
        engineer's judgement, to be replaced by the user's own number.
    """

    source: str
    as_of: date
    trust: Trust
