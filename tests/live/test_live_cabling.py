"""Planted faults read back from real lldpd and real ibnetdiscover: what is bound is what is cabled, and causes are found."""

from __future__ import annotations

import os
import subprocess
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from gigasite.cabling import Bound, diagnose, observe
from gigasite.cabling.fault import faults
from gigasite.cabling.inject import Drill, inject
from gigasite.cabling.lab import Lab

pytestmark = pytest.mark.live

Discover = Callable[[Lab], tuple[str, float]]
Daemons = Callable[[Lab], Path]
Tree = Callable[..., pl.DataFrame]
Links = set[frozenset[tuple[str, str]]]
BY_NEIGHBOURS = [
    "cycle", "dead_node", "identity_swap", "missing", "moved", "port_group_offset", "rail_shift", "swap",
    "trunk_reversed", "trunk_swap", "unplanned",
]  # fmt: skip
"""Classes that show in who sees whom."""


def really(lab: Lab) -> Links:
    """Cables as they are, by the names that devices bear; one with a deaf end counts when the other end hears."""
    rows, case = lab.case.bound.ports.rows(), lab.case
    names = [case.bound.nodes[i] for i in lab.name.tolist()]
    tells = ~lab.deaf & ~lab.silent[case.node]
    p = np.flatnonzero(lab.real >= 0)
    p = p[(p < lab.real[p]) & (tells[p] | tells[lab.real[p]])]
    return {frozenset((names[case.node[i]], rows[i][1]) for i in (a, int(lab.real[a]))) for a in p.tolist()}


def seen(bound: Bound) -> Links:
    rows = bound.ports.rows()
    return {frozenset((rows[a][:2], rows[z][:2])) for a, z in enumerate(bound.seen_peer.tolist()) if z >= 0}


def causes(drill: Drill, ends: pl.DataFrame, dumps: Path) -> tuple[Counter[Any], Counter[Any]]:
    d = diagnose(ends, observe(dumps))
    planted, rows = drill.lab.case.bound.ports.rows(), d.bound.ports.rows()
    want = Counter((p.kind, tuple(sorted(planted[i][:2] for i in p.ports))) for p in drill.lab.planted)
    got = Counter((c.kind, tuple(sorted(rows[i][:2] for i in c.ports))) for c in d.causes)
    assert seen(d.bound) == really(drill.lab)
    return got, want


def several(ends: pl.DataFrame, kinds: list[str], each: int, seed: int) -> Drill:
    """A drill with faults of every class that fits."""
    drill = inject(ends, rate_frac=1e-9, seed=seed, kinds=kinds[:1])
    rng = np.random.default_rng(seed)
    for kind in kinds[1:] + kinds * (each - 1):
        faults[kind]().plant(drill.lab, rng)
    return drill


@pytest.mark.parametrize("seed", [2, 3])
def test_infiniband_of_two_thousand_hosts(ibnetdiscover: Discover, tree: Tree, tmp_path: Path, seed: int) -> None:
    ends = tree(32, 64, 16, 2, infiniband=True)
    assert ends["a_node"].n_unique() == 64 * 32 + 64
    drill = several(ends, [*BY_NEIGHBOURS, "slow_link"], 2, seed)
    # a simulated switch knows widths, no speeds
    if "speed" in drill.lab.evidence:
        drill.lab.evidence["width"][drill.lab.evidence["speed"] == "200G"] = "1x"
    text, _ = ibnetdiscover(drill.lab)
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "ibnetdiscover.txt").write_text(text)
    got, want = causes(drill, ends, tmp_path / "d")
    assert len({k for k, _ in want}) >= 9
    assert got == want


def test_clean_infiniband_has_no_cause(ibnetdiscover: Discover, tree: Tree, tmp_path: Path) -> None:
    ends = tree(16, 16, 8, 2, infiniband=True)
    drill = inject(ends, rate_frac=1e-9, seed=1, kinds=["missing"])
    drill.lab.real[:] = drill.lab.case.plan
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "x.txt").write_text(ibnetdiscover(drill.lab)[0])
    got, _ = causes(drill, ends, tmp_path / "d")
    assert not got


@pytest.mark.parametrize("seed", [1, 2])
def test_lldpd_on_twenty_devices(lldpd: Daemons, tree: Tree, seed: int) -> None:
    ends = tree(4, 4, 4, 1, infiniband=False)
    drill = several(ends, ["swap", "missing", "one_way", "identity_swap"], 1, seed)
    got, want = causes(drill, ends, lldpd(drill.lab))
    assert got == want


def test_a_clean_lldpd_lab_has_no_cause(lldpd: Daemons, tree: Tree) -> None:
    ends = tree(4, 2, 2, 2, infiniband=False)
    drill = inject(ends, rate_frac=1e-9, seed=1, kinds=["missing"])
    drill.lab.real[:] = drill.lab.case.plan
    got, _ = causes(drill, ends, lldpd(drill.lab))
    assert not got


@pytest.mark.long  # 140 daemons; twenty above
def test_lldpd_on_a_hundred_and_forty_devices(lldpd: Daemons, tree: Tree) -> None:
    ends = tree(16, 8, 4, 1, infiniband=False)
    drill = several(ends, [k for k in BY_NEIGHBOURS if k != "dead_node"], 1, seed=5)
    got, want = causes(drill, ends, lldpd(drill.lab))
    assert got == want


@pytest.mark.usefixtures("lldpd")
def test_no_namespace_is_left() -> None:
    left = subprocess.run(["ip", "netns", "list"], capture_output=True, text=True, check=True).stdout
    assert f"gs{os.getpid()}-" not in left
