"""Cables: lengths, parts, labels; readers; comparison."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gigasite._core.errors import InputFileError
from gigasite._core.finding import Severity
from gigasite.cabling import CablePlan, compare, observe, plan, pull_sheet, read_plan_csv
from gigasite.cabling.compare import design_ends
from gigasite.cabling.ends import ends
from gigasite.campus import Campus, load, reference
from gigasite.design import Design, design
from gigasite.design.types import PORT_BITS

Made = tuple[Campus, Design, CablePlan]


def test_every_link_has_one_cable_long_enough(made: Made) -> None:
    campus, d, cables = made
    table = cables.cables
    assert table.height == len(d.links) == cables.count
    assert table["cable_id"].n_unique() == table.height
    rack = d.devices["rack_id"].to_numpy()
    x, y = d.racks["x_m"].to_numpy(), d.racks["y_m"].to_numpy()
    a, z = rack[table["a_port"].to_numpy() >> PORT_BITS], rack[table["z_port"].to_numpy() >> PORT_BITS]
    straight = np.hypot(x[a] - x[z], y[a] - y[z])
    assert (table["route_m"].to_numpy() >= straight - 1e-4).all()
    slack = 1 + campus.network.slack_frac
    assert (table["length_m"].to_numpy() >= table["route_m"].to_numpy() * slack - 1e-3).all()
    for index in table["part"].unique():
        part = campus.catalogue.cables[cables.parts[index]]
        mine = table.filter(table["part"] == index)
        assert mine["length_m"].max() <= part.reach_m
        assert set(np.round(mine["length_m"].unique().to_numpy(), 3)) <= set(np.round(part.lengths, 3))


def test_labels_name_both_ends_and_are_unique(made: Made) -> None:
    _, d, cables = made
    sheet = pull_sheet(d, cables)
    ends = pl.concat([sheet["a_label"], sheet["z_label"]])
    assert ends.n_unique() == ends.len()
    assert sheet["a_label"].str.contains(r"^H\d+-R\d\d\.\d\d:U\d+/(eth|swp)\d+$").all()
    parts = [pull_sheet(d, cables, first, 100) for first in range(0, cables.count, 100)]
    assert pl.concat(parts).equals(sheet)


def test_the_bill_counts_every_cable_module_and_spare(made: Made) -> None:
    campus, d, cables = made
    fibres = cables.bom.filter(pl.col("part").is_in(list(campus.catalogue.fibres)))
    optical = [campus.catalogue.cables[p].fibre is not None for p in cables.parts]
    laid = int(np.array(optical)[cables.cables["part"].to_numpy()].sum())
    spare = 1 + campus.network.spare_frac
    assert laid * spare <= fibres["count"].sum() <= laid * spare + fibres.height
    hosts = d.devices.filter(pl.col("kind").is_in(["server", "storage"]))["device_id"].to_numpy()
    ends = np.isin(cables.cables["a_port"].to_numpy() >> PORT_BITS, hosts).sum()
    at_host = cables.modules.filter(pl.col("at") == "host")["count"].sum()
    assert at_host == ends
    assert cables.optics_w == pytest.approx(cables.modules["total_w"].sum())


def test_two_links_share_one_twin_port_module(made: Made) -> None:
    campus, d, cables = made
    up = cables.cables.filter((pl.col("fabric") == 0) & (pl.col("tier") == 1))
    ids = np.concatenate([up["a_port"].to_numpy(), up["z_port"].to_numpy()])
    cages = {(p >> PORT_BITS, ((p & 4095) - 1) // 2) for p in ids.tolist()}
    down = cables.cables.filter(
        (pl.col("fabric") == 0) & (pl.col("tier") == 0) & (pl.col("part") == cables.parts.index("sr4-400g"))
    )
    cages |= {(p >> PORT_BITS, ((p & 4095) - 1) // 2) for p in down["z_port"].to_list()}
    storage = cables.cables.filter(pl.col("fabric") == 1)
    assert storage.height
    sr8 = cables.modules.filter(pl.col("module") == "osfp-2x400g-sr8").row(0, named=True)
    assert sr8["each_w"] == 15.0
    assert len(cages) <= sr8["count"] <= len(cages) + storage.height * 2
    del campus, d


def test_links_that_share_a_cage_have_the_same_part(made: Made) -> None:
    _, _, cables = made
    gpu = cables.cables.filter(pl.col("fabric") == 0)
    z = gpu.with_columns(cage=(pl.col("z_port") // 4096) * 4096 + (pl.col("z_port") % 4096 - 1) // 2)
    assert z.group_by("cage").agg(pl.col("part").n_unique())["part"].max() == 1


def test_a_route_that_no_part_reaches_is_a_finding_and_not_dropped(made: Made) -> None:
    campus, d, _ = made
    only = {"dac-400g": campus.catalogue.cables["dac-400g"], "cat6": campus.catalogue.cables["cat6"]}
    poor = dataclasses.replace(campus, catalogue=dataclasses.replace(campus.catalogue, cables=only))
    cables = plan(poor, d)
    assert cables.count == len(d.links) == cables.cables.height
    assert Severity.error in {f.severity for f in cables.findings}
    assert any("beyond the reach of every part" in f.what for f in cables.findings)
    assert any("no cable" in f.what for f in cables.findings)  # 100 Gb/s up-links of the management network
    assert cables.cables["length_m"].min() > 0


def test_cages_that_no_module_fits_are_told_as_such(made: Made) -> None:
    campus, _, _ = made
    cabling = dataclasses.replace(campus.network.cabling, host_cage="qsfp112")
    network = dataclasses.replace(campus.network, cabling=cabling, leaf="sn5600", speed_bit_per_s=800e9)
    other = dataclasses.replace(campus, network=network)  # neither optics nor copper of 800G has a QSFP112 plug
    cables = plan(other, design(other))
    (error,) = [f for f in cables.findings if f.severity == Severity.error]
    assert "cages that no part of this speed fits" in error.what
    assert "800 Gb/s links, hgx-h100-lc4u to sn5600" in error.where
    assert cables.parts[-1] == "none"
    assert "none" not in cables.bom["part"]


def with_speed(campus: Campus, speed: float, leaf: str = "sn5600", **network: object) -> tuple[Campus, Design]:
    other = dataclasses.replace(
        campus, network=dataclasses.replace(campus.network, leaf=leaf, speed_bit_per_s=speed, **network)
    )
    return other, design(other)


def test_a_breakout_at_both_ends_is_an_error(made: Made) -> None:
    found = plan(*with_speed(made[0], 200e9)).findings
    assert [f.severity for f in found if "both plugs of a splitter" in f.what] == [Severity.error]


def test_of_parts_that_cost_the_same_the_shorter_reach_is_taken(made: Made) -> None:
    campus, d = with_speed(made[0], 100e9)
    cables = plan(campus, d)
    up = cables.cables.filter(pl.col("fabric") == 0, pl.col("tier") == 1)
    assert {cables.parts[p] for p in up["part"].unique()} == {"dr1-100g-500m"}


def test_a_part_that_reaches_many_times_its_links_is_told_where_nothing_shorter_fits(made: Made) -> None:
    found = [f for f in plan(*with_speed(made[0], 800e9)).findings if "no" in f.what and "shorter reach" in f.what]
    assert {f.limit for f in found} == {"500 m reach"}
    assert {f.severity for f in found} == {Severity.note}
    assert any("dr4-800g, hgx-h100-lc4u to sn5600" in f.where for f in found)


@pytest.mark.parametrize(
    ("server", "speed", "planes", "errors"),
    [
        ("hgx-h100-lc4u", 400e9, 1, 0),
        ("hgx-h100-lc4u", 800e9, 1, 1),
        ("hgx-h100-lc4u", 200e9, 2, 0),
        ("hgx-h100-lc4u", 400e9, 2, 1),
        ("dgx-b300", 400e9, 2, 0),
        ("dgx-b300", 400e9, 3, 1),
    ],
)
def test_planes_together_are_no_faster_than_the_nic(
    made: Made, server: str, speed: float, planes: int, errors: int
) -> None:
    campus = dataclasses.replace(made[0], compute=dataclasses.replace(made[0].compute, server=server))
    _, d = with_speed(campus, speed, planes=planes)
    found = [f for f in d.findings if "faster than the NICs" in f.what]
    assert len(found) == errors
    assert all(f.severity is Severity.error and f.limit and f.found and f.remedy for f in found)


@pytest.mark.parametrize(("speed", "share"), [(100e9, 8), (200e9, 4), (400e9, 2), (800e9, 1)])
def test_a_cage_holds_as_many_links_as_its_speed_allows(made: Made, speed: float, share: int) -> None:
    campus, _, _ = made
    network = dataclasses.replace(campus.network, leaf="sn5600", speed_bit_per_s=speed, management_links=0)
    other = dataclasses.replace(campus, network=network)
    d = design(other)
    e = ends(other, d)
    gpu = d.links.fabric == 0
    assert set(e.z_share[gpu].tolist()) == {share}
    assert set(np.bincount(e.z_cage[gpu])) <= set(range(share + 1))


def test_a_campus_has_the_same_plan_bytes(made: Made, tmp_path: Path) -> None:
    campus, d, cables = made
    again = plan(campus, design(campus))
    assert again.cables.equals(cables.cables)
    assert again.segments.equals(cables.segments)
    for name, each in (("a", cables), ("b", again)):
        each.cables.write_parquet(tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    del d


@pytest.mark.parametrize(
    ("change", "needle"),
    [
        ({"row_trays": 1, "tray_width_m": 0.05}, "over-filled"),
        ({"tray_width_m": 0.05, "tray_height_m": 0.02, "fill_frac": 0.01}, "cannot hold its row trays"),
        ({"host_cage": "qsfp112"}, ""),
    ],
)
def test_trays_too_small_are_findings_that_name_place_and_remedy(
    made: Made, change: dict[str, object], needle: str
) -> None:
    campus, d, _ = made
    cabling = dataclasses.replace(campus.network.cabling, **change)
    other = dataclasses.replace(campus, network=dataclasses.replace(campus.network, cabling=cabling))
    errors = [f for f in plan(other, d).findings if f.severity == Severity.error]
    if not needle:
        assert errors == []
        return
    mine = [f for f in errors if needle in f.what]
    assert mine
    assert all(f.limit and f.found and f.remedy and "H1" in f.where + f.what for f in mine)


@settings(max_examples=25)
@given(
    gpus=st.sampled_from([1, 8, 500, 1000, 4096]),
    halls=st.integers(1, 5),
    speed=st.sampled_from([100e9, 200e9, 400e9, 800e9]),
    planes=st.integers(1, 2),
    leaf=st.sampled_from(["sn5600", "qm9700", "spectrum6-128x800"]),
    patching=st.sampled_from(["direct", "panel"]),
    links=st.tuples(st.integers(0, 2), st.integers(0, 2)),
)
def test_any_campus_uses_each_port_once_and_names_and_bundles_add_up(
    gpus: int, halls: int, speed: float, planes: int, leaf: str, patching: str, links: tuple[int, int]
) -> None:
    campus = load(reference("lab"))
    arrays = -(-gpus // (campus.compute.servers_per_rack * 8))
    compute = dataclasses.replace(campus.compute, gpus=gpus, halls=min(halls, arrays), racks_per_array=1)
    network = dataclasses.replace(
        campus.network,
        leaf=leaf,
        speed_bit_per_s=speed,
        planes=planes,
        storage_links=links[0],
        management_links=links[1],
        cabling=dataclasses.replace(campus.network.cabling, patching=patching),
    )
    schedule = dataclasses.replace(campus.schedule, first_step_gpus=1)
    made = dataclasses.replace(campus, compute=compute, network=network, schedule=schedule)
    d = design(made)
    cables = plan(made, d)
    table = cables.cables
    ends = pl.concat([table["a_port"], table["z_port"]])
    assert ends.n_unique() == ends.len() == 2 * len(d.links)
    assert table["cable_id"].is_unique().all()
    sheet = pull_sheet(d, cables)
    assert sheet["cable"].is_unique().all()
    assert pl.concat([sheet["a_label"], sheet["z_label"]]).is_unique().all()
    assert (table["length_m"] >= table["route_m"]).all()
    bundles = table.group_by("bundle").agg(pl.len(), pl.col("part").n_unique())
    assert bundles["len"].max() <= network.cabling.bundle
    assert bundles["part"].max() == 1
    assert cables.segments["fill_frac"].max() <= network.cabling.fill_frac * (1 + 1e-9)  # trays as many as needed
    assert cables.panels.is_empty() or patching == "panel"
    cannot_help = ("patch panels", "both plugs of a splitter")  # of 200G breakouts between switches
    errors = [f for f in cables.findings if f.severity == Severity.error]
    assert not [f for f in errors if not any(w in f.what for w in cannot_help)]


def test_patch_panels_add_jumpers_positions_and_a_finding_where_racks_are_full(made: Made) -> None:
    campus, d, direct = made
    cabling = dataclasses.replace(campus.network.cabling, patching="panel", panel_positions=12)
    other = dataclasses.replace(campus, network=dataclasses.replace(campus.network, cabling=cabling))
    cables = plan(other, d)
    assert direct.panels.is_empty()
    ends = pl.concat(
        [cables.panels.select(rack=f"{e}_rack", panel=f"{e}_panel", position=f"{e}_position") for e in "az"]
    )
    assert ends.is_unique().all()
    assert ends["position"].is_between(1, 12).all()
    jumpers = cables.bom.filter(pl.col("part") == "jumper")["count"].item()
    assert jumpers >= 2 * cables.panels.height
    assert any("no room for their patch panels" in f.what for f in cables.findings)


def ideal(ends: pl.DataFrame, folder: Path) -> None:
    """Write what lldpd would say if everything were cabled as planned, one json0 file a node."""
    both = pl.concat([ends, ends.select(a_node="z_node", a_port="z_port", z_node="a_node", z_port="a_port")])
    for (node,), rows in both.group_by("a_node"):
        interfaces = [
            {
                "name": r["a_port"],
                "age": "0 day, 00:01:00",
                "chassis": [{"id": [{"type": "mac", "value": "aa"}], "name": [{"value": r["z_node"]}]}],
                "port": [{"id": [{"type": "ifname", "value": r["z_port"]}]}],
            }
            for r in rows.to_dicts()
        ]
        (folder / f"{node}.json0.txt").write_text(json.dumps({"lldp": [{"interface": interfaces}]}))


def test_the_campus_cabled_as_planned_has_no_mismatch_and_one_swap_has_four(made: Made, tmp_path: Path) -> None:
    _, d, cables = made
    ends = design_ends(d, cables)
    ideal(ends, tmp_path)
    clean = compare(ends, observe(tmp_path))
    assert (clean.mismatches.height, clean.ports_right) == (0, 2 * cables.count)
    rows = ends.to_dicts()
    for key in ("z_node", "z_port"):
        rows[0][key], rows[8][key] = rows[8][key], rows[0][key]
    swapped = pl.DataFrame(rows)
    for f in tmp_path.iterdir():
        f.unlink()
    ideal(swapped, tmp_path)
    assert compare(ends, observe(tmp_path)).mismatches.height == 4


def test_the_real_capture_has_its_two_swaps(shared: Path) -> None:
    lab = shared / "cabling" / "lldpd-lab-8"
    truth = json.loads((lab / "truth.json").read_text())
    result = compare(read_plan_csv(lab / "plan.csv"), observe(lab / "json0"))
    bad = {(m["node"], m["port"]) for m in result.mismatches.to_dicts()}
    assert bad == {tuple(p) for cause in truth["causes"] for p in cause["ports"]}
    assert (result.ports_planned, result.ports_right) == (32, 24)


def test_the_shipped_demo_capture_is_that_capture(root: Path) -> None:
    folder = root / "src" / "gigasite" / "cabling" / "demo"
    result = compare(read_plan_csv(folder / "plan.csv"), observe(folder))
    assert result.mismatches.height == 8
    assert all(m["kind"] == "wrong-neighbour" for m in result.mismatches.to_dicts())


def test_a_real_fat_tree_is_read_whole(shared: Path) -> None:
    seen = observe(shared / "cabling" / "ibsim" / "ibnetdiscover-128.txt").sightings
    assert seen.height == 512  # 256 cables, both ends
    there = set(seen.select("node", "port", "seen_node", "seen_port").rows())
    assert there == {(c, d, a, b) for a, b, c, d in there}  # every cable is seen alike from both ends
    assert set(seen["width"]) == {"4x"}
    assert set(seen["speed"]) == {"SDR"}


def test_port_lines_with_blanks_unknown_speed_and_dangling_ends(shared: Path) -> None:
    o = observe(shared / "cabling" / "infiniband_exporter" / "ibnetdiscover")
    seen = {(s["node"], s["port"], s["seen_node"], s["seen_port"]) for s in o.sightings.to_dicts()}
    assert ("o0001 HCA-1", "1", "ib-i1l1s01", "10") in seen
    assert ("5FB0406-spine-IB03", "81", "Mellanox Technologies Aggregation Node", "1") in seen
    assert not any(node.startswith("5FB0406-spine-IB01") for node, *_ in seen)  # a dangling port is no cable
    assert not [f for f in o.findings if f.severity == Severity.error]


def test_json_with_objects_in_place_of_lists_reads_like_json0(shared: Path) -> None:
    lab = shared / "cabling" / "lldpd-lab-8"
    other = {
        (s["node"], s["port"], s["seen_node"], s["seen_port"])
        for s in observe(lab / "other-formats").sightings.to_dicts()
    }
    full = {(s["node"], s["port"], s["seen_node"], s["seen_port"]) for s in observe(lab / "json0").sightings.to_dicts()}
    assert other
    assert other <= full


def test_an_observation_of_another_site_says_so(made: Made, shared: Path) -> None:
    _, d, cables = made
    result = compare(design_ends(d, cables), observe(shared / "cabling" / "lldpd-lab-8" / "json0"))
    assert [f.what for f in result.findings] == ["matches no node of the plan"] or result.mismatches[
        "kind"
    ].unique().to_list() == ["unplanned"]


@pytest.mark.parametrize(
    ("text", "needle"),
    [
        ("", "needs the columns"),
        ("a,b\n1,2\n", "needs the columns"),
        ("a_node,a_port,z_node,z_port\nx,1,,2\n", ":2: needs node"),
        ("a_node,a_port,z_node,z_port\nx,1,y,2\nz,1,y,2\n", ":3: port y 2 is used in line 2"),
    ],
)
def test_broken_plans_name_the_line(tmp_path: Path, text: str, needle: str) -> None:
    (tmp_path / "p.csv").write_text(text)
    with pytest.raises(InputFileError, match=needle):
        read_plan_csv(tmp_path / "p.csv")
