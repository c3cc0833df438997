"""Lengths: copper exists in its own lengths only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gigasite._core.finding import Severity
from gigasite.cabling.rule import breach, rules

if TYPE_CHECKING:
    from gigasite._core.finding import Finding
    from gigasite.cabling.rule import Joint


@rules.part("lengths")
class Lengths:
    """DAC, ACC and AEC only inside their length list; fibre off the list is made to order."""

    source = "docs.nvidia.com/networking/display, lists of MCP4Y10, MCP7Y00 and MCP7Y10"

    def broken(self, joint: Joint, /) -> list[Finding]:
        """Return lengths that nobody sells."""
        if not joint.off_list:
            return []
        fibre = joint.fibre is not None
        listed = joint.cable.lengths
        return [
            breach(
                joint,
                f"lengths that are not on sale: {joint.off_list:,}",
                limit=f"{listed[0]:g} to {listed[-1]:g} m in {len(listed)} steps" if listed else "no length",
                found=f"up to {joint.longest_m:.1f} m",
                remedy="order it made to length" if fibre else "move the device, or take fibre",
                severity=Severity.warning if fibre else Severity.error,
            )
        ]
