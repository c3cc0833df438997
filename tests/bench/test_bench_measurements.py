"""Speed and quality of evidence and tomography, recorded, never judged here."""

from __future__ import annotations

import importlib.util
import resource
import sys
import time
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from gigasite.cabling.case import case as make_case
from gigasite.cabling.fault import Stage, faults
from gigasite.cabling.match import Bound
from gigasite.cabling.tomography import Sense, counts, localise
from gigasite.cabling.types import OBSERVED_NODES, SIGHTINGS, UNBOUND, Observed
from gigasite.cabling.votes import votes
from gigasite.design.types import PORT_BITS

pytestmark = [pytest.mark.bench, pytest.mark.timeout(1800)]

_spec = importlib.util.spec_from_file_location("gray", Path(__file__).parents[1] / "unit" / "cabling" / "gray.py")
assert _spec is not None
assert _spec.loader is not None
gray = importlib.util.module_from_spec(_spec)
sys.modules["gray"] = gray  # dataclasses look their module up
_spec.loader.exec_module(gray)


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("probes", ["traced", "traced, 300 packets, from 0.1 %", "bounce"])
def test_gray_links_of_a_hundred_thousand_gpus(capsys: pytest.CaptureFixture[str], probes: str, seed: int) -> None:
    """One link in a hundred is gray; ours beside votes as published, and cut where they do best."""
    fabric = gray.Fabric(pods=49, leaves=64, hosts=32, spines=32, cores=32)
    rng = np.random.default_rng(seed)
    few = "300" in probes
    bad, loss = gray.drops(fabric, rng, 0.01, (0.001 if few else 0.003, 0.05))
    measured = (
        gray.bounces(fabric, rng, loss, times=3, sent=1000)
        if probes == "bounce"
        else gray.flows(fabric, rng, loss, per_host=4, sent=300 if few else 1000, traced=True)
    )
    ends = fabric.ends()
    start = time.process_time()
    found = localise(ends, measured)
    spent = time.process_time() - start
    s = found.suspects
    ours = gray.quality(s.filter(pl.col("kind") == "link")["link"].to_numpy(), bad)
    lost = counts(measured.table[found.routes.row], found.routes, Sense()).lost
    plain = gray.quality(votes(found.routes, lost)[0], bad)
    best = gray.best_cut(votes(found.routes, lost, 0.0)[0], bad)
    with capsys.disabled():
        print(
            f"\n{fabric.gpus:,} GPUs, {fabric.links:,} links, {len(bad):,} gray, {probes}, {found.measurements:,} measured:"
            f" {spent:.1f} s CPU; precision and recall {ours[0]:.4f} {ours[1]:.4f}, devices"
            f" {(s['kind'] == 'device').sum()}; votes {plain[0]:.3f} {plain[1]:.3f},"
            f" at their best cut {best[0]:.4f} {best[1]:.4f}"
        )


@pytest.mark.parametrize("full", [False, True])
def test_evidence_of_four_million_ports(capsys: pytest.CaptureFixture[str], *, full: bool) -> None:
    """All classes that work on evidence, every column empty or filled."""
    n = 4_000_000
    half, rng = np.arange(n // 2), np.random.default_rng(1)
    peer = np.r_[half + n // 2, half]
    node = np.r_[half // 8, n // 16 + half // 64]
    names = tuple([f"h{i:06d}" for i in range(n // 16)] + [f"leaf-{i:05d}" for i in range(n // 128)])
    text = pl.Series(names)
    ports = pl.DataFrame({"node": text.gather(node), "port": pl.Series(np.r_[half % 8, half % 64]).cast(pl.String)})
    columns = {"node": ports["node"], "port": ports["port"], "seen_node": ports["node"], "seen_port": ports["port"]}
    if full:
        columns |= {
            "width": pl.Series(np.where(rng.random(n) < 1e-4, "1x", "4x")),
            "speed": pl.Series(np.where(rng.random(n) < 1e-4, "200G", "400G")),
            "raw_ber": pl.Series(np.where(rng.random(n) < 1e-4, 1e-4, 1e-9)),
            "rx_dbm": pl.Series(rng.normal(-2, 0.4, n)),
            "tx_dbm": pl.Series(rng.normal(0, 0.4, n)),
            "temperature_degc": pl.Series(rng.normal(45, 3, n)),
            "link_downs": pl.Series(rng.integers(0, 2, n).astype(float)),
        }
    blank: dict[str, object] = {"String": "", "Float64": float("nan"), "Int32": 0}
    rest = [
        pl.lit(blank[c.dtype], getattr(pl, c.dtype)).alias(c.name) for c in SIGHTINGS.columns if c.name not in columns
    ]
    table = pl.DataFrame(columns).with_columns(rest).select(SIGHTINGS.polars().keys())
    nodes = pl.DataFrame(schema=OBSERVED_NODES.polars())
    observed = Observed(sightings=table, nodes=nodes, files=0, readers={}, findings=())
    yes = np.ones(n, bool)
    bound = Bound(
        ports=ports.with_columns(planned=True), plan_peer=peer, seen_peer=peer,
        packed=node << PORT_BITS | np.r_[half % 8, half % 64], nodes=names, planned_nodes=len(names), sight=np.arange(n),
        mutual=yes, reporting=yes, unbound=pl.DataFrame(schema=UNBOUND.polars()), findings=(),
    )  # fmt: skip
    case = make_case(bound, observed)
    told = []
    for name in faults.names():
        part = faults[name]()
        if part.stage == Stage.EVIDENCE:
            start = time.process_time()
            count = len(part.find(case))
            told.append(f"{name} {count} in {time.process_time() - start:.2f} s")
    with capsys.disabled():
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
        print(f"\n{n:,} ports, columns {'full' if full else 'empty'}: {', '.join(told)}; peak {peak:.1f} GB")
