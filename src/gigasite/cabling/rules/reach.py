"""Reach: no link is longer than its part or its modules carry, panels included."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gigasite.cabling.rule import breach, rules

if TYPE_CHECKING:
    from gigasite._core.finding import Finding
    from gigasite.cabling.rule import Joint

PANELS = 2  # that the makers' reach already holds


@rules.part("reach")
class Reach:
    """The reach of the part and of both modules covers the length; it is stated with up to two patch panels."""

    source = "docs.nvidia.com/networking/display, MMA1Z00NS400T: reach with two patch panels"

    def broken(self, joint: Joint, /) -> list[Finding]:
        """Return joints beyond reach."""
        out = []
        least = min([joint.cable.reach_m, *[end.module.reach_m for end in joint.both if end.module is not None]])
        if joint.longest_m > least + 1e-3:
            out.append(
                breach(
                    joint,
                    f"the longest is beyond reach; beyond that of {joint.part}: {joint.over_reach:,}",
                    limit=f"{least:g} m",
                    found=f"{joint.longest_m:g} m",
                    remedy="place the tiers closer, or add a longer-reach part",
                )
            )
        if joint.panels > PANELS:
            out.append(
                breach(
                    joint,
                    "more panels than the reach is stated for",
                    limit=f"{PANELS} panels",
                    found=f"{joint.panels} panels",
                    remedy="fewer panels",
                )
            )
        return out
