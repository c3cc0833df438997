"""Both fibres of a twin-port module are of one type."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gigasite.cabling.rule import breach, rules

if TYPE_CHECKING:
    from gigasite._core.finding import Finding
    from gigasite.cabling.rule import Joint


@rules.part("twin-alike")
class TwinAlike:
    """Both fibres of one twin-port module are straight, or both are splitters, of the same mode."""

    source = "docs.nvidia.com/networking/display, 800gmma4z00nst"

    def broken(self, joint: Joint, /) -> list[Finding]:
        """Return links that share a cage with another part."""
        if not joint.mixed_cages:
            return []
        return [
            breach(
                joint,
                f"links that share a module with links of another part: {joint.mixed_cages:,}",
                limit="one part a cage",
                found="two parts",
                remedy="take the same part for all links of the cage",
            )
        ]
