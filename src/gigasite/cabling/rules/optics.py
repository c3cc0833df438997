"""Optics: like to like, on the fibre they are made for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gigasite.cabling.rule import breach, rules

if TYPE_CHECKING:
    from gigasite._core.finding import Finding
    from gigasite.cabling.rule import Joint


@rules.part("optics")
class Optics:
    """SR to SR, DR to DR, FR to FR; SR on multimode, all others on single mode."""

    source = "docs.nvidia.com/networking/display, connectivity pages of SR4 and DR4 modules"

    def broken(self, joint: Joint, /) -> list[Finding]:
        """Return joints of unlike optics and modules on the wrong fibre."""
        a, z = joint.a.module, joint.z.module
        out = []
        if a is not None and z is not None and a.optics != z.optics:
            out.append(
                breach(
                    joint,
                    f"{joint.a.module_name} does not talk to {joint.z.module_name}",
                    limit=f"{a.optics} to {a.optics}",
                    found=f"{a.optics} to {z.optics}",
                    remedy="modules of one kind of optics at both ends",
                )
            )
        for end in joint.both:
            if end.module is None or joint.fibre is None:
                continue
            wanted = "multimode" if end.module.optics == "sr" else "single-mode"
            if joint.fibre.mode != wanted:
                out.append(
                    breach(
                        joint,
                        f"{end.module_name} on {joint.fibre.mode} fibre",
                        limit=wanted,
                        found=joint.fibre.mode,
                        remedy=f"a {wanted} fibre",
                    )
                )
        return out
