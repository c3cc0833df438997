"""A case made ready to run, and a campus's plant written as a case."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gigasite._core.settings import mistakes
from gigasite.campus.case import load_case
from gigasite.power.case_sense import sense
from gigasite.power.controller import controllers
from gigasite.power.governor import governors
from gigasite.power.inverter import inverters
from gigasite.power.limit import limits
from gigasite.power.shaper import shapers
from gigasite.power.simulate import as_run, part_of, simulate
from gigasite.power.types import BatteryPlant, Consumer, Event, Grid, Machines, Plant
from gigasite.training.load_kind import loads
from gigasite.training.loads.trace import Trace

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from gigasite._core.settings import Choice
    from gigasite.campus.case import Case, CaseMachines
    from gigasite.power.simulate import Level
    from gigasite.power.types import Swing
    from gigasite.training.types import LoadTrace


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """Everything that a run needs."""

    name: str
    plant: Plant
    load: LoadTrace
    controller: Any
    limits: tuple[Any, ...]
    shapers: tuple[Any, ...]
    events: tuple[Event, ...]
    level: Level
    step_s: float | None
    duration_s: float
    extra_w: float
    seed: int

    def controlled(self) -> Plant:
        """Return the plant with the inverters that its controller programs."""
        return as_run(self.plant, self.controller, "network")

    def mean_w(self) -> float:
        """Return the mean power of the whole load [W]."""
        return float(self.load.means(0.0, self.duration_s, 1)[0]) + self.extra_w

    def run(self, *, figures: bool = True) -> Swing:
        """Run it; without `figures`, flicker and spectrum are taken only where a limit asks for them."""
        return simulate(
            self.plant,
            self.load,
            self.controller,
            limits=self.limits,
            shapers=self.shapers,
            events=self.events,
            level=self.level,
            dt_s=self.step_s,
            stop_s=self.duration_s,
            extra_w=self.extra_w,
            figures=figures,
        )


def known() -> dict[str, list[str]]:
    """Return known kinds by key of a case file."""
    return {
        "machines[].governor": governors.names(),
        "battery.inverter": inverters.names(),
        "load": loads.names(),
        "controller": controllers.names(),
        "limits[]": limits.names(),
        "shapers[]": shapers.names(),
    }


def settings() -> dict[str, Callable[[Choice], list[tuple[str, str]]]]:
    """Return what finds the mistakes in a chosen part's settings, by key of a case file."""
    registries = {"load": loads, "controller": controllers, "limits[]": limits, "shapers[]": shapers}
    out: dict[str, Callable[[Choice], list[tuple[str, str]]]] = {
        key: partial(_mistakes, registry) for key, registry in registries.items()
    }
    out["machines[].governor"] = partial(_plain_mistakes, governors)
    out["battery.inverter"] = partial(_plain_mistakes, inverters)
    return out


def _mistakes(registry: Any, choice: Choice) -> list[tuple[str, str]]:
    return mistakes(registry[choice.kind], choice.settings) if choice.kind in registry else []


def _plain_mistakes(registry: Any, choice: Choice) -> list[tuple[str, str]]:
    """Find the mistakes in settings that are plain numbers by the names of a standard model."""
    if choice.kind not in registry:
        return []
    from gigasite._core.errors import GigasiteError, QuantityError  # noqa: PLC0415  # only on this path
    from gigasite._core.settings import plain  # noqa: PLC0415

    out = []
    for key, raw in choice.settings.items():
        try:
            plain(raw)
        except QuantityError as error:
            out.append((key, str(error)))
    if not out:
        try:
            registry[choice.kind].row(_numbers(choice))
        except GigasiteError as error:
            out.append(("", str(error)))
    return out


def _numbers(choice: Choice) -> dict[str, float]:
    return {k: float(v) for k, v in choice.settings.items()}


