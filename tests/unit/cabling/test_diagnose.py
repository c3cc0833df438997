"""Causes and moves on cablings with planted faults; what must hold whatever is planted."""

from __future__ import annotations

import importlib.util
from collections import Counter
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment

from gigasite.cabling import Diagnosis, Observed, diagnose, observe
from gigasite.cabling.accept import acceptable, accepted
from gigasite.cabling.fault import Stage, faults
from gigasite.cabling.inject import Drill, inject
from gigasite.cabling.orders import orders
from gigasite.cabling.walk import Floor, places, walks

_spec = importlib.util.spec_from_file_location("plans", Path(__file__).with_name("plans.py"))
assert _spec is not None
assert _spec.loader is not None
plans = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(plans)

PLANS = {False: plans.two_tiers(), True: plans.two_tiers(hca=True)}
SMALL = plans.two_tiers(8, rails=4, group=4, spines=2, mult=2)


def seen_of(tmp_path: Path, links: list[tuple[str, str, str, str]], silent: frozenset[str] = frozenset()) -> Observed:
    place = tmp_path / "links.csv"
    place.write_text(plans.sightings(links, silent).write_csv())
    return observe(place)


def truth(drill: Drill) -> Counter:
    rows = drill.lab.case.bound.ports.rows()
    return Counter((p.kind, frozenset(rows[i][:2] for i in p.ports)) for p in drill.lab.planted)


def found_causes(d: Diagnosis) -> Counter:
    rows = d.bound.ports.rows()
    return Counter((c.kind, frozenset(rows[i][:2] for i in c.ports)) for c in d.causes)


def applied(d: Diagnosis, observed: Observed) -> set[frozenset]:
    """Apply a diagnosis to what was seen, with dictionaries and names alone: renames, removals, moves, installs."""
    rows = [r[:2] for r in d.bound.ports.rows()]
    name = {n: n for n in d.bound.nodes}
    for a, b in ((d.bound.nodes[i], d.bound.nodes[j]) for i, j in d.renames):
        holders = {v: k for k, v in name.items()}
        name[holders[a]], name[holders[b]] = b, a
    seen = observed.sightings.filter(pl.col("seen_node") != "")
    cables = {
        frozenset(
            ((name.get(r["node"], r["node"]), r["port"]), (name.get(r["seen_node"], r["seen_node"]), r["seen_port"]))
        )
        for r in seen.to_dicts()
    }
    # cables that are in place and dark, as the evidence of a cause tells
    dark = [p for c in d.causes if faults[c.kind]().stage == Stage.EVIDENCE for p in c.ports]
    cables |= {frozenset((rows[p], rows[d.case.plan[p]])) for p in dark if d.case.real[p] == d.case.plan[p]}
    gone = {rows[p] for p in d.repair.removals.tolist()}
    cables = {c for c in cables if not gone & c}
    move = {rows[a]: rows[b] for a, b in d.repair.moves.tolist()}
    assert all(any(p in c for c in cables) for p in move), "a move starts at a port without plug"
    cables = {frozenset(move.get(p, p) for p in c) for c in cables}
    return cables | {frozenset((rows[a], rows[z])) for a, z in d.repair.installs.tolist()}


def planned(ends: pl.DataFrame) -> set[frozenset]:
    return {frozenset(((a, p), (z, q))) for a, p, z, q in ends.select(plans.FOUR).iter_rows()}


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10**6), hca=st.booleans(), rate=st.sampled_from([0.01, 0.05, 0.2]))
def test_moves_make_the_plan_and_are_as_few_as_the_bound(*, seed: int, hca: bool, rate: float) -> None:
    ends = PLANS[hca]
    drill = inject(ends, rate_frac=rate, seed=seed)
    d = diagnose(ends, drill.observed)
    assert applied(d, drill.observed) == planned(ends)
    assert len(d.repair.moves) == d.repair.lower_bound
    assert not len(d.unexplained)


@pytest.mark.parametrize("hca", [False, True])
def test_a_cabling_as_planned_has_no_cause(*, hca: bool) -> None:
    drill = inject(PLANS[hca], rate_frac=0.01, seed=1, kinds=["missing"])
    drill.lab.real[:] = drill.lab.case.plan
    from gigasite.cabling.lab import seen

    d = diagnose(PLANS[hca], seen(drill.lab))
    assert d.causes == ()
    assert not len(d.repair.moves)
    assert d.right == d.planned == PLANS[hca].height


