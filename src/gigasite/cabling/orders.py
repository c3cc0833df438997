"""Work orders: what a technician does, where, why, and how it is seen that it is done.

One order is one cause, or several whose plugs wait for each other. In an order plugs are moved so that the port they go
to is free: a chain from its dark end on, a ring with one plug in the hand; no plug is touched that sits right.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING

from gigasite.cabling.fault import Stage, faults

if TYPE_CHECKING:
    from gigasite.cabling.diagnose import Diagnosis
    from gigasite.cabling.fault import Cause


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing to do.

    `move` a plug from one port to another, `install` a cable between two, `remove` the cable in one, `rename` two
    devices into each other, `check` a port.
    """

    do: str
    ports: tuple[int, ...]
    """Rows of `Bound.ports`; for `rename` numbers in `Bound.nodes`."""
    in_hand: bool = False
    """The port that it goes to is still full: keep the plug in the hand until the last step of this ring."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A work order.

    Parameters
    ----------
    key
        The same for the same work, whatever else is found: `swap-1f0c9a2e`.
    ends
        Plug ends touched.
    """

    key: str
    kind: str
    steps: tuple[Step, ...]
    remedy: str
    why: tuple[str, ...]
    ties: tuple[str, ...]
    verify: str
    confidence_frac: float
    ends: int


def orders(found: Diagnosis) -> tuple[Order, ...]:
    """Return one order for each cause, those that put most cables right for each plug first."""
    owner = _owners(found)
    steps: dict[int, list[Step]] = {}
    also: dict[int, list[int]] = {}
    for group in _groups(found):
        causes = Counter(owner.get(a, owner.get(b, -1)) for a, b, _ in group)
        mine = max(causes, key=lambda c: (c != -1, causes[c], -c))  # plugs that wait for each other are one order
        also.setdefault(mine, []).extend(c for c in causes if c not in {mine, -1})
        steps.setdefault(mine, []).extend(Step(do="move", ports=(a, b), in_hand=hand) for a, b, hand in group)
    for a, z in found.repair.installs.tolist():
        steps.setdefault(owner.get(a, owner.get(z, -1)), []).append(Step(do="install", ports=(a, z)))
    for a in found.repair.removals.tolist():
        steps.setdefault(owner.get(a, -1), []).insert(0, Step(do="remove", ports=(a,)))
    within = {c for mine in also.values() for c in mine if c not in steps}
    made = [
        _order(found, cause, steps.get(number, []), [found.causes[c] for c in also.get(number, []) if c in within])
        for number, cause in enumerate(found.causes)
        if number not in within
    ]
    if -1 in steps:
        made.append(_rest(found, steps[-1]))
    return tuple(sorted(made, key=lambda o: (o.ends / max(1, len(o.steps)), -len(o.why), o.key)))


def _owners(found: Diagnosis) -> dict[int, int]:
    """Return which cause each port's plug belongs to: the one that says where it goes, else the smallest."""
    out: dict[int, int] = {}
    for number, cause in enumerate(found.causes):  # largest first, so that smaller ones win
        if _cabled(cause):
            out |= dict.fromkeys(cause.ports, number)
    for number, cause in enumerate(found.causes):
        out |= dict.fromkeys(cause.at, number)
    return out


def _cabled(cause: Cause) -> bool:
    """Say whether a cause is about where cables lie: names and evidence leave plugs alone."""
    return faults[cause.kind]().stage in {Stage.DEVICE, Stage.BLOCK, Stage.CABLE}


def _groups(found: Diagnosis) -> list[list[tuple[int, int, bool]]]:
    """Return the moves by chains and rings, so that the port each goes to is free or its plug is in the hand."""
    to = dict(found.repair.moves.tolist())
    into = {b: a for a, b in to.items()}
    out: list[list[tuple[int, int, bool]]] = []
    done: set[int] = set()
    for first in sorted(to):
        if first in done:
            continue
        last = first
        while to[last] in to and to[last] != first:
            last = to[last]
        # a chain starts where its target is free; a ring anywhere, with that plug in the hand
        at: int | None = last
        ring = to[last] == first
        group = []
        while at is not None and at not in done:
            group.append((at, to[at], ring and at == last))
            done.add(at)
            at = into.get(at)
        out.append(group)
    return out


def _order(found: Diagnosis, cause: Cause, steps: list[Step], also: list[Cause]) -> Order:
    part = faults[cause.kind]()
    names = [Step(do="rename", ports=pair) for pair in cause.names]
    if part.stage == Stage.DEVICE:  # what its cables need is known when the device answers
        steps = []
    looks = [Step(do="check", ports=(p,)) for p in _looked_at(found, cause)] if not steps and not names else []
    every = (*names, *steps, *looks)
    return Order(
        key=_key(found, cause.kind, every),
        kind=cause.kind,
        steps=every,
        remedy=part.remedy,
        why=(*cause.evidence, *(e for other in also for e in other.evidence)),
        ties=cause.ties,
        verify=part.verify,
        confidence_frac=cause.confidence_frac,
        ends=_ends(steps),
    )


def _looked_at(found: Diagnosis, cause: Cause) -> list[int]:
    """Return the ports to go to where there is nothing to move: one a place."""
    ports = list(cause.look or cause.ports)
    if faults[cause.kind]().stage == Stage.DEVICE:
        return ports[:1]
    first = {int(found.case.node[p]): p for p in reversed(ports)}
    return sorted(first.values())


def _rest(found: Diagnosis, steps: list[Step]) -> Order:
    return Order(
        key=_key(found, "unexplained", tuple(steps)),
        kind="unexplained",
        steps=tuple(steps),
        remedy="put each plug where the step says",
        why=("differs from the plan in no known pattern",),
        ties=(),
        verify="read the neighbours of these ports again",
        confidence_frac=1.0,
        ends=_ends(steps),
    )


def _ends(steps: list[Step]) -> int:
    return sum({"move": 1, "install": 2, "remove": 2}.get(s.do, 0) for s in steps)


def _key(found: Diagnosis, kind: str, steps: tuple[Step, ...]) -> str:
    bound = found.bound
    names = sorted(
        s.do + "|".join(bound.nodes[p] if s.do == "rename" else " ".join(bound.ports.row(p)[:2]) for p in s.ports)
        for s in steps
    )
    return f"{kind}-{blake2b(chr(10).join(names).encode(), digest_size=4).hexdigest()}"
