"""Dead optic: the module is there, but sends nothing, tells nothing, or is far too hot."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gigasite.cabling.drill import lit_link
from gigasite.cabling.evidence import Thresholds, look, middle, tiers
from gigasite.cabling.fault import Cause, Stage, faults
from gigasite.cabling.light import dead

if TYPE_CHECKING:
    import numpy as np

    from gigasite.cabling.evidence import Bools, Look
    from gigasite.cabling.fault import Case
    from gigasite.cabling.lab import Lab


@faults.part("dead_optic")
@dataclass(frozen=True, slots=True, kw_only=True)
class DeadOptic:
    """A module whose link is down and whose laser is off; one that runs above what modules stand."""

    limits: Thresholds = field(default_factory=Thresholds)
    stage = Stage.EVIDENCE
    signature = "link down, module present, no bias current or no light out; or the module is too hot"
    remedy = "replace the module; of a hot one look at the fan and the blanks first"
    verify = "the module sends light within its limits and the link is up"

    def find(self, case: Case, /) -> list[Cause]:
        """Return one cause a link, naming the end whose module it is."""
        seen = look(case)
        broken, why = dead(seen, self.limits)
        out = [_cause(seen, int(p), broken, why) for p in seen.links(broken)]
        hot = _hot(seen, self.limits)
        if hot is not None:
            hot &= ~broken
            for p in seen.links(hot).tolist():
                told = f"{case.port(p)}: its module is at {seen.text('temperature_degc', p)} degC"
                out.append(Cause(kind="dead_optic", ports=seen.pair(p), confidence_frac=0.7, evidence=(told,)))
        return out

    def plant(self, lab: Lab, rng: np.random.Generator, /) -> bool:
        """Switch off the laser of one end; the far end loses its light."""
        link = lit_link(lab, rng)
        if link is None:
            return False
        for column, value in (("tx_bias_a", 0.007), ("tx_dbm", 0.0), ("rx_dbm", -2.0), ("temperature_degc", 45.0)):
            lab.normal(column, value)
        lab.set("tx_bias_a", link[:1], 0.0)
        lab.set("tx_dbm", link[:1], -40.0)
        lab.set("rx_dbm", link[1:], -40.0)
        lab.deaf[list(link)] = True
        lab.shown.extend(link)
        return lab.tell("dead_optic", link)


def _cause(seen: Look, port: int, broken: Bools, why: list[str]) -> Cause:
    ends = seen.pair(port)
    told = tuple(f"{seen.case.port(p)}: the link is down and {why[p]}" for p in ends if broken[p])
    return Cause(kind="dead_optic", ports=ends, confidence_frac=0.9, evidence=told)


def _hot(seen: Look, limits: Thresholds) -> Bools | None:
    value = seen.number("temperature_degc")
    if value is None or not (value > limits.hot_degc).any():
        return None
    median = middle(value, tiers(seen))
    flag: Bools = (value > limits.hot_degc) & ~(value < median + limits.over_tier_k)
    return flag
