"""Lanes: both ends run at one lane speed, and the lanes make the link's speed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gigasite.cabling.rule import breach, rules

if TYPE_CHECKING:
    from gigasite._core.finding import Finding
    from gigasite.cabling.rule import Joint


@rules.part("lanes")
class Lanes:
    """200G-PAM4 lanes do not step down to 100G."""

    source = "docs.nvidia.com, list of 800G 200G-PAM4 parts"

    def broken(self, joint: Joint, /) -> list[Finding]:
        """Return joints whose ends have different lanes."""
        a, z = joint.a.module, joint.z.module
        if a is None or z is None or a.lane_speed_bit_per_s == z.lane_speed_bit_per_s:
            return []
        speeds = [f"{m.lane_speed_bit_per_s / 1e9:g}G" for m in (a, z)]
        return [
            breach(
                joint,
                f"lanes of {joint.a.module_name} and {joint.z.module_name} differ",
                limit="one lane speed",
                found=" to ".join(speeds),
                remedy="modules of the same generation at both ends",
            )
        ]
