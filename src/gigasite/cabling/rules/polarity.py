"""Polarity and pins of MPO trunks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gigasite.cabling.rule import breach, rules

if TYPE_CHECKING:
    from gigasite._core.finding import Finding
    from gigasite.cabling.rule import Joint


@rules.part("polarity")
class Polarity:
    """An MPO trunk is crossed over (type B, key up to key up), female; modules have the pins."""

    source = "docs.nvidia.com/networking/display, 800gmma4z00nst; TIA-568 type B"

    def broken(self, joint: Joint, /) -> list[Finding]:
        """Return trunks of another polarity, and ends where pins meet pins or holes holes."""
        fibre = joint.fibre
        if fibre is None or not fibre.connector.startswith("mpo"):
            return []
        out = []
        if fibre.polarity != "B":
            out.append(
                breach(
                    joint,
                    "light arrives on the wrong lanes",
                    limit="polarity B",
                    found=f"polarity {fibre.polarity}",
                    remedy="a type-B trunk",
                )
            )
        out += [
            breach(
                joint,
                f"{end.module_name} and the trunk are both {fibre.gender}",
                limit="module male, trunk female",
                found=f"both {fibre.gender}",
                remedy="a female trunk",
            )
            for end in joint.both
            if end.module is not None and end.module.gender == fibre.gender
        ]
        return out
