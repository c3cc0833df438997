"""Ways to get the long-lead items: which matter for the first step, and the cheap and quick combinations of them.

Links alone decide here (as if there were people for everything at once), so that one combination takes milliseconds;
what looks good is planned with its crews afterwards.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gigasite.schedule import gauge as gauges
from gigasite.schedule import sampling
from gigasite.schedule.cost import OWN, items_usd
from gigasite.schedule.hazards import LEAD
from gigasite.schedule.network import network

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

    from gigasite.campus.schema import Campus
    from gigasite.design.types import Design

    Modes = dict[str, str]
    Reals = NDArray[np.float32]

SAMPLES = 64
MOST_COMBINED = 2000  # combinations that are all tried: a few seconds
KINDS = ("order", "stock", "rental", "reuse", "divert")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ways:
    """Sampled lead times of every item in every mode, and what each costs [USD]; `dur` (n, B) of the file's modes."""

    pack: sampling.Pack
    gauge: gauges.Gauge
    dur: Reals
    lead: dict[tuple[str, str], tuple[NDArray[np.int64], Reals]]
    """(item, mode): the numbers of its deliveries, and their durations (rows, B)."""
    usd: dict[tuple[str, str], float]

    @property
    def items(self) -> tuple[str, ...]:
        """Return the items that have a choice."""
        return tuple(sorted({item for item, _ in self.lead}))

    def of(self, item: str) -> tuple[str, ...]:
        """Return the modes of an item, cheapest first."""
        return tuple(sorted((m for i, m in self.lead if i == item), key=lambda m: (self.usd[item, m], m)))

    def whole(self, item: str, mode: str) -> Reals:
        """Return the lead times as a whole (B,): the steps of an order and what its lots lag, together."""
        out: Reals = self.lead[item, mode][1].sum(axis=0)
        return out

    def days(self, modes: Modes) -> NDArray[np.float64]:
        """Return first-step days (B,) by links alone."""
        dur = self.dur.copy()
        for item, mode in modes.items():
            rows, lead = self.lead[item, mode]
            dur[rows] = lead
        finish = sampling.fixed(self.pack, dur)
        job = gauges.job_days(self.gauge, 0, dur.shape[1])
        return gauges.read(self.gauge, lambda rows: finish[rows].astype(np.float64), job).first_step

    def cost(self, modes: Modes) -> float:
        """Return the cost of the items that have a choice [USD]."""
        return sum(self.usd[item, mode] for item, mode in modes.items())


def ways(campus: Campus, design: Design, bill: pl.DataFrame) -> Ways:
    """Sample every item in every mode that the catalogue has a lead time for."""
    own = dict[str, str](campus.schedule.modes)
    net = network(campus, design, own)
    packs = {OWN: sampling.pack_network(net, net.orders[0], campus, design)}
    leads = campus.catalogue.lead_times.values()
    known = {(x.item, x.mode) for x in leads}
    for kind in KINDS:
        modes = own | {item: kind for item, mode in known if mode == kind}
        other = network(campus, design, modes)
        packs[kind] = sampling.pack_network(other, net.orders[0], campus, design)
    pack, g = packs[OWN], gauges.gauge(campus, design, net, net.orders[0])
    needed = _before(pack, g)
    drawn = {kind: sampling.draw(p, 0, SAMPLES).dur for kind, p in packs.items()}
    lead, usd = {}, {}
    for k, name in enumerate(pack.key_names):
        item = name.removeprefix(LEAD)
        rows = np.flatnonzero((pack.key == k) & needed)
        if item == name or not len(rows):
            continue
        kinds = [kind for kind in KINDS if (item, kind) in known]
        # the file may get one item in several ways: then its own way is one more
        kinds += [OWN] if item not in own and item in {"genset", "battery"} else []
        for kind in kinds:
            lead[item, kind] = rows, drawn[kind][rows]
            usd[item, kind] = items_usd(campus, bill, {item: kind}).get(item, 0.0)
    return Ways(pack=pack, gauge=g, dur=drawn[OWN], lead=lead, usd=usd)


def _before(p: sampling.Pack, g: gauges.Gauge) -> NDArray[np.bool_]:
    """Return which packed activities come before anything that the days are made of."""
    needed = np.zeros(len(p.order), np.bool_)
    needed[np.concatenate([*(group.rows for group in g.groups), g.tested])] = True
    for i in range(len(needed) - 1, -1, -1):
        if needed[i]:
            needed[p.pidx[p.pptr[i] : p.pptr[i + 1]]] = True
    return needed


def quickest(w: Ways) -> Modes:
    """Return the mode with the shortest mean lead time for each item; of two alike the cheaper."""
    return {item: min(w.of(item), key=lambda m: (float(w.lead[item, m][1].mean()), w.usd[item, m])) for item in w.items}


def sensible(w: Ways, item: str) -> tuple[str, ...]:
    """Return the modes of an item without those that another beats: as cheap, and as quick in every sample.

    Cheapest first, so that the last one is the quickest.
    """
    left: list[str] = []
    modes = sorted(w.of(item), key=lambda m: (w.usd[item, m], float(w.lead[item, m][1].mean()), m))
    for mode in modes:
        if not any((w.whole(item, other) <= w.whole(item, mode)).all() for other in left):
            left.append(mode)
    return tuple(left)


def frontier(w: Ways) -> list[tuple[float, Modes]]:
    """Return median day and modes of the combinations that no other beats in both day and cost, earliest first.

    All combinations of sensible modes are tried where there are few; else those on the way from the quickest to the
    cheapest, where step by step the change that saves most for each day lost takes its turn (crashing in reverse:
    Kelley, Operations Research 9, 1961), and all single changes beside that way.
    """
    choices = {item: sensible(w, item) for item in w.items}
    if math.prod(map(len, choices.values())) <= MOST_COMBINED:
        tried = [dict(zip(choices, modes, strict=True)) for modes in itertools.product(*choices.values())]
    else:
        tried = _crashed(w, choices)
    scored = sorted(((_median(w, m), w.cost(m), k) for k, m in enumerate(tried)), key=lambda s: s[:3])
    out: list[tuple[float, Modes]] = []
    cheapest = math.inf
    for day, usd, k in scored:
        if usd < cheapest:
            cheapest = usd
            out.append((day, tried[k]))
    return out


def _crashed(w: Ways, choices: dict[str, tuple[str, ...]]) -> list[Modes]:
    at = {item: modes[-1] for item, modes in choices.items()}  # sensible modes are the quicker the dearer they are
    out, day = [at], _median(w, at)
    while True:
        steps = []
        for item, mode in at.items():
            for other in choices[item]:
                then = at | {item: other}
                out.append(then)
                saved = w.usd[item, mode] - w.usd[item, other]
                if saved > 0:
                    lost = max(_median(w, then) - day, 0.0)
                    steps.append((saved / max(lost, 1e-3), saved, item, other, then))
        if not steps:
            return out
        at = max(steps, key=lambda s: s[:4])[4]
        day = _median(w, at)


def _median(w: Ways, modes: Modes) -> float:
    return float(np.quantile(w.days(modes), 0.5, method="lower"))
