"""What adds activities and links to the network: the builder that they fill, and the registry of those that need code.

Most trades are data: `catalogue/activities/*.yaml`, read by `trades/templates.py`.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol

import numpy as np

from gigasite._core.errors import InfeasibleError
from gigasite._core.registry import Registry, unknown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from gigasite.campus.parts import OrderStep
    from gigasite.campus.schema import Campus
    from gigasite.design.types import Design

    Ids = NDArray[np.int64]

DAY_S = 86400.0
SHARES = 1e-6  # by which shares may miss one in sum
REFERENCE_GPUS = 100_000  # the catalogue's crews and rates of arrival are for a campus of this size


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """What activities of one kind have in common."""

    trade: str
    key: str
    """Rate or lead time that the duration comes from."""
    crew: str
    people: int
    level: str = ""


@dataclass(slots=True)
class Builder:
    """The network while it is built: columns of activities in chunks, links in chunks.

    Durations are kept as three-point hours: of a gang's work (`crew` set) or of the clock (`crew` empty).
    """

    campus: Campus
    design: Design
    modes: dict[str, str]
    names: list[str] = field(default_factory=list)
    trades: list[str] = field(default_factory=list)
    places: list[str] = field(default_factory=list)
    crews: list[str] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    levels: list[str] = field(default_factory=list)
    trusts: list[str] = field(default_factory=list)
    people: list[int] = field(default_factory=list)
    hours: list[NDArray[np.float64]] = field(default_factory=list)
    links: list[NDArray[np.int64]] = field(default_factory=list)
    made: dict[str, Ids] = field(default_factory=dict)
    """What trades hand to each other: ids by name, such as `hall ready` in the order of halls."""

    def work(
        self,
        trade: str,
        rate: str,
        places: Sequence[str],
        *,
        quantity: NDArray[np.float64] | float = 1.0,
        gang: int | None = None,
        level: str = "",
    ) -> Ids:
        """Add one activity per place, `quantity` units of `rate` each; `gang` people share the rate's work.

        Returns the new ids, in the order of the places.

        Raises
        ------
        UnknownPartError
            The catalogue has no such rate.
        """
        if rate not in self.campus.catalogue.rates:
            raise unknown("rate", rate, self.campus.catalogue.rates)
        r = self.campus.catalogue.rates[rate]
        share = r.people / gang if gang and r.people else 1.0
        each = np.broadcast_to(np.asarray(quantity, dtype=np.float64), (len(places),)) * share
        crew = "" if r.crew == "none" else r.crew
        kind = Kind(trade=trade, key=rate, crew=crew, people=gang or r.people, level=level)
        hours = each[:, None] * np.array([r.low, r.likely, r.high])
        return self.add(kind, r.title, places, hours, self._trust(f"rates.{rate}.likely"))

    def wait(self, hours: float, before: Ids, after: Ids) -> None:
        """Let each of `after` begin `hours` after its partner: a wait is an activity of its own, without crew."""
        title = f"Wait {hours:g} h after"
        kind = Kind(trade="wait", key="wait", crew="", people=0)
        names = [f"{self.names[b]}, before {self.names[a]}" for b, a in zip(before, after, strict=True)]
        three = np.full((len(names), 3), hours)
        between = self.add(kind, title, names, three)
        self.places[int(between[0]) :] = [self.places[a] for a in after]
        self.link(before, between)
        self.link(between, after)

    def delivery(
        self,
        item: str,
        places: Sequence[str],
        *,
        mode: str | None = None,
        line: str = "campus",
        lag_days: NDArray[np.float64] | float = 0.0,
        not_before: float = 0.0,
    ) -> Ids:
        """Add an order line from its submittals to its receipt, and the arrival of each lot; nobody works.

        The lead time of the mode is split into the shares of the catalogue's `order_steps`; lots come `lag_days` later.

        Raises
        ------
        UnknownPartError
            The catalogue has no lead time of this item in this mode.
        InfeasibleError
            The shares of the mode don't sum to one.
        """
        chosen = mode or self.modes.get(item, "order")
        if f"{item}-{chosen}" not in self.campus.catalogue.lead_times:
            raise unknown("lead time", f"{item}-{chosen}", self.campus.catalogue.lead_times)
        lead = self.campus.catalogue.lead_times[f"{item}-{chosen}"]
        trust = self._trust(f"lead_times.{item}-{chosen}.likely")
        days = np.maximum(np.array([lead.low_s, lead.likely_s, lead.high_s]) / DAY_S, not_before)
        kind = Kind(trade="delivery", key=f"lead {item}", crew="", people=0)
        last = np.zeros(0, np.int64)
        for step, share in self._shares(chosen):
            title, three = f"{step.title} {item} ({chosen})", (days * share * 24.0)[None, :]
            own = replace(kind, level=step.level)
            made = self.add(own, title, [line], three, trust)
            if len(last):
                self.link(last, made)
            last = made
        lag = np.broadcast_to(np.asarray(lag_days, dtype=np.float64), (len(places),))
        hours = np.repeat(lag[:, None] * 24.0, 3, axis=1)
        lots = self.add(kind, f"Deliver {item} ({chosen})", places, hours, trust)
        self.link(last, lots)
        return lots

    def _shares(self, mode: str) -> list[tuple[OrderStep, float]]:
        steps = [(s, float(getattr(s, f"{mode}_frac"))) for s in self.campus.catalogue.order_steps.values()]
        total = sum(share for _, share in steps)
        if abs(total - 1.0) > SHARES:
            text = f"the shares of order_steps in mode {mode} sum to {total:.1%}; make them sum to 100 %"
            raise InfeasibleError(text)
        return steps

    def _trust(self, key: str) -> str:
        origin = self.campus.catalogue.origins.get(key)
        return origin.trust if origin else "estimate"

    def add(
        self,
        kind: Kind,
        title: str,
        places: Sequence[str],
        hours: NDArray[np.float64],
        trust: str = "estimate",
    ) -> Ids:
        """Add one activity per place with its own three-point hours (places, 3); return the new ids."""
        first, n = len(self.names), len(places)
        self.names += [f"{title}: {p}" for p in places]
        self.places += list(places)
        self.trades += [kind.trade] * n
        self.crews += [kind.crew] * n
        self.keys += [kind.key] * n
        self.levels += [kind.level] * n
        self.trusts += [trust] * n
        self.people += [kind.people if kind.crew else 0] * n
        self.hours.append(hours)
        return np.arange(first, first + n, dtype=np.int64)

    def link(self, before: Ids, after: Ids) -> None:
        """Let each of `after` wait for its partner in `before`; a single one is a partner of all."""
        a, b = np.broadcast_arrays(np.atleast_1d(before), np.atleast_1d(after))
        self.links.append(np.column_stack([a, b]))

    def join(self, before: Ids, after: Ids, group: NDArray[np.int64]) -> None:
        """Let `after[group[i]]` wait for `before[i]`."""
        self.links.append(np.column_stack([before, after[group]]))


class Trade(Protocol):
    """Add this trade's activities to the builder; `rank` orders trades: lower ones are built first."""

    rank: int

    def __call__(self, b: Builder, /) -> None:
        """Build."""
        ...


trades: Registry[type[Trade]] = Registry("gigasite.schedule.trades", "trade")