def read_bench(
    path: str | Path,
    trace: str | Path | None = None,
    *,
    to_gpus: int | None = None,
    other_w: float = 0.0,
    level: str | None = None,
    overrides: Mapping[str, str] | None = None,
) -> Bench:
    """Read a case file and make it ready to run.

    Parameters
    ----------
    path
        The case.
    trace
        Recording that replaces the case's load, at its own length.
    to_gpus, other_w
        Scale the recording to so many GPUs, with so much power per GPU beside what was measured [W].
    level
        In place of the case's.
    overrides
        Values that replace those of the file, by key.

    Raises
    ------
    CampusFileError
        With every mistake of the case.
    InputFileError
        The recording cannot be read.
    """
    replaced = dict(overrides or {}) | ({} if level is None else {"run.level": level})
    found = load_case(path, known(), settings(), replaced)
    own = None
    if trace is not None:
        own = Trace(file=str(Path(trace).resolve()), to_gpus=to_gpus or 0, other_w=other_w)
    bench = bench_of(found.value, Path(path).parent, own)
    found.refuse(sense(bench))
    return bench


def bench_of(case: Case, folder: Path, trace: Trace | None = None) -> Bench:
    """Make a case ready to run; files that it names are relative to `folder`."""
    if trace is None:
        load = part_of(loads, case.load).trace(case.run.duration_s, case.seed, folder)
    else:
        load = trace.trace(float("inf"), case.seed, folder)
    return Bench(
        name=case.case,
        plant=plant_of_case(case),
        load=load,
        controller=part_of(controllers, case.controller),
        limits=tuple(part_of(limits, x) for x in case.limits),
        shapers=tuple(part_of(shapers, x) for x in case.shapers),
        events=tuple(Event(time_s=e.at_s, kind=e.kind, where=e.where or "", count=e.count) for e in case.events),
        level=case.run.level,
        step_s=case.run.step_s,
        duration_s=min(case.run.duration_s, load.duration_s) if trace is None else load.duration_s,
        extra_w=case.extra_w,
        seed=case.seed,
    )


def plant_of_case(case: Case) -> Plant:
    """Return the plant of a case."""
    c = case.consumer
    return Plant(
        frequency_hz=case.frequency_hz,
        machines=tuple(_machines(m) for m in case.machines),
        grid=_grid(case),
        battery=_battery(case),
        loss_w_per_w2=case.loss,
        restore_s=case.restore_s,
        consumer=Consumer(power_factor=c.power_factor, filter_s=c.filter_s, trip_pu=c.trip_pu, trip_s=c.hold_up_s),
    )


def _machines(m: CaseMachines) -> Machines:
    return Machines(
        title=m.title,
        count=m.count,
        rating_w=m.rating_w,
        apparent_w=m.apparent_va,
        governor=m.governor.kind,
        settings=_numbers(m.governor),
        inertia_s=m.inertia_s,
        min_load_frac=m.min_load_frac,
        step_frac=m.step_frac,
        generator=m.generator,
        exciter=m.exciter,
        transformer_x_pu=m.transformer_x_pu,
        transformer_r_pu=m.transformer_r_pu,
        voltage_pu=m.voltage_pu,
        power_w=m.power_w,
    )


def _grid(case: Case) -> Grid | None:
    g = case.grid
    if g is None:
        return None
    return Grid(
        capacity_w=g.capacity_w,
        short_circuit_w=g.short_circuit_va,
        r_over_x=g.r_over_x,
        base_w=g.base_va,
        inertia_s=g.inertia_s,
        droop_frac=g.droop_frac,
        governor_s=g.governor_s,
    )


def _battery(case: Case) -> BatteryPlant | None:
    b = case.battery
    if b is None:
        return None
    return BatteryPlant(
        rating_w=b.rating_w,
        energy_j=b.energy_j,
        efficiency_frac=b.efficiency_frac,
        response_s=b.response_s,
        latency_s=b.latency_s,
        soc_frac=b.soc_frac,
        inverter=b.inverter.kind,
        inverter_settings=_numbers(b.inverter),
        x_pu=b.x_pu,
        apparent_w=b.apparent_va,
        power_w=b.power_w,
        reactive_var=b.reactive_var,
    )


def with_battery(bench: Bench, *, rating_w: float, energy_j: float) -> Bench:
    """Return the bench with another size of battery; without one, a battery of usual manners is put in."""
    b = bench.plant.battery or USUAL
    battery = replace(b, rating_w=rating_w, energy_j=energy_j, apparent_w=None)
    return replace(bench, plant=replace(bench.plant, battery=battery))


# estimate: lag and latency of a local meter and fast inverters; efficiency of catalogue batteries
USUAL = BatteryPlant(
    rating_w=50e6, energy_j=100 * 3.6e9, efficiency_frac=0.96, response_s=0.02, latency_s=0.02, soc_frac=0.5
)
