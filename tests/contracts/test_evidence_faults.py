"""What every class of faults of evidence keeps: planted it is found with both ends of its links, and nothing else is."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from gigasite.cabling.fault import Case, Stage, faults
from gigasite.cabling.lab import Lab, lab, seen
from gigasite.cabling.match import bind
from gigasite.cabling.types import OBSERVED_NODES, SIGHTINGS, Observed
from gigasite.design.types import PORT_BITS

EVIDENCE = [n for n in faults.names() if faults[n]().stage == Stage.EVIDENCE]


def fat_tree(leaves: int = 8, hosts: int = 32, spines: int = 4, mult: int = 8, nics: int = 1) -> pl.DataFrame:
    rows = []
    for leaf in range(leaves):
        group, rail = divmod(leaf, nics)
        for i in range(hosts):
            host = f"gpu{group * hosts + i:04d} mlx5_{rail}" if nics > 1 else f"h{leaf * hosts + i:05d}"
            rows.append((host, "1", f"leaf-{leaf:03d}", str(i + 1)))
        for s in range(spines):
            rows += [
                (f"leaf-{leaf:03d}", str(hosts + s * mult + k + 1), f"spine-{s:03d}", str(leaf * mult + k + 1))
                for k in range(mult)
            ]
    return pl.DataFrame(rows, schema=["a_node", "a_port", "z_node", "z_port"], orient="row")


def case_of(ends: pl.DataFrame, observed: Observed) -> Case:
    bound = bind(ends, observed)
    node = bound.packed >> PORT_BITS
    order = np.lexsort(
        (pl.Series(bound.ports["port"]).str.extract(r"(\d+)$").cast(pl.Int64).fill_null(0).to_numpy(), node)
    )
    first = np.r_[True, np.diff(node[order]) != 0]
    place = np.zeros(len(node), np.int64)
    place[order] = np.arange(len(node)) - np.maximum.accumulate(np.where(first, np.arange(len(node)), 0))
    groups = pl.Series([n.split(" ")[0] for n in bound.nodes]).rank("dense").to_numpy().astype(np.int64)
    real = np.where(bound.seen_peer >= 0, bound.seen_peer, -1)
    return Case(bound=bound, observed=observed, plan=bound.plan_peer, real=real, node=node, place=place, host=groups)


def nothing() -> Observed:
    return Observed(
        sightings=pl.DataFrame(schema=SIGHTINGS.polars()), nodes=pl.DataFrame(schema=OBSERVED_NODES.polars()),
        files=0, readers={}, findings=(),
    )  # fmt: skip


def ports_of(case: Case, ports: tuple[int, ...]) -> frozenset[tuple[str, str]]:
    return frozenset(case.bound.ports.row(p)[:2] for p in ports)


def found(ends: pl.DataFrame, made: Lab) -> list[tuple[str, frozenset[tuple[str, str]]]]:
    case = case_of(ends, seen(made))
    return sorted(
        ((n, ports_of(case, c.ports)) for n in EVIDENCE for c in faults[n]().find(case)),
        key=lambda x: (x[0], sorted(x[1])),
    )


def planted(made: Lab) -> list[tuple[str, frozenset[tuple[str, str]]]]:
    return sorted(((p.kind, ports_of(made.case, p.ports)) for p in made.planted), key=lambda x: (x[0], sorted(x[1])))


@pytest.mark.parametrize("name", EVIDENCE)
@pytest.mark.parametrize("nics", [1, 8])
@pytest.mark.parametrize("seed", range(3))
def test_one_planted_is_found_alone(name: str, nics: int, seed: int) -> None:
    ends = fat_tree(leaves=8, nics=nics)
    made = lab(case_of(ends, nothing()))
    assert faults[name]().plant(made, np.random.default_rng(seed))
    assert found(ends, made) == planted(made)
    assert len(made.planted) == 1


@pytest.mark.parametrize("seed", range(4))
def test_all_classes_together(seed: int) -> None:
    ends = fat_tree(leaves=32, spines=8, mult=4)
    made = lab(case_of(ends, nothing()))
    rng = np.random.default_rng(seed)
    names = [n for n in EVIDENCE for _ in range(4 if n in {"wrong_setting", "common_cause"} else 8)]
    rng.shuffle(names)
    for name in names:
        faults[name]().plant(made, rng)
    assert len(made.planted) >= 35
    assert found(ends, made) == planted(made)


@pytest.mark.parametrize("nics", [1, 8])
def test_clean_evidence_gives_no_cause(nics: int) -> None:
    ends = fat_tree(nics=nics)
    made = lab(case_of(ends, nothing()))
    rng = np.random.default_rng(5)
    n = len(made.real)
    made.normal("width", "4x")
    made.normal("speed", "SDR")
    made.normal("raw_ber", 10.0 ** rng.uniform(-12, -6.5, n))
    made.normal("effective_ber", 1.5e-254)
    made.normal("rx_dbm", rng.normal(-2.0, 1.0, n))
    made.normal("temperature_degc", rng.normal(52.0, 6.0, n))
    made.normal("link_downs", rng.poisson(1.0, n).astype(float))
    made.normal("tx_bias_a", 0.0)  # copper tells no bias: no optic is dead because of it
    assert found(ends, made) == []


@pytest.mark.parametrize("name", EVIDENCE)
def test_without_evidence_nothing_is_found(name: str) -> None:
    ends = fat_tree()
    made = lab(case_of(ends, nothing()))
    made.unplug(range(5))
    assert faults[name]().find(case_of(ends, seen(made))) == []
    assert faults[name]().find(case_of(ends, nothing())) == []


@pytest.mark.parametrize("name", EVIDENCE)
def test_words(name: str) -> None:
    part = faults[name]()
    assert all((part.signature, part.remedy, part.verify))