def test_causes_of_one_percent_of_a_hundred_thousand_gpus() -> None:
    ends = plans.two_tiers(12_512, group=32, spines=32, mult=1)
    ends = ends.filter(~pl.col("z_node").str.starts_with("spine")) if ends.height > 10**6 else ends
    got = want = hit = 0
    for seed in (1, 2):
        drill = inject(ends, rate_frac=0.01, seed=seed)
        d = diagnose(ends, drill.observed)
        t, f = truth(drill), found_causes(d)
        hit, got, want = hit + (t & f).total(), got + f.total(), want + t.total()
        assert len(d.repair.moves) <= 1.02 * d.repair.lower_bound
        assert d.differing >= 5 * len(orders(d))
    assert hit / got >= 0.99
    assert hit / want >= 0.99


def test_faults_upon_faults_are_still_repaired_with_fewest_moves() -> None:
    """A swap within a rail shift: the causes may be told otherwise, the moves not."""
    drill = inject(SMALL, rate_frac=0.01, seed=3, kinds=["rail_shift"])
    lab = drill.lab
    at = next(p for p in lab.planted[0].ports if lab.real[p] >= 0)
    other = int(lab.case.ports_of(int(lab.case.unit[at]))[-1])
    if lab.real[other] >= 0 and other != at:
        lab.plug([at, other], [other, at])
    from gigasite.cabling.lab import seen

    observed = seen(lab)
    d = diagnose(SMALL, observed)
    assert applied(d, observed) == planned(SMALL)


@settings(max_examples=80, deadline=None)
@given(st.permutations(range(8)), st.integers(0, 4), st.integers(0, 4))
def test_no_repair_needs_fewer_moves(
    tmp_path_factory: pytest.TempPathFactory, order: list[int], planned_links: int, real_links: int
) -> None:
    """The bound against an assignment of cables to planned links that another program solves."""
    if not planned_links:
        return
    port = [(f"n{i}", f"swp{i}") for i in range(8)]
    plan = [(*port[2 * k], *port[2 * k + 1]) for k in range(planned_links)]
    real = [(*port[order[2 * k]], *port[order[2 * k + 1]]) for k in range(real_links)]
    ends = pl.DataFrame([*plan, ("x", "1", "y", "1")], schema=plans.FOUR, orient="row")
    # every device reports: a link of its own that is as planned shows that
    keep = [(f"n{i}", "lan", f"m{i}", "lan") for i in range(8)]
    ends = pl.concat([ends, pl.DataFrame(keep, schema=plans.FOUR, orient="row")])
    observed = seen_of(tmp_path_factory.mktemp("links"), [*real, *keep, ("x", "1", "y", "1")])
    d = diagnose(ends, observed)
    if d.renames:  # the names of two devices were exchanged: no plug need move
        return
    cost = np.full((max(1, len(real)), len(plan)), 3.0)
    for i, r in enumerate(real):
        for j, p in enumerate(plan):
            both, want = {r[:2], r[2:]}, {p[:2], p[2:]}
            cost[i, j] = 2 - len(both & want)
    cost[cost > 1] = 1000.0  # a cable with no end right is not re-used: it would be two moves
    rows, columns = linear_sum_assignment(cost)
    best = sum(cost[i, j] for i, j in zip(rows, columns, strict=True) if cost[i, j] < 1000 and i < len(real))
    assert len(d.repair.moves) == best
    assert applied(d, observed) == planned(ends)


def test_a_ring_of_three_names(tmp_path: Path) -> None:
    ends = PLANS[False]
    ring = {"leaf-001": "leaf-004", "leaf-004": "leaf-006", "leaf-006": "leaf-001"}
    links = [(ring.get(a, a), p, ring.get(z, z), q) for a, p, z, q in ends.iter_rows()]
    d = diagnose(ends, seen_of(tmp_path, links))
    assert [c.kind for c in d.causes] == ["identity_swap"]
    assert len(d.renames) == 2
    assert not len(d.repair.moves)


