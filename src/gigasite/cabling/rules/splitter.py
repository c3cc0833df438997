"""Splitters: an end has only its share of the lanes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gigasite.cabling.rule import breach, rules

if TYPE_CHECKING:
    from gigasite._core.finding import Finding
    from gigasite.cabling.rule import Joint


@rules.part("splitter")
class Splitter:
    """A 1:2 splitter end has half of the module's lanes: 200G of a 400G port, never 400G."""

    source = "docs.nvidia.com/networking/display, MFP7E20 and MFP7E40"

    def broken(self, joint: Joint, /) -> list[Finding]:
        """Return ends that are planned faster than their lanes, and cages that hold more links than their module."""
        module = joint.z.module
        if module is None or joint.fibre is None:
            return []
        split = joint.fibre.split
        most = module.lane_speed_bit_per_s * (module.lanes // split)
        out = []
        if joint.cable.speed_bit_per_s > most * (1 + 1e-9):
            out.append(
                breach(
                    joint,
                    f"an end of {joint.cable.fibre} has {module.lanes // split} lanes",
                    limit=f"{most / 1e9:g} Gb/s",
                    found=f"{joint.cable.speed_bit_per_s / 1e9:g} Gb/s",
                    remedy="a straight fibre, or a slower link",
                )
            )
        if joint.z.switch is not None and joint.z.share > module.ports * split:
            out.append(
                breach(
                    joint,
                    f"{joint.z.module_name} with a 1:{split} fibre does not serve all links of its cage",
                    limit=f"{module.ports * split} links",
                    found=f"{joint.z.share} links",
                    remedy="a splitter fibre, or a module with more ports",
                )
            )
        if split > 1 and joint.a.switch is not None and joint.z.switch is not None:
            out.append(
                breach(
                    joint,
                    "between switches both plugs of a splitter would have to hold all lanes",
                    limit="split at one end",
                    found="split at both ends",
                    remedy="a shuffle box between the trunks, or whole ports between switches",
                )
            )
        return out
