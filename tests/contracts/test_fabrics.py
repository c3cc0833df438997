"""What every fabric keeps, in-tree or plugged in."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, reject, settings
from hypothesis import strategies as st
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components, maximum_flow

from gigasite._core.errors import InfeasibleError
from gigasite.design.fabric import Fabric, FabricAsk, Wiring, fabrics
from gigasite.design.types import FabricSize

KINDS = fabrics.names()
APART = {"rail-only"}  # rails are networks apart: connected within a rail only


def asked(kind: str, **given_: Any) -> tuple[Fabric, FabricAsk]:
    part = fabrics[kind]()
    return part, FabricAsk(**(dict(part.defaults) | given_ | dict(part.fixed)))


asks = st.fixed_dictionaries(
    {
        "nodes": st.integers(1, 900),
        "nics": st.sampled_from([1, 2, 3, 4, 8]),
        "radix": st.sampled_from([7, 8, 16, 24, 36, 64, 128]),
        "spine_radix": st.sampled_from([0, 0, 16, 40, 64]),
        "core_radix": st.sampled_from([0, 0, 32]),
        "planes": st.sampled_from([1, 1, 2, 4]),
        "oversubscription": st.sampled_from([1.0, 1.0, 0.5, 1.5, 3.0]),
        "spine_oversubscription": st.sampled_from([1.0, 1.0, 2.0, 7.0]),
        "core_oversubscription": st.sampled_from([1.0, 1.0, 2.0]),
        "nodes_per_unit": st.sampled_from([0, 0, 0, 2, 5]),
        "nodes_per_pod": st.sampled_from([0, 0, 0, 40]),
        "tiers": st.sampled_from([0, 0, 0, 2, 3, 4]),
        "uplink_ratio": st.sampled_from([1.0, 1.0, 2.0]),
    }
)


def tried(kind: str, given_: dict[str, Any]) -> tuple[Fabric, FabricAsk, FabricSize]:
    part, ask = asked(kind, **given_)
    try:
        return part, ask, part.size(ask)
    except InfeasibleError as error:
        assert len(str(error)) > 20
        reject()
        raise


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=60)
@given(given_=asks)
def test_every_port_is_used_at_most_once_and_wiring_agrees_with_the_counts(kind: str, given_: dict[str, Any]) -> None:
    part, ask, size = tried(kind, given_)
    w = part.wire(ask)
    ends: list[tuple[np.ndarray, np.ndarray]] = []
    for tier in range(4):
        mine = w.tier == tier
        a, z = (x[mine].astype(np.int64) << 16 | p[mine] for x, p in ((w.a, w.a_port), (w.z, w.z_port)))
        assert len(np.unique(a)) == len(a), "a port is used twice"
        assert len(np.unique(z)) == len(z), "a port is used twice"
        if len(z):
            assert w.z_port[mine].min() >= 1
            assert w.z_port[mine].max() <= ask.radices[tier]
            assert w.a_port[mine].max() <= (ask.nics * ask.planes if tier == 0 else ask.radices[tier - 1])
            assert w.z[mine].max() < size.switches[tier]
            if tier:  # leaves come in whole groups: some of a last group may be empty
                assert len(np.unique(w.z[mine])) == size.switches[tier]
        ends.append((a, z))
    for tier in range(3):  # ports toward both sides of one switch are different ones
        both = np.concatenate([ends[tier][1], ends[tier + 1][0]])
        assert len(np.unique(both)) == len(both)
        if tier < size.tiers:
            assert len(both) + size.by_tier[tier].spare_ports == size.switches[tier] * ask.radices[tier]
    assert [int((w.tier == t).sum()) for t in range(4)] == [c * ask.planes for c in size.cables]
    assert len(np.unique(w.a[w.tier == 0])) == ask.nodes + (ask.manager_links > 0)
    assert size.spare_ports == sum(t.spare_ports for t in size.by_tier) >= 0


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=60)
@given(given_=asks)
def test_uplinks_stripe_evenly(kind: str, given_: dict[str, Any]) -> None:
    part, ask, size = tried(kind, given_)
    w = part.wire(ask)
    for tier in range(1, size.tiers):
        mine = w.tier == tier
        pairs = w.a[mine].astype(np.int64) << 32 | w.z[mine]
        pair, links = np.unique(pairs, return_counts=True)
        most, least = np.zeros(size.switches[tier - 1], int), np.full(size.switches[tier - 1], 10**9)
        np.maximum.at(most, pair >> 32, links)
        np.minimum.at(least, pair >> 32, links)
        assert (most == least).all(), "a switch reaches one above it over more links than another"
        up = np.bincount(w.a[mine])
        assert up.min() == up.max(), "a switch has more up-links than another"


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=40)
@given(given_=asks)
def test_everything_is_connected_within_a_plane(kind: str, given_: dict[str, Any]) -> None:
    part, ask, size = tried(kind, given_)
    w = part.wire(ask)
    copies = ask.planes * (ask.nics if kind in APART else 1)
    first = np.cumsum([0, *size.switches])
    between = w.tier > 0
    a = first[np.maximum(w.tier[between].astype(int) - 1, 0)] + w.a[between]
    z = first[w.tier[between]] + w.z[between]
    n = int(first[-1])
    graph = coo_matrix((np.ones(len(a)), (a, z)), shape=(n, n))
    assert connected_components(graph, directed=False)[0] == copies
    for plane in range(ask.planes):  # every node is in every plane, with every NIC
        mine = (w.tier == 0) & ((w.a_port - 1) % ask.planes == plane) & (w.a < ask.nodes)
        assert (np.bincount(w.a[mine], minlength=ask.nodes) == ask.nics).all()


@pytest.mark.parametrize("kind", [k for k in KINDS if k not in {"fat-tree", "pods"}])
@settings(max_examples=40)
@given(given_=asks)
def test_every_rail_reaches_the_right_leaf_of_its_unit(kind: str, given_: dict[str, Any]) -> None:
    part, ask, size = tried(kind, given_)
    assume(size.tiers > 1)
    w = part.wire(ask)
    down = w.tier == 0
    nic, plane = np.divmod(w.a_port[down].astype(int) - 1, ask.planes)
    leaf, node = w.z[down].astype(int), w.a[down].astype(int)
    copies = ask.planes * (ask.nics if kind in APART else 1)
    copy, local = np.divmod(leaf, size.leaf // copies)
    if kind in APART:
        assert (copy == plane * ask.nics + nic).all()
    else:
        assert (copy == plane).all()
        assert (local % ask.nics == nic).all(), "a leaf holds one rail"
        units = np.unique(np.column_stack([local // ask.nics, node]), axis=0)
        assert len(units) == len(np.unique(node)), "all rails of a node lie in one unit"


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=60)
@given(given_=asks)
def test_no_cut_is_narrower_than_promised(kind: str, given_: dict[str, Any]) -> None:
    """Per tier: up-capacity of every switch >= its down-capacity over the oversubscription asked; 0 is the top."""
    part, ask, size = tried(kind, given_)
    w = part.wire(ask)
    promised = (ask.oversubscription, ask.spine_oversubscription, ask.core_oversubscription)
    worst = []
    for tier in range(size.tiers - 1):
        down = np.bincount(w.z[w.tier == tier], minlength=size.switches[tier])
        up = np.bincount(w.a[w.tier == tier + 1], minlength=size.switches[tier])
        speed = ask.uplink_ratio if tier == 0 else 1.0
        worst.append(float((down / (up * speed)).max()))
        fixed = (ask.leaf_up, ask.spine_up)[tier] if tier < 2 else 0
        if not fixed:
            assert worst[-1] <= promised[tier] + 1e-9
    assert worst == pytest.approx([t.oversubscription for t in size.by_tier[:-1]])
    assert size.by_tier[-1].oversubscription == 0.0
    if all(p <= 1 for p in promised) and not ask.leaf_up:
        assert size.bisection_frac == 1.0


@pytest.mark.parametrize("kind", ["rail-optimized", "fat-tree", "superpod-b200", "nvl72", "dual-plane"])
@pytest.mark.parametrize(("tiers", "nodes"), [(2, 30), (3, 77), (4, 77)])
@settings(max_examples=8)
@given(data=st.data())
def test_any_half_of_the_leaves_sends_at_full_rate_to_the_other(
    kind: str, tiers: int, nodes: int, data: st.DataObject
) -> None:
    """Maximum flow over the real links between two drawn sets of leaves equals what their nodes can send or receive."""
    part, ask = asked(kind, nodes=nodes, nics=2, radix=16, tiers=tiers)
    size = part.size(ask)
    leaves = size.leaf // ask.planes
    sides = np.array(data.draw(st.lists(st.booleans(), min_size=leaves, max_size=leaves)))
    flow, sent = flows(part.wire(ask), size, ask.planes, sides)
    assert flow == min(sent)


def flows(w: Wiring, size: FabricSize, planes: int, sides: np.ndarray) -> tuple[int, tuple[int, int]]:
    """Return the flow of plane 0 from leaves of one side to those of the other, and node links of both."""
    per_plane = [n // planes for n in size.switches]
    first = np.cumsum([0, *per_plane])
    source, sink = int(first[-1]), int(first[-1]) + 1
    leaf = w.z[(w.tier == 0) & (w.z < per_plane[0])]
    nodes = np.bincount(leaf, minlength=per_plane[0])
    rows, cols, caps = (
        [np.full(len(sides), source), np.arange(len(sides))],
        [np.arange(len(sides)), np.full(len(sides), sink)],
        [],
    )
    caps = [np.where(sides, nodes, 0), np.where(sides, 0, nodes)]
    for tier in range(1, size.tiers):
        mine = (w.tier == tier) & (w.z < per_plane[tier])
        a, z = first[tier - 1] + w.a[mine], first[tier] + w.z[mine]
        rows += [a, z]
        cols += [z, a]
        caps += [np.ones(len(a), int)] * 2
    graph = coo_matrix(
        (np.concatenate(caps).astype(np.int32), (np.concatenate(rows), np.concatenate(cols))),
        shape=(sink + 1, sink + 1),
    ).tocsr()
    return int(maximum_flow(graph, source, sink).flow_value), (int(nodes[sides].sum()), int(nodes[~sides].sum()))


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=25)
@given(given_=asks, tiers=st.integers(1, 4))
def test_limits_are_reached_and_not_passed(kind: str, given_: dict[str, Any], tiers: int) -> None:
    part, ask = asked(kind, **(given_ | {"tiers": tiers}))
    try:
        limit = part.limits(ask)[tiers - 1]
    except InfeasibleError:
        reject()
        raise
    assert limit.tiers == tiers
    assume(limit.nodes < 200_000)
    if limit.nodes:
        assert part.size(replace(ask, nodes=limit.nodes)).tiers == tiers
    with pytest.raises(InfeasibleError):
        part.size(replace(ask, nodes=limit.nodes + 1))


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_ask_gives_the_same_bytes(kind: str) -> None:
    part, ask = asked(kind, nodes=300)
    one, two = part.wire(ask), part.wire(ask)
    for name in ("tier", "a", "a_port", "z", "z_port"):
        assert getattr(one, name).tobytes() == getattr(two, name).tobytes()
    assert part.size(ask) == part.size(ask)


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=40)
@given(given_=asks)
def test_fewer_tiers_are_taken_only_where_they_fit(kind: str, given_: dict[str, Any]) -> None:
    part, ask, size = tried(kind, given_ | {"tiers": 0})
    for tiers in range(1, size.tiers):
        with pytest.raises(InfeasibleError):
            part.size(replace(ask, tiers=tiers))


@pytest.mark.parametrize(
    ("kind", "given_", "words"),
    [
        ("rail-optimized", {"nodes": 70_000, "radix": 64, "tiers": 3}, "4 tiers"),
        ("rail-optimized", {"nodes": 3_000_000, "radix": 64}, "a larger radix"),
        ("rail-optimized", {"nodes": 3_000_000, "radix": 64}, "more planes"),
        ("rail-optimized", {"nodes": 100, "radix": 64, "tiers": 1}, "2 tiers"),
        ("fat-tree", {"nodes": 300, "radix": 64, "tiers": 2}, "oversubscription"),
        ("pods", {"nodes": 400_000, "tiers": 3}, "4 tiers"),
        ("rail-optimized", {"nodes": 10, "nodes_per_unit": 33}, "nodes per unit <= 32"),
        ("fat-tree", {"nodes": 0}, "nodes"),
        ("fat-tree", {"nodes": 5, "tiers": 5}, "tiers"),
        ("fat-tree", {"nodes": 5, "oversubscription": 0.0}, "oversubscription"),
    ],
)
def test_a_refusal_says_what_would_fit(kind: str, given_: dict[str, Any], words: str) -> None:
    part, ask = asked(kind, **given_)
    with pytest.raises(InfeasibleError, match=words):
        part.size(ask)