def test_a_ring_of_three_names_with_a_cable_in_a_port_that_is_not_planned(tmp_path: Path) -> None:
    """All devices of the ring have the port, whichever of the three the cable is in."""
    places = {"gpu0000": "gpu0001", "gpu0001": "gpu0002", "gpu0002": "gpu0000"}
    for box in places:
        links = [*SMALL.iter_rows(), (box, "eth9", "gpu0006", "eth9")]
        o = seen_of(tmp_path, [(places.get(a, a), p, places.get(z, z), q) for a, p, z, q in links])
        d = diagnose(SMALL, o)
        assert {c.kind for c in d.causes} == {"identity_swap", "unplanned"}
        rows = d.bound.ports.rows()
        assert {rows[p][:2] for c in d.causes if c.kind == "unplanned" for p in c.ports} == {
            (box, "eth9"),
            ("gpu0006", "eth9"),
        }
        assert applied(d, o) == planned(SMALL)


def test_hosts_behind_a_dead_switch_belong_to_its_cause(tmp_path: Path) -> None:
    """What is reached through one switch alone is in no dump of the fabric once that switch is dead."""
    ends = plans.two_tiers(32, rails=1, group=8, spines=2, mult=2)
    behind = {a for a, _, z, _ in ends.iter_rows() if z == "leaf-001"}
    links = [r for r in ends.iter_rows() if "leaf-001" not in (r[0], r[2])]
    o = seen_of(tmp_path, links, frozenset(behind))
    d = diagnose(ends, o)
    (cause,) = d.causes
    assert cause.kind == "dead_node"
    assert len(cause.ports) == 2 * (8 + 4)
    assert applied(d, o) == planned(ends)


def test_cables_of_other_networks_are_left_alone(tmp_path: Path) -> None:
    """Hosts tell of their management ports too; no plug of those is touched."""
    hosts = sorted(set(SMALL["a_node"]) - {n for n in SMALL["a_node"] if n.startswith("leaf")})
    links = [*SMALL.iter_rows(), *((h, "eno1", "oob-1", f"swp{i}") for i, h in enumerate(hosts))]
    links += [("oob-1", "swp48", "oob-agg", "swp1"), ("gpu0000", "eth7", "leaf-003", "swp40")]
    d = diagnose(SMALL, seen_of(tmp_path, links))
    (cause,) = d.causes
    assert cause.kind == "unplanned"
    assert {d.bound.nodes[d.case.node[p]] for p in cause.ports} == {"gpu0000", "leaf-003"}
    assert len(d.repair.removals) == 1
    (told,) = [f for f in d.findings if "the plan lacks" in f.what]
    assert told.what.startswith(f"{len(hosts) + 1} cables")


def test_a_network_of_which_the_plan_has_no_device_is_another(tmp_path: Path) -> None:
    links = [tuple(f"x-{t}" if i % 2 == 0 else t for i, t in enumerate(r)) for r in SMALL.iter_rows()]
    d = diagnose(SMALL, seen_of(tmp_path, links))
    assert [f.severity.name for f in d.findings if "another plan" in f.what] == ["error"]
    assert not len(d.repair.removals)


def test_a_dead_switch_of_which_one_neighbour_still_tells(tmp_path: Path) -> None:
    """A switch is no less dead because one of its 48 neighbours has not forgotten it yet."""
    ends = plans.two_tiers(32, spines=4, mult=4)
    links = [r for r in ends.iter_rows() if "leaf-003" not in (r[0], r[2])]
    old = ("spine-001", "swp13", "leaf-003", "swp37")
    assert (old[2], old[3], old[0], old[1]) in list(ends.iter_rows())
    rows = pl.concat([plans.sightings(links), pl.DataFrame([old], plans.sightings(links).schema, orient="row")])
    place = tmp_path / "links.csv"
    place.write_text(rows.write_csv())
    d = diagnose(ends, observe(place))
    (cause,) = d.causes
    assert cause.kind == "dead_node"
    assert len(cause.ports) == 2 * 47


def test_a_name_that_the_plan_lacks(tmp_path: Path) -> None:
    ends = PLANS[False]
    links = [
        ("sonic" if a == "leaf-002" else a, p, "sonic" if z == "leaf-002" else z, q) for a, p, z, q in ends.iter_rows()
    ]
    d = diagnose(ends, seen_of(tmp_path, links))
    assert {tuple(sorted((d.bound.nodes[a], d.bound.nodes[b]))) for a, b in d.renames} == {("leaf-002", "sonic")}
    assert not len(d.repair.moves)
    assert not len(d.repair.installs)
    assert any("no sonic" in e for e in d.causes[0].evidence)


