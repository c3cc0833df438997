"""What to measure next, so that suspects which cannot be told apart yet can be."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from gigasite._core.table import Column, Schema
from gigasite.cabling.ecmp import routes
from gigasite.cabling.measure import MEASUREMENTS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gigasite.cabling.ecmp import Fabric
    from gigasite.cabling.tomography import Localised

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]

PROBES = Schema(
    "probes",
    (
        Column("src", "String", "host that sends"),
        Column("dst", "String", "host, or switch that answers"),
        Column("via", "String", "switch on the way that the probe must cross; '' where any path will do"),
        Column("packets", "Int64", "that make the answer clear"),
        Column("bits", "Float64", "what its answer is expected to tell"),
        Column("suspects", "Int32", "still open that it can speak for or against"),
    ),
)
MOST_SUSPECTS = 512
"""Looked at in one call, the most certain groups first."""
HOSTS = 2
"""Hosts near each switch from which a probe may start."""
CLEAR = 20.0
"""Losses that are expected of a probe over a suspect; a lossless answer then clears it."""
LEAST_BITS = 1e-3


def measure_next(found: Localised, count: int = 10, *, bounce: bool = True) -> pl.DataFrame:
    """Return the probes that tell most, best first; follows `PROBES`. Empty where nothing is left to tell apart.

    Each probe is chosen for what it is expected to tell beyond those before it: one part of each group is at fault,
    any of them as likely.

    Parameters
    ----------
    found
        From `localise`.
    count
        Probes at most.
    bounce
        Switches answer probes. Else all go from host to host, held to a way by their ports.
    """
    ties = found.suspects.filter((pl.len().over("group") > 1) & (pl.col("link") >= 0)).head(MOST_SUSPECTS)
    if ties.is_empty():
        return pl.DataFrame(schema=PROBES.polars())
    asked = _candidates(found.routes.fabric, ties["link"].to_numpy(), bounce=bounce)
    ways = routes(found.routes.fabric.ends, asked)
    share = (ways.stages @ ways.shares[:, ties["link"].to_numpy()]).toarray()
    rate = ties["rate_frac"].to_numpy()
    # a probe is as long as its weakest part of the way needs
    least = np.min(np.where(share > 0, share * rate, np.inf), axis=1)
    packets = np.where(np.isfinite(least), np.ceil(CLEAR / np.maximum(least, 1e-9)), 0.0)
    seen = 1.0 - np.exp(-packets[:, None] * share * rate)
    cell = ties["group"].to_numpy().astype(np.int64)
    rows, bits, open_ = _greedy(seen, cell, count)
    table = asked[ways.row[rows]].select("src", "dst", "via")
    return PROBES.check(
        table.with_columns(
            packets=pl.Series(packets[rows].astype(np.int64), dtype=pl.Int64),
            bits=pl.Series(bits, dtype=pl.Float64),
            suspects=pl.Series(open_, dtype=pl.Int32),
        )
    )


def _greedy(seen: Floats, cell: Ints, count: int) -> tuple[list[int], list[float], list[int]]:
    """Choose probes one by one; cells of suspects split after each."""
    rows: list[int] = []
    bits: list[float] = []
    open_: list[int] = []
    for _ in range(min(count, len(seen))):
        _, at = np.unique(cell, return_inverse=True)
        size = np.bincount(at)
        member = np.zeros((len(cell), len(size)))
        member[np.arange(len(cell)), at] = 1.0 / size[at]
        # what is learnt of a cell: entropy of the answer less that which stays when the part at fault is known
        told = (_entropy(seen @ member) - _entropy(seen) @ member) @ (size > 1)
        best = int(told.argmax())
        if told[best] < LEAST_BITS:
            break
        live = size[at] > 1
        rows.append(best)
        bits.append(float(told[best]))
        open_.append(int((live & (seen[best] > 0.5)).sum()))
        cell = 2 * at + (seen[best] > 0.5)
    return rows, bits, open_


def _entropy(p: Floats) -> Floats:
    q = np.clip(p, 1e-12, 1.0 - 1e-12)
    out: Floats = -(q * np.log2(q) + (1.0 - q) * np.log2(1.0 - q))
    return out


def _candidates(f: Fabric, links: Ints, *, bounce: bool) -> pl.DataFrame:
    """Return probes from hosts near each suspect to its two devices, or over them to other hosts."""
    devices = np.unique(np.r_[f.a[links], f.z[links]])
    near = {int(d): _hosts(f, int(d)) for d in devices}
    rows: list[tuple[str, str, str]] = []
    for d, hosts in near.items():
        if bounce and f.forwards[d]:
            rows += [(f.nodes[h], f.nodes[d], "") for h in hosts]
    for a, z in zip(f.a[links].tolist(), f.z[links].tolist(), strict=True):
        low, high = (a, z) if len(near[a]) and (not len(near[z]) or _nearer(f, a, z)) else (z, a)
        others = [h for h in near[high] if h not in near[low]] or near[high]
        for h in near[low][:1]:
            if bounce and f.forwards[high]:
                rows.append((f.nodes[h], f.nodes[high], f.nodes[low] if f.forwards[low] else ""))
            else:
                rows += [(f.nodes[h], f.nodes[o], f.nodes[high] if f.forwards[high] else "") for o in others if o != h]
    table = pl.DataFrame(sorted(set(rows)), schema=["src", "dst", "via"], orient="row")
    blank = {c.name: {"String": "", "Float64": 1.0, "Int32": 0}[c.dtype] for c in MEASUREMENTS.columns[3:]}
    made = table.with_columns([pl.lit(v).alias(n) for n, v in blank.items()])
    return made.cast(pl.Schema(MEASUREMENTS.polars()))


def _nearer(f: Fabric, a: int, z: int) -> bool:
    """Say whether `a` is nearer to hosts than `z`: it has hosts of its own, or its neighbours have."""

    def host_links(v: int) -> int:
        return int((~f.forwards[f.to[f.first[v] : f.first[v + 1]]]).sum())

    return (not f.forwards[a], host_links(a)) >= (not f.forwards[z], host_links(z))


def _hosts(f: Fabric, device: int) -> list[int]:
    """Return the hosts nearest to a device, itself if it is one; from different neighbours where there are."""
    if not f.forwards[device]:
        return [device]
    seen, level = {device}, [device]
    out: list[int] = []
    while level and not out:
        further = []
        for v in level:
            mine = f.to[f.first[v] : f.first[v + 1]].tolist()
            hosts = [w for w in mine if not f.forwards[w]]
            out += hosts[: HOSTS if v == device else 1]
            further += [w for w in mine if f.forwards[w] and w not in seen]
        level = sorted(set(further))
        seen |= set(level)
    # the first and the last: under different leaves, or pods
    return sorted({out[0], out[-1]}) if out else []
