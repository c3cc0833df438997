"""What every class of faults of evidence keeps: planted it is found with both ends of its links, and nothing else is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from gigasite.cabling import diagnose, observe
from gigasite.cabling.case import case as make_case
from gigasite.cabling.fault import Case, Stage, faults
from gigasite.cabling.inject import NOTHING
from gigasite.cabling.lab import Lab, lab, seen
from gigasite.cabling.match import bind
from gigasite.cabling.types import Observed

EVIDENCE = ["common_cause", "dead_optic", "dirty", "flapping", "polarity", "slow_link", "wrong_setting"]


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
    return make_case(bind(ends, observed), observed)


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
    made = lab(case_of(ends, NOTHING))
    assert faults[name]().plant(made, np.random.default_rng(seed))
    assert found(ends, made) == planted(made)
    assert len(made.planted) == 1


@pytest.mark.parametrize("seed", range(4))
def test_all_classes_together(seed: int) -> None:
    ends = fat_tree(leaves=32, spines=8, mult=4)
    made = lab(case_of(ends, NOTHING))
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
    made = lab(case_of(ends, NOTHING))
    rng = np.random.default_rng(5)
    made.normal("width", "4x")
    made.normal("speed", "SDR")
    made.normal("raw_ber", lambda n: 10.0 ** rng.uniform(-12, -6.5, n))
    made.normal("effective_ber", 1.5e-254)
    made.normal("rx_dbm", lambda n: rng.normal(-2.0, 1.0, n))
    made.normal("temperature_degc", lambda n: rng.normal(52.0, 6.0, n))
    made.normal("link_downs", lambda n: rng.poisson(1.0, n).astype(float))
    made.normal("tx_bias_a", 0.0)  # copper tells no bias: no optic is dead because of it
    assert found(ends, made) == []


@pytest.mark.parametrize("name", EVIDENCE)
def test_without_evidence_nothing_is_found(name: str) -> None:
    ends = fat_tree()
    made = lab(case_of(ends, NOTHING))
    made.unplug(range(5))
    assert faults[name]().find(case_of(ends, seen(made))) == []
    assert faults[name]().find(case_of(ends, NOTHING)) == []


@pytest.mark.parametrize("name", EVIDENCE)
def test_words(name: str) -> None:
    part = faults[name]()
    assert part.stage == Stage.EVIDENCE
    assert all((part.signature, part.remedy, part.verify))


def test_a_log_of_links_tells_a_burst_from_a_lone_flap(tmp_path: Path) -> None:
    """A switch that lost power twice is one cause; a link that went down by itself another."""
    ends = fat_tree(leaves=4, hosts=16, spines=4, mult=4)
    made = lab(case_of(ends, NOTHING))
    links = seen(made).sightings
    clock = [f"Nov 25 {h:02d}:10:05" for h in (1, 3, 4, 6, 9, 12)]
    lines = [f"{t} leaf-001 kernel: {p}: Link is Down" for t in clock for p in range(1, 33)]
    lines += [f"Nov 25 13:{m:02d}:00 leaf-003 kernel: 7: Link is Down" for m in range(0, 40, 4)]
    lines += [f"Nov 25 14:00:{s:02d} leaf-002 kernel: {s + 1}: Link is Down" for s in range(16)]  # once each: no fault
    (tmp_path / "log.txt").write_text("\n".join(x.replace("kernel: ", "kernel: swp") for x in lines) + "\n")
    (tmp_path / "links.csv").write_text(
        links.select("node", pl.concat_str(pl.lit("swp"), "port").alias("port"), "seen_node", "seen_port").write_csv()
    )
    plan = ends.with_columns(pl.concat_str(pl.lit("swp"), "z_port").alias("z_port"))
    plan = plan.with_columns(
        a_port=pl.when(pl.col("a_node").str.starts_with("leaf"))
        .then(pl.concat_str(pl.lit("swp"), "a_port"))
        .otherwise("a_port")
    )
    table = links.with_columns(
        port=pl.when(pl.col("node").str.starts_with("h")).then("port").otherwise(pl.concat_str(pl.lit("swp"), "port")),
        seen_port=pl.when(pl.col("seen_node").str.starts_with("h"))
        .then("seen_port")
        .otherwise(pl.concat_str(pl.lit("swp"), "seen_port")),
    )
    table.select("node", "port", "seen_node", "seen_port").write_csv(tmp_path / "links.csv")
    found = diagnose(plan, observe(tmp_path))
    names = found.bound.ports.rows()
    told = sorted((c.kind, len(c.ports), names[c.ports[0]][0]) for c in found.causes)
    assert told == [("common_cause", 64, "h00016"), ("flapping", 2, "h00054")]
