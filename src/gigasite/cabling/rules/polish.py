"""MPO ends are polished at an angle (APC) on both sides of a connection, or on neither."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gigasite.cabling.rule import breach, rules

if TYPE_CHECKING:
    from gigasite._core.finding import Finding
    from gigasite.cabling.rule import Joint

FAST = 400e9 / 2  # from here on lanes are PAM4 and reflections count


@rules.part("polish")
class Polish:
    """The connector of the fibre is the module's; at 200G and more an MPO is APC (green), never UPC."""

    source = "docs.nvidia.com/networking/display, 800gmma4z00nst and mms4x00ns400: MPO-12/APC"

    def broken(self, joint: Joint, /) -> list[Finding]:
        """Return ends where connectors differ, and UPC ends of fast links."""
        if joint.fibre is None:
            return []
        out = [
            breach(
                joint,
                f"the fibre does not plug into {end.module_name}",
                limit=end.module.connector,
                found=joint.fibre.connector,
                remedy=f"a fibre with {end.module.connector} ends",
            )
            for end in joint.both
            if end.module is not None and end.module.connector != joint.fibre.connector
        ]
        if joint.fibre.connector == "mpo12-upc" and joint.cable.speed_bit_per_s >= FAST:
            out.append(
                breach(
                    joint,
                    "flat-polished MPO on a PAM4 link",
                    limit="mpo12-apc",
                    found="mpo12-upc",
                    remedy="APC (green) at both ends",
                )
            )
        return out
