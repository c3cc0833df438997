"""Compiled loops of the samples: luck, durations, risks, fixed logic, and the days that they make.

Activities are numbered by their place in the list that crews follow (predecessors first), so that the number is the
priority. Times are whole slots; they travel as float32, which holds whole numbers to 2^24 (480 years of quarters of an
hour) and whose loops the compiler turns into vector instructions.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gigasite._core.kernel import kernel, tight

Reals = NDArray[np.float32]
Ints = NDArray[np.int32]
Words = NDArray[np.uint64]

LUCKS = 8192  # equally likely values of a standard normal; the distribution function is off by 1/16,384 at most
Z_MOST = 4.5  # beyond, one draw in 150,000
STEPS = 512  # of a table of hours over the normal quantile
_LANES = 4  # samples that share one random word


@tight
def mixed(x: np.uint64) -> np.uint64:
    """Return a word whose bits all depend on all of `x` (the finaliser of SplitMix64: Steele et al., OOPSLA 2014)."""
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


@kernel
def lucks(seed: np.uint64, first: int, uid: Words, normal: Reals, out: Reals) -> None:
    """Fill `out` (n, B) with standard normals: row i, column k is the luck of `uid[i]` in sample `first + k`.

    A draw depends on seed, `uid` and the number of the sample alone (numbers by counter: Salmon et al., SC 2011).
    """
    n, many = out.shape
    for k in range(many):
        number = first + k
        start = mixed(seed + np.uint64(number // _LANES) * np.uint64(0x9E3779B97F4A7C15))
        shift = np.uint64(16 * (number % _LANES))
        for i in range(n):
            word = mixed(start + uid[i] * np.uint64(0x9E3779B97F4A7C15))
            out[i, k] = normal[(word >> shift) & np.uint64(LUCKS - 1)]


@kernel
def durations(
    seed: np.uint64,
    first: int,
    uid: Words,
    normal: Reals,
    common: Reals,
    key: Ints,
    own: Reals,
    shape: Ints,
    tables: Reals,
    low: Reals,
    span: Reals,
    fptr: Ints,
    fidx: Ints,
    factor: Reals,
    dptr: Ints,
    didx: Ints,
    delay: Reals,
    out: Reals,
) -> None:
    """Fill `out` (n, B) with whole slots; B is a multiple of 4 and `first` too.

    Parameters
    ----------
    common
        (keys, B): what activities of one rate have in common, times the root of its share of the variance.
    own
        (n,): the root of the share that is their own.
    shape, tables
        Which table of 0 to 1 over the normal quantile; low + span x table is the duration.
    fptr, fidx, factor, dptr, didx, delay
        Risks that stretch, and that delay each activity (CSR), and their effects (risks, B).
    """
    n, many = out.shape
    scale = np.float32(STEPS / (2.0 * Z_MOST))
    start = np.empty(many // _LANES, np.uint64)
    for g in range(many // _LANES):
        number = np.uint64(first // _LANES + g)
        start[g] = mixed(seed + number * np.uint64(0x9E3779B97F4A7C15))
    for i in range(n):
        step = uid[i] * np.uint64(0x9E3779B97F4A7C15)
        table, c, a, lo, sp = tables[shape[i]], common[key[i]], own[i], low[i], span[i]
        row = out[i]
        for g in range(many // _LANES):
            word = mixed(start[g] + step)
            for lane in range(_LANES):
                k = g * _LANES + lane
                z = c[k] + a * normal[(word >> np.uint64(16 * lane)) & np.uint64(LUCKS - 1)]
                x = (z + np.float32(Z_MOST)) * scale
                x = min(max(x, np.float32(0.0)), np.float32(STEPS - 0.001))
                j = np.int32(x)
                row[k] = lo + sp * (table[j] + (x - np.float32(j)) * (table[j + 1] - table[j]))
        for h in range(fptr[i], fptr[i + 1]):
            f = factor[fidx[h]]
            for k in range(many):
                row[k] *= f[k]
        for h in range(dptr[i], dptr[i + 1]):
            d = delay[didx[h]]
            for k in range(many):
                row[k] += d[k]
        least = np.float32(1.0) if lo + sp > np.float32(0.0) else np.float32(0.0)
        for k in range(many):
            row[k] = max(np.floor(row[k] + np.float32(0.5)), least)


@kernel
def fixed(pptr: Ints, pidx: Ints, plag: Reals, dur: Reals, finish: Reals) -> None:
    """Fill `finish` (n, B): every activity as early as its predecessors let it, however many people that takes."""
    n, many = dur.shape
    for i in range(n):
        row = finish[i]
        for k in range(many):
            row[k] = np.float32(0.0)
        for e in range(pptr[i], pptr[i + 1]):
            before, lag = finish[pidx[e]], plag[e]
            for k in range(many):
                t = before[k] + lag
                row[k] = max(t, row[k])
        mine = dur[i]
        for k in range(many):
            row[k] += mine[k]


@kernel
def effects(
    seed: np.uint64,
    first: int,
    uids: Words,
    normal: Reals,
    threshold: Reals,
    factor: Reals,
    delay: Reals,
    shape: Ints,
    tables: Reals,
    out_factor: Reals,
    out_delay: Reals,
) -> None:
    """Fill what each risk does in each sample (risks, B): a factor and a delay, 1 and 0 where it does not strike.

    Parameters
    ----------
    uids
        (2, risks): whether it strikes, how hard.
    threshold
        Normal quantile below which it strikes.
    factor, delay
        (risks, 2) least and span.
    shape, tables
        (risks, 2): which table of 0 to 1 over the normal quantile the factor and the delay take.
    """
    risks, many = out_factor.shape
    z = np.empty((2, many), np.float32)
    scale = STEPS / (2.0 * Z_MOST)
    for r in range(risks):
        lucks(seed, first, uids[:, r].copy(), normal, z)
        for k in range(many):
            out_factor[r, k], out_delay[r, k] = 1.0, 0.0
            if z[0, k] < threshold[r]:
                x = min(max((z[1, k] + Z_MOST) * scale, 0.0), STEPS - 0.001)
                j = int(x)
                a, b = tables[shape[r, 0]], tables[shape[r, 1]]
                out_factor[r, k] = factor[r, 0] + factor[r, 1] * (a[j] + (x - j) * (a[j + 1] - a[j]))
                out_delay[r, k] = delay[r, 0] + delay[r, 1] * (b[j] + (x - j) * (b[j + 1] - b[j]))


@kernel
def reached(
    ready: NDArray[np.float64],
    amount: NDArray[np.float64],
    unit: NDArray[np.bool_],
    spares: int,
    need: float,
    day: NDArray[np.float64],
    member: Ints,
) -> None:
    """Fill, per sample, the first day on which enough is ready, and the member that made it so; inf and -1 if never.

    Parameters
    ----------
    ready, amount
        (m, B) day of each member, (m,) what it brings.
    unit, spares
        Of members that are units, the `spares` largest that are ready stand by.
    need
        Enough, within a millionth.
    """
    many = ready.shape[1]
    held = np.zeros(spares + 1)
    for k in range(many):
        total, day[k], member[k] = 0.0, np.inf, -1
        held[:] = 0.0
        for i in np.argsort(ready[:, k].copy(), kind="mergesort"):
            gain = amount[i]
            if unit[i]:  # the least of those held and the new one is set free
                at = spares
                held[at] = gain
                while at > 0 and held[at - 1] < held[at]:
                    held[at - 1], held[at] = held[at], held[at - 1]
                    at -= 1
                gain = held[spares]
            total += gain
            if total >= need * (1.0 - 1e-6) and np.isfinite(ready[i, k]):
                day[k], member[k] = ready[i, k], i
                break


@kernel
def walk_links(
    end: Ints, pptr: Ints, pidx: Ints, plag: Reals, dur: Reals, finish: Reals, hits: NDArray[np.int64]
) -> None:
    """Count in `hits` (n,) the activities on the way back from `end[k]` along the links that made each start."""
    for k in range(len(end)):
        i = end[k]
        while i >= 0:
            hits[i] += 1
            start, before = finish[i, k] - dur[i, k], -1
            for e in range(pptr[i], pptr[i + 1]):
                if start > np.float32(0.0) and finish[pidx[e], k] + plag[e] == start:
                    before = pidx[e]
            i = before


def warm() -> None:
    """Compile every kernel."""
    one, two = np.zeros(1, np.int32), np.zeros(2, np.int32)
    normal, row = np.zeros(LUCKS, np.float32), np.zeros(1, np.float32)
    normal.flags.writeable = False  # as `spread.normal`: another type to the compiler
    block, tables = np.zeros((1, _LANES), np.float32), np.zeros((1, STEPS + 1), np.float32)
    seed, uid = np.uint64(1), np.zeros(1, np.uint64)
    lucks(seed, 0, uid, normal, block)
    risks = (two, one, block, two, one, block)
    durations(seed, 0, uid, normal, block, one, row, one, tables, row, row, *risks, block.copy())
    fixed(two, one, row, block, block.copy())
    walk_links(one - 1, two, one, row, block, block, np.zeros(1, np.int64))
    pair = np.zeros((1, 2), np.float32)
    effects(
        seed,
        0,
        np.zeros((2, 1), np.uint64),
        normal,
        row,
        pair,
        pair,
        np.zeros((1, 2), np.int32),
        tables,
        block,
        block.copy(),
    )
    amount = np.ones(1)
    reached(np.zeros((1, 1)), amount, np.ones(1, np.bool_), 0, 1.0, amount.copy(), one.copy())
