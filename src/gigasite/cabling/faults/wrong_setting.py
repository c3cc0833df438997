"""Wrong setting: all ports of one device in one tier run too slow, or stay down with light; a profile does that."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gigasite.cabling.drill import device_ports
from gigasite.cabling.evidence import Thresholds, look
from gigasite.cabling.fault import Cause, Stage, faults
from gigasite.cabling.light import MOST_TRUNK, dark_devices
from gigasite.cabling.slow import slow, wrong_settings

if TYPE_CHECKING:
    import numpy as np

    from gigasite.cabling.evidence import Ints, Look
    from gigasite.cabling.fault import Case
    from gigasite.cabling.lab import Lab


@faults.part("wrong_setting")
@dataclass(frozen=True, slots=True, kw_only=True)
class WrongSetting:
    """Speed or error correction of a device's ports is set wrongly: a matter of configuration, no plug is touched."""

    limits: Thresholds = field(default_factory=Thresholds)
    stage = Stage.EVIDENCE
    signature = "all ports of a device in one tier at the same lower speed, or down with light on both ends"
    remedy = "correct speed and error correction in the device's port profile; touch no cable"
    verify = "the ports are up at the speed of their tier"

    def find(self, case: Case, /) -> list[Cause]:
        """Return one cause a device."""
        seen = look(case)
        out = []
        found = slow(seen, self.limits)
        if found is not None:
            for device, ports in wrong_settings(seen, found, self.limits):
                first = int(ports[0])
                name, text = case.bound.nodes[device], seen.text("speed", first)
                told = f"all {len(ports)} ports of {name} in their tier run {text}"
                out.append(_cause(seen, ports, (told, found.usual(first)), found.share(first)))
        for device, ports in dark_devices(seen, self.limits):
            told = f"all {len(ports)} ports of {case.bound.nodes[device]} in their tier are down, light comes in"
            out.append(_cause(seen, ports, (told, f"a trunk has {MOST_TRUNK} at most"), 0.7, ("polarity",)))
        return out

    def plant(self, lab: Lab, rng: np.random.Generator, /) -> bool:
        """Set all ports of one device to half of their speed."""
        ports = device_ports(lab, rng, self.limits.least_ports)
        if ports is None:
            return False
        lab.normal("width", "4x")
        lab.normal("speed", "400G")
        both = [*ports.tolist(), *lab.real[ports].tolist()]
        lab.set("speed", both, "200G")
        return lab.tell("wrong_setting", both)


def _cause(seen: Look, ports: Ints, told: tuple[str, ...], sure: float, ties: tuple[str, ...] = ()) -> Cause:
    every = sorted({end for p in ports.tolist() for end in seen.pair(p)})
    first = (int(ports[0]),)
    return Cause(kind="wrong_setting", ports=tuple(every), look=first, confidence_frac=sure, evidence=told, ties=ties)
