"""What every fabric keeps, in-tree or plugged in."""

from __future__ import annotations

from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gigasite._core.errors import InfeasibleError
from gigasite.design.fabric import Fabric, FabricAsk, fabrics


@pytest.mark.parametrize("kind", fabrics.names())
@settings(max_examples=40)
@given(
    nodes=st.integers(1, 900),
    nics=st.sampled_from([1, 2, 4, 8]),
    radix=st.sampled_from([16, 32, 64, 128]),
    planes=st.integers(1, 2),
    oversubscription=st.sampled_from([1.0, 3.0]),
)
def test_wiring_uses_every_port_once_and_agrees_with_the_counts(
    kind: str, nodes: int, nics: int, radix: int, planes: int, oversubscription: float
) -> None:
    part = fabrics[kind]()
    free = {"nics": nics, "radix": radix, "planes": planes}
    ask = FabricAsk(nodes=nodes, oversubscription=oversubscription, **(free | dict(part.fixed)))
    with suppress(InfeasibleError):
        check(part, ask)


def check(part: Fabric, ask: FabricAsk) -> None:
    size = part.size(ask)
    w = part.wire(ask)
    above = (size.leaf, size.spine, size.core)
    used = []
    for tier in range(3):
        mine = w.tier == tier
        ends_a = w.a[mine].astype(np.int64) << 16 | w.a_port[mine]
        ends_z = w.z[mine].astype(np.int64) << 16 | w.z_port[mine]
        for ends in (ends_a, ends_z):
            assert len(np.unique(ends)) == len(ends), "a port is used twice"
        assert (w.z_port[mine] >= 1).all()
        assert (w.z_port[mine] <= ask.radix).all()
        assert (w.z[mine] < above[tier]).all()
        used.append((ends_a, ends_z))
    for tier in (0, 1):  # ports toward both sides of one switch are different ones
        assert not np.intersect1d(used[tier][1], used[tier + 1][0]).size
    cables = (size.node_leaf_cables, size.leaf_spine_cables, size.spine_core_cables)
    assert [int((w.tier == t).sum()) for t in range(3)] == [c * ask.planes for c in cables]
    assert len(np.unique(w.a[w.tier == 0])) == ask.nodes


@pytest.mark.parametrize("kind", fabrics.names())
def test_uplinks_stripe_evenly(kind: str) -> None:
    part = fabrics[kind]()
    ask = FabricAsk(nodes=512, **({"nics": 8, "radix": 64} | dict(part.fixed)))
    w = part.wire(ask)
    up = w.tier == 1
    pairs = np.unique(np.column_stack([w.a[up], w.z[up]]), axis=0, return_counts=True)[1]
    assert pairs.min() == pairs.max()


def test_rails_meet_on_their_own_leaf() -> None:
    ask = FabricAsk(nodes=300, radix=64)
    w = fabrics["rail-optimized"]().wire(ask)
    down = w.tier == 0
    assert (w.z[down] % 8 == w.a_port[down] - 1).all()


def test_more_nodes_than_three_tiers_join_say_what_would_fit() -> None:
    with pytest.raises(InfeasibleError, match="larger radix"):
        fabrics["rail-optimized"]().size(FabricAsk(nodes=70_000, radix=64))