def test_names_of_leaves_and_spines_exchanged_at_once(tmp_path: Path) -> None:
    ends = PLANS[False]
    swap = {"leaf-001": "leaf-009", "leaf-009": "leaf-001", "spine-000": "spine-003", "spine-003": "spine-000"}
    links = [(swap.get(a, a), p, swap.get(z, z), q) for a, p, z, q in ends.iter_rows()]
    d = diagnose(ends, seen_of(tmp_path, links))
    assert Counter(c.kind for c in d.causes) == {"identity_swap": 2}
    assert not len(d.repair.moves)


def test_servers_in_each_others_place_are_one_cause_also_by_adapters(tmp_path: Path) -> None:
    ends = PLANS[True]
    swap = {"gpu0003": "gpu0040", "gpu0040": "gpu0003"}

    def new(node: str) -> str:
        host, _, rest = node.partition(" ")
        return f"{swap.get(host, host)} {rest}".strip()

    links = [(new(a), p, new(z), q) for a, p, z, q in ends.iter_rows()]
    d = diagnose(ends, seen_of(tmp_path, links))
    assert len(d.causes) == 1
    assert len(d.renames) == 8
    assert not len(d.repair.moves)


def test_one_cable_servers_are_not_renamed(tmp_path: Path) -> None:
    """Of devices with one cable nobody can tell a wrong name from a wrong cable: it is a swap."""
    ends = plans.two_tiers(8, rails=1, group=4, spines=2, mult=1)
    swap = {"gpu0001": "gpu0002", "gpu0002": "gpu0001"}
    links = [(swap.get(a, a), p, swap.get(z, z), q) for a, p, z, q in ends.iter_rows()]
    d = diagnose(ends, seen_of(tmp_path, links))
    assert [c.kind for c in d.causes] == ["swap"]
    assert len(d.repair.moves) == 2
    assert not d.renames


def test_an_observation_of_another_plan_proposes_nothing(tmp_path: Path) -> None:
    ends = PLANS[False]
    rng = np.random.default_rng(5)
    order = rng.permutation(ends.height)
    links = [(a, p, z, q) for (a, p, _, _), (_, _, z, q) in zip(ends.iter_rows(), ends[order].iter_rows(), strict=True)]
    d = diagnose(ends, seen_of(tmp_path, links))
    assert d.causes == ()
    assert not len(d.repair.moves)
    assert not len(d.repair.installs)
    assert any("another plan" in f.what for f in d.findings)


def test_other_names_of_ports_are_told(tmp_path: Path) -> None:
    ends = PLANS[False]
    links = [(a, p, z, q.replace("swp", "Ethernet")) for a, p, z, q in ends.iter_rows()]
    d = diagnose(ends, seen_of(tmp_path, links))
    assert not len(d.repair.moves)
    assert any("names ports otherwise" in f.what and "Ethernet" in f.what and "swp" in f.what for f in d.findings)
    away = [(f"x{a}", p, f"x{z}", q) for a, p, z, q in ends.iter_rows()]
    assert any("are not in it" in f.what for f in diagnose(ends, seen_of(tmp_path, away)).findings)


def test_parallel_cables_may_stay(tmp_path: Path) -> None:
    ends = PLANS[False]
    links = list(ends.iter_rows())
    at = [i for i, r in enumerate(links) if r[0] == "leaf-000" and r[2] == "spine-000"][:2]
    (a, p, z, q), (b, r, y, s) = (links[i] for i in at)
    links[at[0]], links[at[1]] = (a, p, y, s), (b, r, z, q)
    observed = seen_of(tmp_path, links)
    d = diagnose(ends, observed)
    same = acceptable(d)
    assert len(d.repair.moves) == same.moves_saved == 2
    after = diagnose(accepted(ends, d, same), observed)
    assert after.causes == ()
    assert after.right == ends.height
    # the same at a server is no matter of taste: its rails differ
    rails = list(ends.iter_rows())
    rails[0], rails[1] = (*rails[0][:2], *rails[1][2:]), (*rails[1][:2], *rails[0][2:])
    wrong = diagnose(ends, seen_of(tmp_path, rails))
    assert len(wrong.repair.moves) == 2
    assert acceptable(wrong).moves_saved == 0


