"""Risks that strike several activities at once: each has a chance, and stretches or delays what it strikes.

Risk drivers after Hulett (Integrated Cost-Schedule Risk Analysis, 2011): what two activities have in common in bad luck
is named, not a coefficient; the factors of several risks on one activity multiply, delays add.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtri

from gigasite._core.streams import word
from gigasite.schedule import risk_kernels
from gigasite.schedule.spread import normal, tables

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from gigasite.campus.parts import Risk

    Reals = NDArray[np.float32]

LEAD = "lead "  # what the key of a delivery begins with


@dataclass(frozen=True, slots=True, kw_only=True)
class Hazards:
    """Risks laid over a network; an instance is one risk at one place.

    `fptr`, `fidx` list the instances that stretch each activity, `dptr`, `didx` those that delay it (CSR); `names` and
    `risk` say which risk an instance is of; the rest is what `risk_kernels.effects` takes.
    """

    names: tuple[str, ...]
    risk: NDArray[np.int32]
    where: tuple[str, ...]
    uids: NDArray[np.uint64]
    threshold: Reals
    factor: Reals
    delay: Reals
    shape: NDArray[np.int32]
    tables: Reals
    fptr: NDArray[np.int32]
    fidx: NDArray[np.int32]
    dptr: NDArray[np.int32]
    didx: NDArray[np.int32]

    def strike(self, seed: int, first: int, many: int) -> tuple[Reals, Reals]:
        """Return factors and delays (instances, many) of the samples from `first` on."""
        factor, delay = (np.zeros((len(self.risk), many), np.float32) for _ in range(2))
        risk_kernels.effects(
            np.uint64(seed),
            first,
            self.uids,
            normal(),
            self.threshold,
            self.factor,
            self.delay,
            self.shape,
            self.tables,
            factor,
            delay,
        )
        return factor, delay


@dataclass(frozen=True, slots=True, kw_only=True)
class Struck:
    """What risks look at, per activity: key (rate, or `lead ITEM`), crew, mode of its delivery, hall, place.

    `ends` says which ones are followed by none of the same delivery: one in steps is delayed once, at its end.
    """

    keys: Sequence[str]
    crews: Sequence[str]
    modes: Sequence[str]
    halls: Sequence[int]
    places: Sequence[str]
    ends: Sequence[bool]


def lay(risks: Mapping[str, Risk], chances: Mapping[str, float], at: Struck, slot_s: float) -> Hazards:
    """Lay risks over the activities.

    Parameters
    ----------
    risks
        By name.
    chances
        Probabilities [1] that replace the risks' own.
    at
        The activities.
    slot_s
        Of the time grid [s].
    """
    rows: list[tuple[str, str]] = []
    stretched, delayed = [np.zeros((0, 2), np.int64)], [np.zeros((0, 2), np.int64)]
    columns = {name: np.array(getattr(at, name)) for name in Struck.__slots__}
    for name, risk in sorted(risks.items()):
        hit = np.flatnonzero(_struck(risk, columns))
        group = {"campus": np.zeros(len(hit), int), "hall": columns["halls"][hit], "place": columns["places"][hit]}
        places, number = np.unique(group[risk.per].astype(str), return_inverse=True)
        pairs = np.column_stack([hit, len(rows) + number.reshape(-1)])
        if risk.factor != (1.0, 1.0, 1.0):
            stretched.append(pairs)
        if risk.delay_s[2] > 0.0:
            delayed.append(pairs[columns["ends"][hit]])
        rows += [(name, str(p)) for p in places]
    n = len(at.keys)
    both = (*_csr(np.concatenate(stretched), n), *_csr(np.concatenate(delayed), n))
    return _hazards(rows, both, risks, chances, slot_s)


def _csr(pairs: NDArray[np.int64], n: int) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    pairs = pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))]
    ptr = np.concatenate([[0], np.cumsum(np.bincount(pairs[:, 0], minlength=n))]).astype(np.int32)
    return ptr, pairs[:, 1].astype(np.int32)


def _struck(risk: Risk, columns: Mapping[str, NDArray[np.str_]]) -> NDArray[np.bool_]:
    """Return which activities a risk strikes: by rate, by crew, by item and mode of a delivery."""
    mode = np.isin(columns["modes"], risk.modes) if risk.modes else np.ones(len(columns["keys"]), np.bool_)
    hit: NDArray[np.bool_] = np.isin(columns["keys"], risk.rates) | np.isin(columns["crews"], risk.crews)
    out: NDArray[np.bool_] = hit | (np.isin(columns["keys"], [LEAD + item for item in risk.items]) & mode)
    return out


def _hazards(
    rows: list[tuple[str, str]],
    struck: tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]],
    risks: Mapping[str, Risk],
    chances: Mapping[str, float],
    slot_s: float,
) -> Hazards:
    names = tuple(sorted({name for name, _ in rows}))
    each = [risks[name] for name, _ in rows]
    factor = np.array([r.factor for r in each], dtype=np.float64).reshape(-1, 3)
    delay = np.array([r.delay_s for r in each], dtype=np.float64).reshape(-1, 3) / slot_s
    of, made = tables(["triangular"] * (2 * len(rows)), np.concatenate([factor, delay]))
    chance = np.array([chances.get(name, risks[name].probability_frac) for name, _ in rows], dtype=np.float64)
    return Hazards(
        names=names,
        risk=np.array([names.index(name) for name, _ in rows], dtype=np.int32),
        where=tuple(where for _, where in rows),
        uids=np.array(
            [[word(f"{kind} of {name} at {where}") for name, where in rows] for kind in ("chance", "impact")],
            dtype=np.uint64,
        ).reshape(2, -1),
        threshold=ndtri(chance).astype(np.float32),
        factor=np.column_stack([factor[:, 0], factor[:, 2] - factor[:, 0]]).astype(np.float32),
        delay=np.column_stack([delay[:, 0], delay[:, 2] - delay[:, 0]]).astype(np.float32),
        shape=np.ascontiguousarray(of.reshape(2, -1).T),
        tables=made,
        fptr=struck[0],
        fidx=struck[1],
        dptr=struck[2],
        didx=struck[3],
    )
