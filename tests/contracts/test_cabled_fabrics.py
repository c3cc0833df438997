"""Every kind of fabric, of two to four tiers, becomes cables, cages, labels and files."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import yaml

from gigasite._core.errors import InfeasibleError
from gigasite.cabling import plan
from gigasite.cabling.ends import ends
from gigasite.cabling.export import Book, book, exports
from gigasite.campus import Campus, load, reference
from gigasite.design import design
from gigasite.design.fabric import fabrics
from gigasite.design.types import FABRICS

SETTINGS: dict[str, dict[str, Any]] = {
    "hpn-7": {"leaf": "sn5600", "speed_bit_per_s": 200e9},
    "superpod-b300": {"leaf": "sn5600"},
    "pods": {"nodes_per_pod": 32},
}
CASES = [(k, SETTINGS.get(k, {})) for k in fabrics.names() if k != "nvl72"]
CASES += [
    ("rail-optimized", {"tiers": 4, "inband_links": 1}),
    ("fat-tree", {"tiers": 3, "reserved_ports": 4}),
    ("hpn-7", SETTINGS["hpn-7"] | {"tiers": 3}),
]


def lab(kind: str, setting: dict[str, Any]) -> Campus:
    campus = load(reference("lab"))
    return dataclasses.replace(campus, network=dataclasses.replace(campus.network, fabric=kind, **setting))


def made_of(kind: str, setting: dict[str, Any]) -> Book:
    campus = lab(kind, setting)
    d = design(campus)
    return book(campus, d, plan(campus, d))


@pytest.mark.parametrize(("kind", "setting"), CASES)
def test_every_link_has_the_designs_speed_and_a_cage_that_its_switch_has(kind: str, setting: dict[str, Any]) -> None:
    made = made_of(kind, setting)
    d, links = made.design, made.design.links
    every = ends(made.campus, d)
    speed = np.array(every.speeds)[every.speed]
    for (fabric, tier), value in d.link_speed_bit_per_s.items():
        assert (speed[(links.fabric == fabric) & (links.tier == tier)] == value).all()
    for code, cage, sub, share in (
        (every.a_code, every.a_cage, every.a_sub, every.a_share),
        (every.z_code, every.z_cage, every.z_sub, every.z_share),
    ):
        assert ((sub >= 0) & (sub < share)).all()
        for number, part in enumerate(every.parts):
            mine = (code == number) & (cage >= 0)
            switch = made.campus.catalogue.switches.get(part)
            if switch is not None and mine.any():
                assert (cage[mine] % every.per_switch).max() < switch.cages + switch.uplinks
    sides = [(every.a_cage, every.a_sub), (every.z_cage, every.z_sub)]
    place = np.concatenate([c[c >= 0] * 8 + s[c >= 0] for c, s in sides])
    assert len(np.unique(place)) == len(place), "two links in one place of a cage"


@pytest.mark.parametrize(("kind", "setting"), CASES)
def test_every_fabric_is_exported_whole(kind: str, setting: dict[str, Any], tmp_path: Path) -> None:
    made = made_of(kind, setting)
    tops = {f: s.tiers for f, s in zip(made.design.networks, made.design.fabrics, strict=True)}
    assert {
        FABRICS[f]: t + 1 for f, t in made.cables.cables.group_by("fabric").agg(pl.col("tier").max()).iter_rows()
    } == tops
    for name in ("netbox", "slurm", "ptm", "containerlab", "ports-sonic", "plan-csv", "ibdiagnet"):
        (tmp_path / name).mkdir()
        try:
            exports[name]().write(made, tmp_path / name)
        except InfeasibleError as error:
            assert name == "ibdiagnet"
            assert "InfiniBand" in str(error)
    cables = pl.read_csv(tmp_path / "netbox" / "09-cables.csv", infer_schema=False)
    ports = pl.read_csv(tmp_path / "netbox" / "08-interfaces.csv", infer_schema=False)
    assert cables.height == made.cables.count
    assert ports.select("device", "name").is_unique().all()
    assert set(ports["type"]) - {"other"}
    tree = yaml.safe_load((tmp_path / "slurm" / "topology.yaml").read_text())[0]["tree"]["switches"]
    assert sum("nodes" in s for s in tree)
    named = [p for f in (tmp_path / "ports-sonic" / "sonic").iterdir() for p in json.loads(f.read_text())["PORT"]]
    network = made.network()
    switched = sum((network.gather(made.places(e)["device_id"]) == "ethernet").sum() for e in ("a", "z"))
    assert len(named) == switched


def test_a_fabric_manager_is_a_host(tmp_path: Path) -> None:
    made = made_of("superpod-h100", {})
    assert made.devices.filter(pl.col("kind") == "gpu-manager")["part"].to_list() == ["manager"]
    sheet = made.sheet()
    own = sheet.filter(pl.col("a_node").str.starts_with("gpu-manager"))
    assert own["a_port"].to_list() == [f"eth{i}" for i in range(own.height)]
    exports["netbox"]().write(made, tmp_path)
    devices = pl.read_csv(tmp_path / "07-devices.csv")
    assert "gpu-manager-000000" in devices["name"].to_list()
