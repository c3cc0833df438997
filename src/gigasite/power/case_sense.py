"""What only the equations know of a case: impossible events and machines, loads that nothing carries.

Each mistake has the path of its entry, so that the door can say file, line and column.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gigasite._core.errors import InfeasibleError
from gigasite._core.quantity import show
from gigasite.power.aggregate import at_rest, groups_of, turning
from gigasite.power.controllers.none import Rest
from gigasite.power.drive import Drive
from gigasite.power.events import wrong_events
from gigasite.power.generator import wrong_settings
from gigasite.power.inverter import FOLLOWING, inverters
from gigasite.power.network import Network
from gigasite.power.simulate import MOST_SAMPLES, STEP_S, as_run

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gigasite.campus.nodes import Path
    from gigasite.power.case import Bench

Wrong = tuple["Path", str]
FEWEST_STEPS = 2


def sense(bench: Bench) -> list[Wrong]:
    """Return every mistake of a case that its types and ranges do not show."""
    out = [*_machines(bench), *_forming(bench), *_length(bench), *_events(bench)]
    return out or list(_first_load(bench))


def _machines(bench: Bench) -> Iterator[Wrong]:
    machines = bench.plant.machines
    for i, m in enumerate(machines):
        yield from ((("machines", i, key), message) for key, message in wrong_settings(m))
    if machines and bench.plant.grid is None and all(m.power_w is not None for m in machines):
        what = "all machines have a set power: leave that of one group open, to balance the load"
        yield ("machines", 0, "power"), what


def _forming(bench: Bench) -> Iterator[Wrong]:
    """Find a battery that is alone and does not form the grid."""
    plant = bench.plant
    if plant.machines or plant.grid is not None or plant.battery is None:
        return
    if bench.level != "network":
        what = "a battery that carries the load alone needs the network level: `level: network` (`--level network`)"
        yield ("run", "level"), what
        return
    run = as_run(plant, bench.controller, bench.level).battery
    if run is not None and inverters[run.inverter].code == FOLLOWING:
        forming = ", ".join(n for n in inverters.names() if inverters[n].code != FOLLOWING)
        what = (
            f"carries the load alone, so it must form the grid: its inverter is {run.inverter}; "
            f"take an inverter of {forming}, or the controller droop or virtual-machine"
        )
        yield ("battery",), what


def _length(bench: Bench) -> Iterator[Wrong]:
    step_s = bench.step_s or STEP_S[bench.level]
    steps = bench.duration_s / step_s
    if steps > MOST_SAMPLES * (1 + 1e-9):
        most = show(MOST_SAMPLES * step_s, "h")
        cure = "" if bench.level == "aggregate" else ", or `level: aggregate`"
        what = (
            f"{show(bench.duration_s, 'h')} are {steps:,.0f} steps of {show(step_s, 'ms')}; at most {MOST_SAMPLES:,} "
            f"are run: {most} or less, a longer `step`{cure}"
        )
        yield ("run", "duration"), what
    elif steps < FEWEST_STEPS - 1e-6:
        what = f"{show(bench.duration_s, 's')} is less than {FEWEST_STEPS} steps of {show(step_s, 'ms')}"
        yield ("run", "duration"), what


def _events(bench: Bench) -> Iterator[Wrong]:
    if bench.events and bench.level != "network":
        what = "need the network level, as units that trip leave the common speed: `level: network` (`--level network`)"
        yield ("events",), what
        return
    for place, key, message in wrong_events(bench.events, bench.plant, (0.0, bench.duration_s)):
        yield ("events", place, key), message


def _first_load(bench: Bench) -> Iterator[Wrong]:
    """Find a first load that nothing carries; behind shapers the run itself will say."""
    if bench.shapers:
        return
    step_s = bench.step_s or STEP_S[bench.level]
    first_w = float(np.asarray(bench.load.means(0.0, step_s, 1))[0]) + bench.extra_w
    plant = as_run(bench.plant, bench.controller, bench.level)
    try:
        if bench.level == "network":
            Network(Drive(plant=plant, load_w=np.full(2, first_w), dt_s=step_s, start_s=0.0), Rest())
        elif machines := turning(plant, first_w):
            at_rest(groups_of(machines, first_w - (plant.battery.power_w if plant.battery else 0.0)))
    except InfeasibleError as error:
        yield ("load",), str(error)
