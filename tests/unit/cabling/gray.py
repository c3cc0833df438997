"""Fabrics of three tiers with gray links, and what probes over them would lose; shared by tests and bench."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from gigasite.cabling.measure import MEASUREMENTS, Measured

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Fabric:
    """Pods of leaves and spines; core switch (s, c) has one link to spine s of each pod."""

    pods: int
    leaves: int
    hosts: int
    spines: int
    cores: int

    @property
    def gpus(self) -> int:
        return self.pods * self.leaves * self.hosts

    @property
    def per_pod(self) -> int:
        return self.leaves * (self.hosts + self.spines) + self.spines * self.cores

    def host_link(self, h: Ints) -> Ints:
        leaf = h // self.hosts
        return leaf // self.leaves * self.per_pod + leaf % self.leaves * (self.hosts + self.spines) + h % self.hosts

    def up_link(self, leaf: Ints, s: Ints) -> Ints:
        return leaf // self.leaves * self.per_pod + leaf % self.leaves * (self.hosts + self.spines) + self.hosts + s

    def core_link(self, pod: Ints, s: Ints, c: Ints) -> Ints:
        return pod * self.per_pod + self.leaves * (self.hosts + self.spines) + s * self.cores + c

    def ends(self) -> pl.DataFrame:
        """The plan, links in the order of their numbers."""
        parts = []
        for p in range(self.pods):
            for v in range(self.leaves):
                leaf, first = f"leaf-{p:02d}-{v:03d}", (p * self.leaves + v) * self.hosts
                parts += [(f"gpu{first + h:06d}", "1", leaf, str(h + 1)) for h in range(self.hosts)]
                parts += [
                    (leaf, str(self.hosts + s + 1), f"spine-{p:02d}-{s:03d}", str(v + 1)) for s in range(self.spines)
                ]
            for s in range(self.spines):
                spine = f"spine-{p:02d}-{s:03d}"
                parts += [
                    (spine, str(self.leaves + c + 1), f"core-{s:03d}-{c:03d}", str(p + 1)) for c in range(self.cores)
                ]
        return pl.DataFrame(parts, schema=["a_node", "a_port", "z_node", "z_port"], orient="row")

    @property
    def links(self) -> int:
        return self.pods * self.per_pod


def drops(
    fabric: Fabric, rng: np.random.Generator, gray_frac: float, rates: tuple[float, float]
) -> tuple[Ints, NDArray]:
    """Gray links, and what each link loses: good ones a millionth, gray ones log-uniformly."""
    bad = np.sort(rng.choice(fabric.links, round(gray_frac * fabric.links), replace=False))
    out = np.full(fabric.links, 1e-6)
    out[bad] = np.exp(rng.uniform(*np.log(rates), len(bad)))
    return bad, out


def _name(stem: str, *parts: tuple[Ints, int]) -> pl.Series:
    texts = [pl.lit(pl.Series(a).cast(pl.String)).str.zfill(n) for a, n in parts]
    return pl.select(pl.concat_str([pl.lit(stem), *texts], separator="-")).to_series()


def _gpu(h: Ints) -> pl.Series:
    return pl.select(pl.lit("gpu") + pl.lit(pl.Series(h).cast(pl.String)).str.zfill(6)).to_series()


def flows(
    fabric: Fabric, rng: np.random.Generator, loss: NDArray, *, per_host: int, sent: int, traced: bool
) -> Measured:
    """Flows between random hosts, each on one path; the path is told, or not."""
    f = fabric
    src = np.repeat(np.arange(f.gpus), per_host)
    dst = rng.integers(0, f.gpus - 1, len(src))
    dst += dst >= src
    a, z = src // f.hosts, dst // f.hosts
    p, q = a // f.leaves, z // f.leaves
    s, c = rng.integers(0, f.spines, len(src)), rng.integers(0, f.cores, len(src))
    keep, up, far = 1.0 - loss, a != z, p != q
    ok = keep[f.host_link(src)] * keep[f.host_link(dst)]
    ok *= np.where(up, keep[f.up_link(a, s)] * keep[f.up_link(z, s)], 1.0)
    ok *= np.where(far, keep[f.core_link(p, s, c)] * keep[f.core_link(q, s, c)], 1.0)
    names = pl.DataFrame(
        {
            "a": _name("leaf", (p, 2), (a % f.leaves, 3)),
            "z": _name("leaf", (q, 2), (z % f.leaves, 3)),
            "s": _name("spine", (p, 2), (s, 3)),
            "t": _name("spine", (q, 2), (s, 3)),
            "c": _name("core", (s, 3), (c, 3)),
            "up": up,
            "far": far,
        }
    )
    way = pl.when("far").then(pl.concat_str("a", "s", "c", "t", "z", separator=" "))
    via = names.select(way.when("up").then(pl.concat_str("a", "s", "z", separator=" ")).otherwise("a")).to_series()
    return _measured(_gpu(src), _gpu(dst), via if traced else None, sent, rng.binomial(sent, 1.0 - ok))


def bounces(fabric: Fabric, rng: np.random.Generator, loss: NDArray, *, times: int, sent: int) -> Measured:
    """Probes that switches answer: `times` from random hosts of a pod to each core switch, as many from each leaf to
    each of its spines; there is one path to each, so that nothing needs to be traced."""
    f, keep = fabric, 1.0 - loss
    pod, s, c = (np.tile(x.ravel(), times) for x in np.mgrid[: f.pods, : f.spines, : f.cores])
    leaf = pod * f.leaves + rng.integers(0, f.leaves, len(pod))
    h = leaf * f.hosts + rng.integers(0, f.hosts, len(pod))
    ok = keep[f.host_link(h)] * keep[f.up_link(leaf, s)] * keep[f.core_link(pod, s, c)]
    g = np.tile(np.arange(f.gpus), times)
    # each host another spine of its leaf, so that all are met
    t = (g % f.hosts * max(1, f.spines // f.hosts) + np.repeat(np.arange(times), f.gpus) * 7) % f.spines
    mine = g // f.hosts
    ok = np.r_[ok, keep[f.host_link(g)] * keep[f.up_link(mine, t)]]
    dst = pl.concat([_name("core", (s, 3), (c, 3)), _name("spine", (mine // f.leaves, 2), (t, 3))])
    return _measured(pl.concat([_gpu(h), _gpu(g)]), dst, None, sent, rng.binomial(sent, 1.0 - ok))


def _measured(src: pl.Series, dst: pl.Series, via: pl.Series | None, sent: int, lost: NDArray) -> Measured:
    n = len(lost)
    empty = pl.Series([""]).new_from_index(0, n)
    table = pl.DataFrame(
        {
            "src": src,
            "dst": dst,
            "via": empty if via is None else via,
            "sent": np.full(n, float(sent)),
            "lost": lost.astype(np.float64),
            "gb_per_s": np.full(n, np.nan),
            "file": empty,
            "line": np.arange(n, dtype=np.int32),
        }
    )
    return Measured(table=MEASUREMENTS.check(table), findings=())


def quality(found: Ints, bad: Ints) -> tuple[float, float]:
    """Precision and recall."""
    hit = len(np.intersect1d(found, bad))
    return hit / max(len(found), 1), hit / max(len(bad), 1)


def best_cut(order: Ints, bad: Ints) -> tuple[float, float]:
    """Precision and recall of a list, cut where its F1 is best: as if one knew where."""
    hit = np.isin(order, bad).cumsum()
    f1 = 2 * hit / (np.arange(1, len(order) + 1) + len(bad))
    return quality(order[: int(f1.argmax()) + 1], bad)
