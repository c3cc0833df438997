"""What a rule of compatibility is: a joint of the plan in, findings out. Parts are the files of `rules/`.

A joint is every link that joins one kind of device to another by one part: a plan of millions of cables has a few
dozen.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from gigasite._core.finding import Finding, Severity
from gigasite._core.registry import Registry
from gigasite._core.words import counted

if TYPE_CHECKING:
    from gigasite.campus.parts import Cable, Fibre, Module, Switch


@dataclass(frozen=True, slots=True, kw_only=True)
class JointEnd:
    """One side of a joint."""

    device: str
    """Catalogue name of the device."""
    switch: Switch | None
    """None at a server."""
    form: str
    """Form of the cage; at a server the forms that its NIC may have, as `a/b`."""
    share: int
    """Links of this speed that share one cage."""
    module_name: str
    module: Module | None
    """None for copper."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Joint:
    """Links of one part between two kinds of devices."""

    where: str
    part: str
    cable: Cable
    fibre: Fibre | None
    a: JointEnd
    z: JointEnd
    count: int
    longest_m: float
    """Longest length to order, jumpers at patch panels included."""
    over_reach: int
    """Links longer than the part's reach."""
    off_list: int
    """Links of a length that is not on sale."""
    mixed_cages: int
    """Cages in which these links meet another part."""
    panels: int
    """Patch panels that one link passes."""

    @property
    def both(self) -> tuple[JointEnd, JointEnd]:
        """Return both ends."""
        return self.a, self.z


class Rule(Protocol):
    """One rule."""

    source: str
    """Where the rule comes from."""

    def broken(self, joint: Joint, /) -> list[Finding]:
        """Return what breaks the rule in this joint."""
        ...


rules: Registry[type[Rule]] = Registry("gigasite.cabling.rules", "cabling rule")


def broken(joints: list[Joint]) -> list[Finding]:
    """Return everything in which a plan breaks a rule."""
    made = [rules[name]() for name in rules.names()]
    return [found for joint in joints for rule in made for found in rule.broken(joint)]


def breach(
    joint: Joint, what: str, *, limit: str, found: str, remedy: str, severity: Severity = Severity.error
) -> Finding:
    """Make the finding of a broken rule."""
    return Finding(
        severity=severity,
        chapter="cabling",
        where=joint.where,
        what=f"{what} ({counted(joint.count, 'link')})",
        limit=limit,
        found=found,
        remedy=remedy,
    )
