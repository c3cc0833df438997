"""Single-port modules stay out of twin-port cages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gigasite.cabling.rule import breach, rules

if TYPE_CHECKING:
    from gigasite._core.finding import Finding
    from gigasite.cabling.rule import Joint


@rules.part("single-port")
class SinglePort:
    """A single-port 400G module never goes into a twin-port switch cage."""

    source = "docs.nvidia.com/networking/display, connectivity pages of the single-port modules"

    def broken(self, joint: Joint, /) -> list[Finding]:
        """Return single-port modules in cages that hold two links or more."""
        return [
            breach(
                joint,
                f"{end.module_name} has one port, the cages of {end.device} hold {end.share} links",
                limit="2 ports",
                found=f"{end.module.ports} port",
                remedy="take a twin-port module at the switch",
            )
            for end in joint.both
            if end.module is not None and end.switch is not None and end.share > 1 and end.module.ports < 2
        ]
