"""What is handed over to ANDES: the case, a script that runs it as the bench does, and what neither of them holds."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gigasite._core.finding import Finding, Severity
from gigasite._core.quantity import show
from gigasite.power.andes_case import andes_case, trips

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gigasite.power.case import Bench

STEP_S, INNER_STEP_S = 0.005, 0.002
"""ANDES' step; with an inverter whose inner loops take 5 ms, the finer one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AndesExport:
    """Two files' text and the notes that go with them."""

    case: str
    script: str
    findings: tuple[Finding, ...]


def andes_export(bench: Bench, name: str) -> AndesExport:
    """Write a bench for ANDES.

    Parameters
    ----------
    bench
        An island; see `andes_case`.
    name
        File name of the case, which the script reads beside itself.

    Raises
    ------
    InfeasibleError
        ANDES has no model for a part.
    """
    plant = bench.controlled()
    tables = andes_case(plant, bench.load, extra_w=bench.extra_w, events=bench.events)
    settings = {
        "CASE": name,
        "OUT": name.removesuffix(".json") + ".csv",
        "STOP_S": bench.duration_s,
        "STEP_S": INNER_STEP_S if "REGF1" in tables else STEP_S,
        "HZ": plant.frequency_hz,
        "CAMPUS": tables["Bus"][0]["idx"],
        "TRIPPED_S": {device: t for t, model, device in trips(plant, bench.events) if model == "GENROU"},
    }
    return AndesExport(
        case=json.dumps(tables, indent=1) + "\n", script=_script(settings), findings=tuple(_left_out(bench))
    )


def _script(settings: dict[str, Any]) -> str:
    lines = "\n".join(f"{key} = {value!r}" for key, value in settings.items())
    return SCRIPT.replace("SETTINGS", lines)


SCRIPT = '''\
"""Run the case beside this file in ANDES (tried with 2.0.0): python THIS.py [OUT.csv]; needs andes and numpy alone."""

import sys
import time
from pathlib import Path

here = Path(__file__).resolve().parent
# a case may be called andes.json, and then this file andes.py
sys.path[:] = [p for p in sys.path if Path(p or ".").resolve() != here]

import andes
import numpy as np

SETTINGS

out = Path(sys.argv[1]) if len(sys.argv) > 1 else here / OUT
andes.config_logger(30)
system = andes.load(str(here / CASE), setup=False, no_output=True, default_config=True)
# a load of constant power whose reactive part is an impedance; a case cannot hold these settings
for key, value in dict(p2p=1, p2i=0, p2z=0, q2q=0, q2i=0, q2z=1, pq2z=0).items():
    setattr(system.PQ.config, key, value)
system.setup()
if not system.PFlow.run():
    sys.exit("the power flow does not converge")
for key, value in dict(tstep=STEP_S, fixt=1, tf=STOP_S, tol=1e-6, criteria=0, no_tqdm=1).items():
    setattr(system.TDS.config, key, value)
system.TDS.init()
begin = time.process_time()
done = system.TDS.run()
cpu_s = time.process_time() - begin
t = system.dae.ts.t
# the centre of inertia of the machines that run
weight = np.array(system.GENROU.M.v) * np.ones((len(t), 1))
for column, device in enumerate(system.GENROU.idx.v):
    weight[t > TRIPPED_S.get(device, np.inf), column] = 0.0
speed = system.dae.ts.x[:, system.GENROU.omega.a]
columns = {
    "t_s": t,
    "frequency_hz": HZ * (speed * weight).sum(axis=1) / np.maximum(weight.sum(axis=1), 1e-9),
    "voltage_pu": system.dae.ts.y[:, system.Bus.v.a[system.Bus.idx2uid(CAMPUS)]],
}
if system.REGF1.n:
    columns["battery_w"] = 1e8 * system.dae.ts.y[:, system.REGF1.Pe.a[0]]
np.savetxt(
    out, np.column_stack(list(columns.values())), delimiter=",", header=",".join(columns), comments="", fmt="%.9f"
)
f = columns["frequency_hz"]
print(f"{out} written: {t[-1]:g} of {STOP_S:g} s in {cpu_s:.2f} s CPU; {f.min():.4f} to {f.max():.4f} Hz")
sys.exit(0 if done else "the run ended early")
'''


def _left_out(bench: Bench) -> Iterator[Finding]:
    """Say what the two files do not hold, worst first: what moves the result is a warning."""
    warning, note = Severity.warning, Severity.note
    plant, kind = bench.plant, getattr(bench.controller, "kind", "none")
    if bench.shapers:
        names = ", ".join(getattr(s, "kind", type(s).__name__) for s in bench.shapers)
        yield _say(warning, "shapers", f"not written: {names}; the load is that before them", "compare without shapers")
    if plant.battery is not None and kind not in {"none", "droop"}:
        what = f"{kind} is not written: the battery keeps its set point there"
        yield _say(warning, "controller", what, "compare with `controller: {kind: none}`")
    if plant.restore_s > 0.0:
        what = f"secondary control ({show(plant.restore_s, 's')}) is not written"
        yield _say(warning, "restore", what, "compare with `restore: 0 s`")
    if plant.consumer.filter_s > 0.0:
        what = (
            f"the filter of the supplies ({show(plant.consumer.filter_s, 's')}) is not written: steps are sharp there"
        )
        yield _say(warning, "consumer", what, "compare with `filter: 0 s`")
    for m in plant.machines:
        if sum(e.count for e in bench.events if e.where in {"", m.title} and e.kind == "trip-machines") and m.count > 1:
            what = f"units of '{m.title}' are written one by one: those that trip are its first ones"
            yield _say(note, "events", what, "")
    if any(e.kind == "trip-battery" for e in bench.events):
        what = "the regulators of a tripped REGF1 run away in ANDES 2.0.0: its run ends about a second after the trip"
        yield _say(warning, "events", what, "compare up to then")
    yield from _battery(bench)
    yield _say(note, "consumer", "the supplies do not drop out at low voltage there", "")
    if bench.limits:
        yield _say(note, "limits", f"not written: {len(bench.limits)}; `gigasite power run` judges them", "")


def _battery(bench: Bench) -> Iterator[Finding]:
    battery = bench.controlled().battery
    if battery is None:
        return
    note = Severity.note
    if battery.inverter == "regfm-a1":
        what = "regfm-a1 is written as REGF1 with droops: inner loops there, and no limiter of power"
        yield _say(Severity.warning, "battery", what, "compare with `inverter: {kind: regf1}`, which is the same model")
    if getattr(bench.controller, "kind", "none") == "droop":
        yield _say(note, "controller", "droop is written with the inverter; the return of its charge is not", "")
    yield _say(note, "battery", "ANDES knows no state of charge: it never runs empty or full there", "")


def _say(severity: Severity, where: str, what: str, remedy: str) -> Finding:
    return Finding(severity=severity, chapter="power", where=f"ANDES: {where}", what=what, remedy=remedy)
