"""Finned and flat tops: the temperature rule of modules."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gigasite.cabling.rule import breach, rules

if TYPE_CHECKING:
    from gigasite._core.finding import Finding
    from gigasite.cabling.rule import Joint


@rules.part("top")
class Top:
    """Finned tops only in air-cooled switches; flat tops in liquid-cooled switches and at NICs."""

    source = "docs.nvidia.com/networking/display: IHS plugs in air-cooled switches, RHS (-FLT) elsewhere"

    def broken(self, joint: Joint, /) -> list[Finding]:
        """Return finned tops where no air stream cools them, flat tops of OSFP where no cage does."""
        out = []
        for end in joint.both:
            if end.module is None or end.module.cage != "osfp":
                continue
            wanted = "finned" if end.switch is not None and end.switch.cooling == "air" else "flat"
            if end.module.top != wanted:
                out.append(
                    breach(
                        joint,
                        f"{end.module_name} has a {end.module.top} top in {end.device}",
                        limit=wanted,
                        found=end.module.top,
                        remedy=f"the {wanted}-top variant of the module",
                    )
                )
        return out
