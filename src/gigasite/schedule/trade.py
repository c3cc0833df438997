"""What a trade is: a function that adds its activities and links to the network, one file each in `trades/`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import numpy as np

from gigasite._core.registry import Registry, unknown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from gigasite.campus.schema import Campus
    from gigasite.design.types import Design

    Ids = NDArray[np.int64]

DAY_S = 86400.0
REFERENCE_GPUS = 100_000  # the catalogue's crews and rates of arrival are for a campus of this size


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
        origin = self.campus.catalogue.origins.get(f"rates.{rate}.likely")
        share = r.people / gang if gang and r.people else 1.0
        each = np.broadcast_to(np.asarray(quantity, dtype=np.float64), (len(places),)) * share
        three = each[:, None] * np.array([r.low, r.likely, r.high])
        crew = "" if r.crew == "none" else r.crew
        return self._add(
            trade=trade,
            key=rate,
            title=r.title,
            places=places,
            crew=crew,
            people=gang or r.people,
            hours=three,
            trust=origin.trust if origin else "estimate",
        )

    def delivery(
        self,
        item: str,
        places: Sequence[str],
        *,
        mode: str | None = None,
        lag_days: NDArray[np.float64] | float = 0.0,
        not_before: float = 0.0,
    ) -> Ids:
        """Add the delivery of an item: lead time in its mode (plus a lag per lot), nobody works.

        Raises
        ------
        UnknownPartError
            The catalogue has no lead time of this item in this mode.
        """
        chosen = mode or self.modes.get(item, "order")
        if f"{item}-{chosen}" not in self.campus.catalogue.lead_times:
            raise unknown("lead time", f"{item}-{chosen}", self.campus.catalogue.lead_times)
        lead = self.campus.catalogue.lead_times[f"{item}-{chosen}"]
        origin = self.campus.catalogue.origins.get(f"lead_times.{item}-{chosen}.likely")
        days = np.array([lead.low_s, lead.likely_s, lead.high_s]) / DAY_S
        lag = np.broadcast_to(np.asarray(lag_days, dtype=np.float64), (len(places),))
        three = np.maximum(days[None, :], not_before) + lag[:, None]
        return self._add(
            trade="delivery",
            key=f"lead {item}",
            title=f"Deliver {item} ({chosen})",
            places=places,
            crew="",
            people=0,
            hours=three * 24.0,
            trust=origin.trust if origin else "estimate",
        )

    def _add(
        self,
        *,
        trade: str,
        key: str,
        title: str,
        places: Sequence[str],
        crew: str,
        people: int,
        hours: NDArray[np.float64],
        trust: str,
    ) -> Ids:
        first, n = len(self.names), len(places)
        self.names += [f"{title}: {p}" for p in places]
        self.places += list(places)
        self.trades += [trade] * n
        self.crews += [crew] * n
        self.keys += [key] * n
        self.trusts += [trust] * n
        self.people += [people if crew else 0] * n
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


def halls(b: Builder) -> list[str]:
    """Return the halls' names."""
    return [f"H{h.hall}" for h in b.design.halls]
