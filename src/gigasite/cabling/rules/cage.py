"""Cage: a module goes into the cage that it is made for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gigasite.cabling.rule import breach, rules

if TYPE_CHECKING:
    from gigasite._core.finding import Finding
    from gigasite.cabling.rule import Joint


@rules.part("cage")
class Cage:
    """OSFP, QSFP112, QSFP28 and copper ports do not take each other's modules."""

    source = "form factors of the modules' data sheets"

    def broken(self, joint: Joint, /) -> list[Finding]:
        """Return modules in foreign cages."""
        return [
            breach(
                joint,
                f"{end.module_name} does not go into the cages of {end.device}",
                limit=end.form or "no cage of a NIC at this speed",
                found=end.module.cage,
                remedy=f"name a module that fits in parts.cables.{joint.part}."
                + ("modules" if end.switch is not None else "host_modules, or set network.cabling.host_cage"),
            )
            for end in joint.both
            if end.module is not None and end.module.cage not in end.form.split("/")
        ]
