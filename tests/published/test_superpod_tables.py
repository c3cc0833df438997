"""Published tables of switches and cables, and the check that names a cell in which such a table contradicts itself."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from gigasite.design.fabric import FabricAsk, ask_of, fabrics
from gigasite.design.fabric_check import TableCheck, check_table
from gigasite.design.fabric_table import read_table

# SU, nodes, GPUs, leaf, spine, core, node-leaf, leaf-spine, spine-core
B200 = [
    (2, 64, 512, 16, 8, 0, 512, 512, 0),
    (4, 128, 1024, 32, 16, 0, 1024, 1024, 0),
    (8, 256, 2048, 64, 32, 0, 2048, 2048, 0),
    (16, 512, 4096, 128, 128, 64, 4096, 4096, 4096),
    (32, 1024, 8192, 256, 256, 128, 8192, 8192, 8192),
    (64, 2048, 16384, 512, 512, 256, 16384, 16384, 16384),
]
B300 = [
    (1, 64, 512, 16, 8, 0, 512, 512, 0),
    (2, 128, 1024, 32, 16, 0, 1024, 1024, 0),
    (4, 256, 2048, 64, 32, 0, 2048, 2048, 0),
    (8, 512, 4096, 128, 64, 0, 4096, 4096, 0),
    (16, 1024, 8192, 256, 128, 0, 8192, 8192, 0),
]
TABLES = {"superpod-b200": B200, "superpod-b300": B300}
TITLES = ("SU", "Nodes", "GPUs", "Leaf", "Spine", "Core", "Node-Leaf", "Leaf-Spine", "Spine-Core")
ROLES = ("su", "nodes", "gpus", "leaf", "spine", "core", "node-leaf", "leaf-spine", "spine-core")


@pytest.mark.parametrize(("kind", "row"), [(k, r) for k, rows in TABLES.items() for r in rows])
def test_superpod_rows(kind: str, row: tuple[int, ...]) -> None:
    """NVIDIA DGX SuperPOD reference architectures B200 (NDR400) and B300 (Spectrum Ethernet), tables of cluster sizes.

    docs.nvidia.com/dgx-superpod, pages dgx-superpod-architecture of both generations.
    """
    part = fabrics[kind]()
    for maker in (part, fabrics["fat-tree"]()):
        s = maker.size(FabricAsk(nodes=row[1], **part.fixed))
        found = (s.units, s.nodes, s.gpus, s.leaf, s.spine, s.core, *s.cables[:3])
        assert found == row
        assert not s.supercore
        assert s.bisection_frac == 1.0


def test_superpod_limits() -> None:
    """64 x 64 / 2 = 2,048 GPUs in two tiers (B200); 128 x 128 / 2 = 8,192 per plane, the last row of B300."""
    b200, b300 = (fabrics[k]().limits(ask_of(k, {"nodes": 1})) for k in TABLES)
    assert [x.endpoints for x in b200] == [0, 2048, 65_536, 2_097_152]
    assert b300[1].endpoints == 8192


def test_h100_units_give_one_place_to_fabric_managers() -> None:
    """RA-11333-001 V11: 127 nodes in 4 units, one node's place gives way to UFM. (Its cable rows are second-hand.)"""
    s = fabrics["superpod-h100"]().size(ask_of("superpod-h100", {"nodes": 127}))
    assert (s.units, s.gpus, s.endpoints) == (4, 1016, 127 * 8 + 4)


def test_colossus_leaves() -> None:
    """ServeTheHome tour of Colossus (October 2024): 512-GPU arrays of 64 servers, 8 rails, SN5600 as 128 x 400G.

    196 arrays x 8 leaves = 1,568 leaves and 100,000 GPU links follow.
    """
    s = fabrics["rail-optimized"]().size(FabricAsk(nodes=12_500, radix=128, nodes_per_unit=64))
    assert (s.leaf, s.spine, s.tiers, s.node_leaf_cables) == (1568, 1568, 3, 100_000)
    assert s.core >= 782  # 100,000 / 128: the least that ports allow; even striping takes more


