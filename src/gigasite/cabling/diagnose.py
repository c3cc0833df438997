"""From what differs to the few causes behind it, and the fewest plugs to move.

`diagnose` is the front function. Identities are put right first, then blocks of displaced plugs are taken out, largest
first; what remains are rings and chains of single cables. Moves come from the whole difference at once (`repair.py`),
so that they are the fewest however well the causes are named.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from gigasite._core.finding import Finding, Severity, worst_first
from gigasite.cabling.blocks import blocks
from gigasite.cabling.case import case as make_case
from gigasite.cabling.fault import Stage, faults
from gigasite.cabling.match import bind
from gigasite.cabling.names import moved
from gigasite.cabling.repair import Repair, repair
from gigasite.design.types import PORT_BITS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gigasite.cabling.fault import Case, Cause, Fault
    from gigasite.cabling.match import Bound
    from gigasite.cabling.types import Observed

STRANGE_FRAC, STRANGE_LINKS = 0.2, 20
"""Below this share of seen cables as planned, of at least so many, the observation is of another plan (`estimate`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """Causes and what repairs them; ports are rows of `bound.ports`.

    Parameters
    ----------
    causes
        Root causes, those with most ports first.
    renames
        Pairs of devices whose names are to be exchanged, in this order: numbers in `bound.nodes`.
    repair
        Moves, new cables and removals, by the names that devices have once they are put right.
    case
        Cabling with names put right.
    planned, seen, right
        Links of the plan whose state is known; links seen; links that are as planned, names as they are.
    differing
        Ports that differ from the plan, names as they are.
    unexplained
        Ports that differ from the plan and belong to no cause (k,).
    """

    bound: Bound
    case: Case
    causes: tuple[Cause, ...]
    renames: tuple[tuple[int, int], ...]
    repair: Repair
    planned: int
    seen: int
    right: int
    differing: int
    unexplained: NDArray[np.int64]
    findings: tuple[Finding, ...]


def diagnose(ends: pl.DataFrame, observed: Observed) -> Diagnosis:
    """Find the causes of what differs from a plan.

    Parameters
    ----------
    ends
        The plan: `a_node, a_port, z_node, z_port`, ids of devices may follow (`read_plan_csv`).
    observed
        From `observe`.

    Returns
    -------
    Diagnosis
        Without moves, and with a finding of severity error, where the observation is of another plan.
    """
    return diagnose_bound(bind(ends, observed), observed)


def diagnose_bound(bound: Bound, observed: Observed) -> Diagnosis:
    """As `diagnose`, with devices bound to the plan already."""
    case = make_case(bound, observed)
    identity = [c for part in _parts(Stage.IDENTITY) for c in part.find(case)]
    wider = _widened(case, identity)
    if wider is not bound:
        bound = wider
        case = make_case(bound, observed)
    sick = [c for part in _parts(Stage.EVIDENCE) for c in part.find(case)]
    named = put_right(_there(case, sick), identity)
    if _strange(named):
        return _refused(case)
    work = replace(named, plan=named.plan.copy(), real=named.real.copy(), known=named.known.copy())
    dead = _dead(work)
    named.known[[p for c in dead for p in c.ports]] = True  # also where neither end of a dead device's cable reports
    found = [*dead, *_blocks(work)]
    single = [c for part in _parts(Stage.CABLE) for c in part.find(work)]
    placed = [*found, *single]
    preferred = np.array(sorted({p for c in placed for p in c.at}), np.int64)
    done = repair(named, preferred)
    every = [*identity, *placed, *sick]
    return Diagnosis(
        bound=bound,
        case=named,
        causes=tuple(sorted(every, key=lambda c: (-len(c.ports), c.kind, c.ports))),
        renames=tuple(pair for c in identity for pair in c.names),
        repair=done,
        planned=_links(case.known | case.known[case.plan] & (case.plan >= 0), case.plan),
        seen=_links(case.real >= 0, case.real),
        right=_links(case.plan == case.real, case.plan),
        differing=len(case.bad),
        unexplained=_unexplained(named, placed),
        findings=worst_first([*observed.findings, *bound.findings, *_elsewhere(case)]),
    )


def _elsewhere(case: Case) -> list[Finding]:
    """Return a finding on cables of other networks, with one of them."""
    at = case.elsewhere
    if not len(at):
        return []
    some = f"{case.port(int(at[0]))} to {case.port(int(case.bound.seen_peer[at[0]]))}"
    return [
        Finding(
            severity=Severity.note,
            chapter="cabling",
            where="observation",
            what=f"{len(at) // 2} cables join devices that the plan lacks, in ports that it does not use ({some})",
            remedy="taken for other networks and not judged; give a plan that has them too if they belong to it",
        )
    ]


def _parts(stage: Stage) -> list[Fault]:
    return [part for name in faults.names() if (part := faults[name]()).stage == stage]


def _there(case: Case, sick: list[Cause]) -> Case:
    """Return the case with cables in place that are dark for a reason that evidence tells: none of them is missing."""
    at = np.array(sorted({p for c in sick for p in c.ports}), np.int64)
    at = at[(case.real[at] < 0) & (case.plan[at] >= 0)]
    at = at[case.real[case.plan[at]] < 0]
    if not len(at):
        return case
    real = case.real.copy()
    real[at], real[case.plan[at]] = case.plan[at], at
    return replace(case, real=real)


def put_right(case: Case, identity: list[Cause]) -> Case:
    """Return the case with the names of devices exchanged as causes say, one pair after the other."""
    holds = np.arange(len(case.plan))  # which port, by its name as seen, has this name now
    for a, b in (pair for cause in identity for pair in cause.names):
        mine, theirs = (p[case.node[p] == n] for n in (a, b) for p in (case.ports_of(int(case.host[n])),))
        _, i, j = np.intersect1d(case.slot[mine], case.slot[theirs], return_indices=True)
        holds[mine[i]], holds[theirs[j]] = holds[theirs[j]], holds[mine[i]]
    at = np.flatnonzero(holds != np.arange(len(holds)))
    to = np.arange(len(holds))
    to[holds[at]] = at
    return moved(case, at, to)


def _widened(case: Case, identity: list[Cause]) -> Bound:
    """Return the numbering with the ports that devices gain by another's name: that others of a ring have."""
    bound, rows, nodes = case.bound, [], []
    for ring in (r for cause in identity for r in _rings(cause)):
        own = [p[case.node[p] == n] for n in ring for p in (case.ports_of(int(case.host[n])),)]
        every = np.concatenate(own)
        _, first = np.unique(case.slot[every], return_index=True)
        for here, mine in zip(ring, own, strict=True):
            lacking = every[first][~np.isin(case.slot[every[first]], case.slot[mine])]
            rows += [(bound.nodes[here], bound.ports["port"][int(p)], False) for p in lacking]
            nodes += [here] * len(lacking)
    if not rows:
        return bound
    none = np.full(len(rows), -1, np.int64)
    count = np.bincount(bound.packed >> PORT_BITS, minlength=len(bound.nodes))
    order = pl.DataFrame({"n": nodes}).select(pl.int_range(pl.len()).over("n")).to_series().to_numpy()
    return replace(
        bound,
        ports=pl.concat([bound.ports, pl.DataFrame(rows, schema=bound.ports.schema, orient="row")]),
        plan_peer=np.r_[bound.plan_peer, none],
        seen_peer=np.r_[bound.seen_peer, none],
        packed=np.r_[bound.packed, np.array(nodes) << PORT_BITS | (count[nodes] + order)],
        sight=np.r_[bound.sight, none],
        mutual=np.r_[bound.mutual, none >= 0],
        reporting=np.r_[bound.reporting, np.isin(nodes, case.node[bound.reporting])],
    )


def _rings(cause: Cause) -> list[list[int]]:
    """Return the devices that take part in one round of names: all exchanges of a round begin with the same device."""
    out: dict[int, list[int]] = {}
    for a, b in cause.names:
        out.setdefault(a, [a]).append(b)
    return list(out.values())


def _dead(work: Case) -> list[Cause]:
    """Return devices that are dark, and take their cables out of what is still to be explained."""
    found = [c for part in _parts(Stage.DEVICE) for c in part.find(work)]
    for cause in found:
        work.plan[list(cause.ports)] = -1
    return found


def _blocks(work: Case) -> list[Cause]:
    """Return blocks of displaced plugs; cables that fell off their ends belong to them."""
    found = blocks(work)
    for cause in found:
        freed = np.setdiff1d(cause.at, cause.belongs)
        freed = freed[(work.real[freed] < 0) & (work.plan[freed] >= 0)]
        freed = freed[work.real[work.plan[freed]] < 0]
        work.plan[work.plan[freed]] = -1
        work.plan[freed] = -1
    return found


def _links(which: NDArray[np.bool_], far: NDArray[np.int64]) -> int:
    return int((which & (far >= 0)).sum()) // 2


def _unexplained(case: Case, causes: list[Cause]) -> NDArray[np.int64]:
    known = np.zeros(len(case.plan), bool)
    for cause in causes:
        known[list(cause.ports)] = True
    bad = case.bad
    return bad[~known[bad]]


def _strange(case: Case) -> bool:
    """Say whether what was seen is of another plan."""
    seen = _links(case.real >= 0, case.real)
    right = _links(case.plan == case.real, case.plan)
    every = seen + len(case.elsewhere) // 2
    return (right < STRANGE_FRAC * seen or not right) and every >= STRANGE_LINKS


def _refused(case: Case) -> Diagnosis:
    """Return a diagnosis that says that plan and observation do not belong together."""
    seen = _links(case.real >= 0, case.real) + len(case.elsewhere) // 2
    right = _links(case.plan == case.real, case.plan)
    none = np.zeros((0, 2), np.int64)
    word = _of_another_plan(case, right, seen)
    return Diagnosis(
        bound=case.bound,
        case=case,
        causes=(),
        renames=(),
        repair=Repair(moves=none, installs=none, removals=none[:, 0], lower_bound=0),
        planned=_links(case.known, case.plan),
        seen=seen,
        right=right,
        differing=len(case.bad),
        unexplained=np.union1d(np.flatnonzero(case.real >= 0), case.elsewhere),
        findings=worst_first([word, *case.observed.findings, *case.bound.findings]),
    )


def _of_another_plan(case: Case, right: int, seen: int) -> Finding:
    """Return why plan and observation do not belong together: other devices, other names of ports, other cables."""
    lit = np.flatnonzero(case.real >= 0)
    known = lit[case.node[lit] < case.bound.planned_nodes]
    what = "is of another plan: hardly a cable that was seen is in this one, whatever the names of devices"
    remedy = "give the plan that these devices belong to; no moves are proposed"
    strange = known[case.plan[known] < 0]
    if 2 * len(known) < len(lit) + len(case.elsewhere):
        what = "is of another plan: most devices that were seen are not in it"
    elif 3 * len(strange) > len(known):
        seen_as = case.port(int(strange[0]))
        same = case.ports_of(int(case.unit[strange[0]]))
        planned = [case.port(int(p)) for p in same[case.plan[same] >= 0][:1]]
        what = f"names ports otherwise than the plan: it has '{seen_as}', the plan '{(planned or ['none'])[0]}'"
        remedy = "write ports in the plan as the devices name them; no moves are proposed"
    return Finding(
        severity=Severity.error,
        chapter="cabling",
        where="observation",
        what=what,
        found=f"{right} of {seen} cables as planned",
        limit=f"{STRANGE_FRAC:.0%}",
        remedy=remedy,
    )
