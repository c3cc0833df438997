"""Published tables of switches and cables."""

from __future__ import annotations

import pytest

from gigasite.design.fabric import FabricAsk, fabrics

# SU, nodes, GPUs, leaf, spine, core, node-leaf, leaf-spine, spine-core
B200 = [
    (64, 512, 16, 8, 0, 512, 512, 0),
    (128, 1024, 32, 16, 0, 1024, 1024, 0),
    (256, 2048, 64, 32, 0, 2048, 2048, 0),
    (512, 4096, 128, 128, 64, 4096, 4096, 4096),
    (1024, 8192, 256, 256, 128, 8192, 8192, 8192),
    (2048, 16384, 512, 512, 256, 16384, 16384, 16384),
]
B300 = [
    (64, 512, 16, 8, 0, 512, 512, 0),
    (128, 1024, 32, 16, 0, 1024, 1024, 0),
    (256, 2048, 64, 32, 0, 2048, 2048, 0),
    (512, 4096, 128, 64, 0, 4096, 4096, 0),
    (1024, 8192, 256, 128, 0, 8192, 8192, 0),
]


@pytest.mark.parametrize(("kind", "row"), [("superpod-b200", r) for r in B200] + [("superpod-b300", r) for r in B300])
def test_superpod_rows(kind: str, row: tuple[int, ...]) -> None:
    """NVIDIA DGX SuperPOD reference architectures B200 (NDR400) and B300 (Spectrum Ethernet), tables of cluster sizes.

    docs.nvidia.com/dgx-superpod, pages dgx-superpod-architecture of both generations.
    """
    part = fabrics[kind]()
    for maker in (part, fabrics["fat-tree"]()):
        s = maker.size(FabricAsk(nodes=row[0], **part.fixed))
        found = (s.nodes, s.gpus, s.leaf, s.spine, s.core, s.node_leaf_cables, s.leaf_spine_cables, s.spine_core_cables)
        assert found == row


def test_colossus_leaves() -> None:
    """ServeTheHome tour of Colossus (October 2024): 512-GPU arrays of 64 servers, 8 rails, SN5600 as 128 x 400G.

    196 arrays x 8 leaves = 1,568 leaves and 100,000 GPU links follow.
    """
    s = fabrics["rail-optimized"]().size(FabricAsk(nodes=12_500, radix=128, nodes_per_unit=64))
    assert (s.leaf, s.spine, s.tiers, s.node_leaf_cables) == (1568, 1568, 3, 100_000)
    assert s.core >= 782  # 100,000 / 128: the least that ports allow; even striping takes more


@pytest.mark.parametrize(
    ("radix", "tiers", "most"), [(64, 2, 2048), (128, 2, 8192), (64, 3, 65_536), (128, 3, 524_288)]
)
def test_end_points_of_a_folded_clos(radix: int, tiers: int, most: int) -> None:
    """At most k^2/2 end points in two tiers of k ports, k^3/4 in three (Al-Fares et al., SIGCOMM 2008)."""
    s = fabrics["rail-optimized"]().size(FabricAsk(nodes=most // 8, radix=radix))
    assert (s.tiers, s.nodes * 8) == (tiers, most)
    if tiers == 2:
        assert fabrics["rail-optimized"]().size(FabricAsk(nodes=most // 8 + 1, radix=radix)).tiers == 3