def test_meta_24k() -> None:
    """24,576 H100 in 3,072 nodes, 2 nodes a rack, 8 pods of 3,072 GPUs (384 nodes, 192 racks), 7:1 on top.

    glennklockwood.com/garden/systems/meta's-h100-clusters; the bottom tier is 2:1 under-subscribed.
    """
    s = fabrics["pods"]().size(ask_of("pods", {"nodes": 3072}))
    assert (s.gpus, s.units, s.pods, s.leaf) == (24_576, 1536, 8, 1536)
    leaf, spine, _ = s.by_tier
    assert leaf.oversubscription == 0.5
    assert 0.95 * 7 <= spine.oversubscription <= 7  # up-ports are rounded up to a number that divides
    assert s.bisection_frac == pytest.approx(2 / 7, rel=0.05)


def test_hpn_segments_and_pods() -> None:
    """Alibaba HPN 7.0 (SIGCOMM'24): 1,024 GPUs a segment, 15 segments a pod of two tiers, 8 NICs x 2 x 200G.

    Each NIC's two ports go to different leaves of two planes; 16 leaves a segment serve 2,048 ports of 200G.
    """
    part = fabrics["hpn-7"]()
    segment = part.size(ask_of("hpn-7", {"nodes": 128}))
    assert (segment.gpus, segment.leaf, segment.by_tier[0].down_links) == (1024, 16, 2048)
    pod = part.size(ask_of("hpn-7", {"nodes": 1920}))
    assert (pod.tiers, pod.gpus, pod.units) == (2, 15_360, 15)
    two = part.size(ask_of("hpn-7", {"nodes": 3840}))
    assert (two.tiers, two.pods, two.by_tier[1].oversubscription) == (3, 2, 15.0)
    w = part.wire(ask_of("hpn-7", {"nodes": 128}))
    down = w.tier == 0
    leaves = {(int(a), int(p)): int(z) for a, p, z in zip(w.a[down], w.a_port[down], w.z[down], strict=True)}
    assert all(leaves[n, 1 + 2 * nic] != leaves[n, 2 + 2 * nic] for n in range(128) for nic in range(8))


def test_nvl72_racks() -> None:
    """DGX GB200 SuperPOD: 18 trays x 4 GPUs a rack, SU = 8 racks = 576 GPUs; 72 x 18 = 1,296 NVLink links a rack."""
    part = fabrics["nvl72"]()
    su = part.size(ask_of("nvl72", {"nodes": 144, "radix": 144}))
    assert su.gpus == 576
    assert dict(su.more) == {"racks": 8, "scalable_units": 1, "nvlink_links": 8 * 1296}
    large = part.size(ask_of("nvl72", {"nodes": 128 * 18, "radix": 144}))
    assert (large.gpus, dict(large.more)["racks"], dict(large.more)["scalable_units"]) == (9216, 128, 16)


