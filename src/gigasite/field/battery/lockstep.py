"""The live code against a simulated plant, faster than the clock: the loop's own cycle, emulated units, gensets, load.

Two layers are simulated: the units' own (ramp, lag, delay, droop where it is programmed), every tick; and the loop
above it, every cycle, through the same registers as live.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from gigasite.field.battery.announce import Announcement
from gigasite.field.battery.brain import Brain
from gigasite.field.battery.device import Field, Link, Read
from gigasite.field.battery.loop import Loop
from gigasite.field.battery.meter import Meter
from gigasite.field.battery.program import Ledger, compare, program, write
from gigasite.field.battery.rig import Rig
from gigasite.field.battery.settings import INFORMED, core_of
from gigasite.field.emulator.direct import Direct
from gigasite.field.emulator.fleet import Fleet
from gigasite.field.emulator.site import REGISTERS, Site
from gigasite.power.simulate import job_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from gigasite.campus.battery_loop import LoopWindow
    from gigasite.field.battery.decide import Decision
    from gigasite.field.battery.log import LogWriter
    from gigasite.field.battery.settings import Setup
    from gigasite.field.emulator.settings import FleetSettings
    from gigasite.power.case import Bench
    from gigasite.power.types import Swing

READS = (Read(0, REGISTERS),)
SITE_METER = Meter(
    reads=READS,
    fields={
        "load_w": Field(read=0, at=0, code="d"),
        "source_w": Field(read=0, at=8, code="d"),
        "frequency_hz": Field(read=0, at=16, code="d"),
    },
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal:
    """What a run in lock-step came to."""

    swing: Swing
    """Judged against the case's limits; sampled at the units' tick."""
    cycles: int
    state: str
    cause: str
    faults: tuple[str, ...]
    set_w: np.ndarray
    """(cycles, n) set points."""
    soc_frac: np.ndarray
    """(n,) of the units at the end."""


async def rehearse(
    setup: Setup,
    bench: Bench,
    fleet: FleetSettings,
    *,
    log: LogWriter | None = None,
    each: Callable[[int, Loop, Site, Decision], None] | None = None,
) -> Rehearsal:
    """Run settings against a case, with emulated units in place of the real ones.

    Parameters
    ----------
    setup
        Settings of the loop; hosts and ports are not used.
    bench
        Case of the swing bench: machines, grid, load, limits. Its battery gives way to the units.
    fleet
        The emulated units; their number is that of the settings.
    log
        Where the loop writes its records.
    each
        Called after every cycle with its number, loop, site and decision: scripts faults, says orders.
    """
    rig, site = await rig_for(setup, bench, fleet)
    if setup.file.fast_layer:
        await _programmed(setup, rig)
    brain = Brain(core_of(setup, rig.units, signed=True), rig.units)
    # no time passes within a cycle: what this machine takes for it is not what is simulated
    loop = Loop(brain, rig, setup.file.cycle_s, log=log, clock=lambda: 0.0)
    if hasattr(setup.controller, INFORMED):
        loop.orders.say(_announced(bench, site, setup.file.window))
    return await _run(setup, loop, site, each)


async def _programmed(setup: Setup, rig: Rig) -> None:
    """Write the controller's parameters into the units, as `battery program --arm` does."""
    wanted = program(setup.controller, setup.file)
    for link, name in zip(rig.links, rig.names, strict=True):
        await write(link, await compare(link, name, wanted), Ledger())


async def rig_for(setup: Setup, bench: Bench, fleet: FleetSettings) -> tuple[Rig, Site]:
    """Return emulated units and the site around them, reached without sockets; as `rehearse`."""
    plan = replace(fleet, units=len(setup.addresses), lockstep=True, layout="ports", port=0)
    emulated = Fleet(plan)
    site = Site(bench, emulated)
    links = tuple(Link(Direct(partial(_handle, emulated, i), name), 1) for i, name in enumerate(setup.names))
    units = [await a.make.find(link, a.wanted) for a, link in zip(setup.addresses, links, strict=True)]
    meter_link = Link(Direct(site.handle, "meter"), 1)
    rig = Rig(names=setup.names, units=tuple(units), links=links, meter=SITE_METER, meter_link=meter_link)
    return rig, site


def _announced(bench: Bench, site: Site, window: LoopWindow) -> str:
    """Return what the case's job announces, as an order."""
    until_s = len(site) * site.dt_s
    job = job_of(bench.plant, bench.load, bench.limits, window=(0.0, until_s, site.dt_s), extra_w=bench.extra_w)
    inside = (site.fleet.soc_frac.mean() - window.low_frac) / (window.high_frac - window.low_frac)
    soc_frac = float(np.clip(inside, 0.0, 1.0))
    said = Announcement(phases=job.announced, soc_frac=soc_frac, period_s=job.period_s, source=job.source)
    return said.order()


def _handle(
    fleet: Fleet, number: int, _unit: int, function: int, address: int, count: int, data: bytes
) -> bytes | int | None:
    return fleet.units.handle(number, function, address, count, data)


async def _run(
    setup: Setup, loop: Loop, site: Site, each: Callable[[int, Loop, Site, Decision], None] | None
) -> Rehearsal:
    cycle_s = setup.file.cycle_s
    faults: list[str] = []
    set_w = []
    loop.orders.say("arm")
    while not site.over:
        decision = await loop.cycle(loop.number * cycle_s, cycle_s, 0)
        set_w.append(decision.set_w)
        if decision.state.value in {"failsafe", "latched"} and (not faults or faults[-1] != decision.cause):
            faults.append(decision.cause)
        if each is not None:
            each(loop.number, loop, site, decision)
        await site.advance(cycle_s)
    machine = loop.brain.memory.machine
    return Rehearsal(
        swing=site.swing(getattr(setup.controller, "kind", "")),
        cycles=loop.number,
        state=machine.state.value,
        cause=machine.cause,
        faults=tuple(faults),
        set_w=np.array(set_w),
        soc_frac=site.fleet.soc_frac.copy(),
    )