@pytest.mark.parametrize("seed", range(4))
def test_orders_never_need_a_full_port(seed: int) -> None:
    """Each plug goes where nothing is by then, or is told to be kept in the hand; right plugs are never touched."""
    ends = PLANS[bool(seed % 2)]
    drill = inject(ends, rate_frac=0.1, seed=seed)
    d = diagnose(ends, drill.observed)
    real = {p: int(q) for p, q in enumerate(d.case.real) if q >= 0}
    right = {p for p, q in real.items() if d.case.plan[p] == q}
    full, hand = set(real), []
    moved = 0
    for order in orders(d):
        for step in order.steps:
            if step.do == "remove":
                full -= {step.ports[0], real[step.ports[0]]}
            if step.do != "move":
                continue
            a, b = step.ports
            assert a not in right
            assert a in full
            full.discard(a)
            moved += 1
            if step.in_hand:
                hand.append(b)
            else:
                assert b not in full, f"{d.case.port(b)} is still full"
                full.add(b)
            for target in [t for t in hand if t not in full]:
                hand.remove(target)
                full.add(target)
    assert not hand
    assert moved == len(d.repair.moves)


def test_a_walk_is_shorter_than_tickets_as_they_come() -> None:
    """Published target of the facts: at most 60 % of the way in ticket order."""
    ends = plans.two_tiers(1024)
    drill = inject(ends, rate_frac=0.03, seed=7)
    d = diagnose(ends, drill.observed)
    nodes = sorted({*ends["a_node"], *ends["z_node"]})
    rng = np.random.default_rng(1)
    spots = rng.permutation(len(nodes))
    where = pl.DataFrame(
        {
            "node": nodes,
            "hall": [1] * len(nodes),
            "row": (spots // 40 + 1).tolist(),
            "position": (spots % 40 + 1).tolist(),
        }
    )
    made = orders(d)
    ways = walks(d, made, places(d, where), crews=2)
    assert sorted(n for w in ways for n in w.orders) == list(range(len(made)))
    assert sum(w.metres for w in ways) <= 0.6 * sum(w.ticket_metres for w in ways)
    again = walks(d, made, places(d, where), crews=2, floor=Floor())
    assert [w.orders for w in again] == [w.orders for w in ways]


def test_orders_without_places_are_shared_among_crews() -> None:
    ends = PLANS[False]
    d = diagnose(ends, inject(ends, rate_frac=0.05, seed=2).observed)
    made = orders(d)
    nowhere = pl.DataFrame(schema={"node": pl.String, "hall": pl.Int32, "row": pl.Int32, "position": pl.Int32})
    ways = walks(d, made, places(d, nowhere), crews=3)
    sizes = [len(w.orders) for w in ways]
    assert sum(sizes) == len(made)
    assert max(sizes) - min(sizes) <= 1
    assert all(w.metres == 0 for w in ways)


def test_orders_close_when_their_work_is_done() -> None:
    """Undoing one cause leaves the keys of the others as they are."""
    ends = PLANS[False]
    kinds = ["swap", "moved", "missing", "trunk_swap", "rail_shift", "cycle"]
    drill = inject(ends, rate_frac=0.03, seed=11, kinds=kinds)
    d = diagnose(ends, drill.observed)
    before = {o.key for o in orders(d)}
    cause = next(c for c in d.causes if c.kind in {"swap", "moved", "trunk_swap", "rail_shift", "cycle"})
    lab = drill.lab
    names = {r[:2]: i for i, r in enumerate(lab.case.bound.ports.rows())}
    rows = d.bound.ports.rows()
    moves = [
        (names[rows[a][:2]], names[rows[b][:2]])
        for a, b in d.repair.moves.tolist()
        if a in cause.ports and b in cause.ports
    ]
    lab.plug([a for a, _ in moves], [b for _, b in moves])
    from gigasite.cabling.lab import seen

    after = {o.key for o in orders(diagnose(ends, seen(lab)))}
    assert after < before
    assert len(before - after) == 1