@pytest.mark.parametrize("k", [4, 6, 8, 16, 24, 48, 64, 128])
def test_fat_trees_of_the_literature(k: int) -> None:
    """k^3/4 hosts with 5 k^2/4 switches of k ports, k pods (Al-Fares et al., SIGCOMM 2008)."""
    s = fabrics["fat-tree"]().size(FabricAsk(nodes=k**3 // 4, nics=1, radix=k))
    assert (s.tiers, sum(s.switches), s.pods, s.spare_ports) == (3, 5 * k * k // 4, k, 0)
    assert s.cables[:3] == (k**3 // 4,) * 3


@pytest.mark.parametrize("radix", [64, 128, 144, 256, 512])
def test_end_points_of_a_folded_clos(radix: int) -> None:
    """At most k end points in one tier, k^2/2 in two, k^3/4 in three, k^4/8 in four."""
    ask = FabricAsk(nodes=1, nics=1, radix=radix)
    found = [x.endpoints for x in fabrics["fat-tree"]().limits(ask)]
    assert found == [radix, radix**2 // 2, radix**3 // 4, radix**4 // 8]
    railed = fabrics["rail-optimized"]().limits(FabricAsk(nodes=1, radix=radix))
    assert [x.endpoints for x in railed[1:]] == found[1:]


def checked(kind: str, rows: list[list[str]], titles: tuple[str, ...] = TITLES, mark: str = "|") -> TableCheck:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "table.txt"
        lines = [titles, *rows]
        pipes = mark == "|"
        text = [f"|{'|'.join(r)}|" if pipes else mark.join(f'"{c}"' if "," in c else c for c in r) for r in lines]
        if pipes:
            text.insert(1, "|" + "---|" * len(titles))
        path.write_text("\n".join(text) + "\n", encoding="utf-8")
        return check_table(read_table(path), kind, ask_of(kind, {"nodes": 1}))


def printed(rows: list[tuple[int, ...]]) -> list[list[str]]:
    return [[str(v) if v else "-" for v in row] for row in rows]


@pytest.mark.parametrize("kind", TABLES)
@settings(max_examples=20)
@given(data=st.data())
def test_published_tables_are_consistent_however_they_are_written(kind: str, data: st.DataObject) -> None:
    order = data.draw(st.permutations(range(9)))
    mark = data.draw(st.sampled_from([",", "\t", ";", "|"]))
    style = data.draw(st.sampled_from(["{}", "{:,}", "{:_}"]))
    none = data.draw(st.sampled_from(["-", "\u2013", "n/a", "0", "None"]))
    rows = [[style.format(row[i]) if row[i] else none for i in order] for row in TABLES[kind]]
    made = checked(kind, rows, tuple(TITLES[i] for i in order), mark)
    assert made.verdict == "consistent"
    assert made.cells == ()
    assert made.notes == ()


@pytest.mark.parametrize(
    ("kind", "row", "column"), [(k, r, c) for k, t in TABLES.items() for r in range(len(t)) for c in range(9)]
)
@settings(max_examples=25)
@given(data=st.data())
def test_one_changed_cell_is_named_and_no_other(kind: str, row: int, column: int, data: st.DataObject) -> None:
    """Whichever cell of a published table is changed, to whatever, it alone is named, with the value it had."""
    true = TABLES[kind][row][column]
    near = st.integers(max(0, true - 9), true + 9)
    other = st.sampled_from([v for line in TABLES[kind] for v in line])  # such as the cell above or beside
    scaled = st.sampled_from([true * 2, true // 2, true * 10, true + 1, true - 1, 0])
    value = data.draw(st.one_of(near, other, scaled, st.integers(0, 10**6)))
    assume(value != true and value >= 0)
    rows = printed(TABLES[kind])
    rows[row][column] = str(value)
    made = checked(kind, rows)
    assert [(c.row - 1, c.column, c.printed, c.implied) for c in made.cells] == [(row, ROLES[column], value, true)]
    assert made.verdict == "inconsistent"
    assert made.cells[0].rule


@pytest.mark.parametrize("kind", TABLES)
@pytest.mark.parametrize(
    "keep",
    [("SU", "Nodes", "GPUs", "Leaf", "Spine"), ("Nodes", "Node-Leaf", "Leaf"), ("GPUs", "Leaf", "Spine", "Leaf-Spine")],
)
def test_fewer_columns_still_name_a_changed_switch_count(kind: str, keep: tuple[str, ...]) -> None:
    at = [TITLES.index(t) for t in keep]
    for row in range(len(TABLES[kind])):
        rows = [[line[i] for i in at] for line in printed(TABLES[kind])]
        column = keep.index("Leaf")
        rows[row][column] = str(int(rows[row][column]) + 3)
        made = checked(kind, rows, keep)
        assert [(c.row - 1, c.column) for c in made.cells] == [(row, "leaf")]
