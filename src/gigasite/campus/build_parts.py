"""How the build is described: lines of templates, steps of an order, crews that are not always all there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from gigasite.campus.door import DOOR, Count, Fraction, Name, Number, Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Activity:
    """One line of a trade's template: what is done, for each of what, after what."""

    __pydantic_config__ = DOOR
    trade: Name
    each: Name
    """What it is repeated for: campus, hall, row, array, rack, unit, line-up, genset, battery, tower, cdu, ..."""
    rate: Name
    """Entry of `rates`: crew, people, hours of one unit."""
    level: Literal["", "L1", "L2", "L3", "L4", "L5"] = ""
    """Commissioning level: L1 factory test, L2 receipt and installation, L3 start-up, L4 functional, L5 integrated."""
    after: tuple[Text, ...] = ()
    """Activities, or `order ITEM`; `NAME first` waits for the first one alone, `NAME + 24 h` adds a wait."""
    quantity: Text = "1"
    """Units of the rate: a number, or a count of the design such as hall-area or rack-fibre-ends."""
    gang: Count = 0
    """People who share the rate's work; 0: those of the rate."""
    chain: bool = False
    """Each one waits for the one before, as lots that come through one dock do."""
    made: str = ""
    """Name under which what is ready is counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderStep:
    """One step from the order to the gate, as a share of the lead time in each mode."""

    __pydantic_config__ = DOOR
    title: Text
    order_frac: Fraction
    stock_frac: Fraction
    rental_frac: Fraction
    reuse_frac: Fraction
    divert_frac: Fraction
    level: Literal["", "L1", "L2"] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CrewStep:
    """A crew that is not yet at its full strength."""

    __pydantic_config__ = DOOR
    until: Number
    """Project day up to which it has these people."""
    people: Count


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """Days on which the site is closed."""

    __pydantic_config__ = DOOR
    day: Number
    """First project day without work."""
    days: Number = 1.0
