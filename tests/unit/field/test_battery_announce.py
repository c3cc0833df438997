"""What a job announces to the loop: the planning controllers of the swing bench, in lock-step, in the log, in files."""

from __future__ import annotations

import asyncio
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gigasite._core.errors import FieldError, GigasiteError, InputFileError
from gigasite.field.battery.announce import (
    Announcement,
    announced_at,
    heard,
    informed,
    is_announcement,
    read_announcement,
    read_stretches,
    spoken,
)
from gigasite.field.battery.decide import Core
from gigasite.field.battery.lockstep import Rehearsal, rehearse, rig_for
from gigasite.field.battery.log import LogWriter, read_log
from gigasite.field.battery.planner import Planner
from gigasite.field.battery.replay import header, replay
from gigasite.field.battery.settings import Setup, core_of, read_setup
from gigasite.field.emulator.settings import FleetSettings
from gigasite.field.emulator.site import METER_MAP
from gigasite.power.bound_types import SourceLimits, Tone
from gigasite.power.case import Bench, read_bench
from gigasite.power.controller import Seen, controllers
from gigasite.power.types import Phase

UNITS = 16
FLEET = FleetSettings(tick_s=0.01, delay_s=(0.02, 0.04))
PLANNING = {
    "look-ahead": "{kind: look-ahead, ramp: 2 MW/s}",
    "mpc": "{kind: mpc, ramp: 2 MW/s}",
    "repetitive": "{kind: repetitive}",
}


def setup_in(folder: Path, controller: str) -> Setup:
    (folder / "meter.csv").write_text(METER_MAP)
    path = folder / "loop.yaml"
    path.write_text(
        "battery: test\ncycle: 100 ms\nmeter: {host: 127.0.0.1, port: 502, file: meter.csv}\n"
        f"units: [{{host: 127.0.0.1, port: 15000, count: {UNITS}}}]\ncontroller: {controller}\n"
        "safety: {full_swing: 50 ms}\n"
    )
    return read_setup(path)


def bench_in(folder: Path, controller: str, seconds: float = 60.0) -> Bench:
    path = folder / "case.yaml"
    path.write_text(
        "case: test\nmachines:\n"
        "  - {title: gensets, count: 40, rating: 2.5 MW, apparent: 3.125 MVA, inertia: 1.0 s, governor: {kind: gast}}\n"
        f"battery: {{rating: {UNITS * 1.927} MW, energy: {UNITS * 3.854} MWh, latency: 100 ms, response: 20 ms}}\n"
        f"load: {{kind: square, mean: 60 MW, swing: 20 MW, period: 8 s}}\ncontroller: {controller}\nlimits: []\n"
        f"run: {{duration: {seconds} s, level: aggregate, step: 10 ms}}\n"
    )
    return read_bench(path)


def rehearsed(folder: Path, controller: str, log: LogWriter | None = None, seconds: float = 60.0) -> Rehearsal:
    return asyncio.run(rehearse(setup_in(folder, controller), bench_in(folder, controller, seconds), FLEET, log=log))


@pytest.mark.parametrize("kind", PLANNING)
def test_a_planning_controller_runs_on_units_as_in_the_bench(tmp_path: Path, kind: str) -> None:
    there = bench_in(tmp_path, PLANNING[kind]).run(figures=False).battery_w
    done = rehearsed(tmp_path, PLANNING[kind])
    assert (done.state, done.faults) == ("running", ())
    begin = 2400  # plan taken up, one period of the load learned and two more gone by
    # the load swings by 40 MW at once: what differs is a cycle and the units' delay at each of its edges; and for a
    # program solved once a second, in which part of that second the edge falls (up to 2 MW/s x 1 s of 26 MW)
    off_w = np.abs(there - done.swing.battery_w)[begin:].mean()
    assert off_w < (2.5e6 if kind != "look-ahead" else 1e6)
    span = [np.ptp(x[begin:]) for x in (there, done.swing.battery_w)]
    assert span[1] == pytest.approx(span[0], rel=0.16 if kind == "mpc" else 0.06)


@pytest.mark.parametrize("kind", controllers.names())
def test_every_controller_of_the_swing_bench_runs_on_units(tmp_path: Path, kind: str) -> None:
    there = bench_in(tmp_path, f"{{kind: {kind}}}", 24.0).run(figures=False).battery_w[800:]
    done = rehearsed(tmp_path, f"{{kind: {kind}}}", seconds=24.0)
    here = done.swing.battery_w[800:]
    assert (done.state, done.faults) == ("running", ())
    assert np.abs(done.set_w).max() <= 1.927e6
    if np.ptp(there) < 1e3:
        assert np.ptp(here) < UNITS * 2e4  # only the units' own auxiliaries and quantisation
    elif kind in {"droop", "virtual-machine"}:
        # what answers to frequency is too late over Modbus to pull with the bench (docs/models/battery.md); it does act
        assert np.ptp(here) > 0.3 * np.ptp(there)
    else:
        assert np.corrcoef(there, here)[0, 1] > 0.8


def test_look_ahead_needs_less_battery_than_the_ramp_limit_that_is_not_told(tmp_path: Path) -> None:
    told = rehearsed(tmp_path, PLANNING["look-ahead"]).swing.battery_w[1000:]
    untold = rehearsed(tmp_path, "{kind: ramp-limit, ramp: 2 MW/s}").swing.battery_w[1000:]
    assert np.abs(told).max() < 0.95 * np.abs(untold).max()


def test_a_plan_is_in_the_log_and_made_again_by_the_replay(tmp_path: Path) -> None:
    setup = setup_in(tmp_path, PLANNING["look-ahead"])
    bench = bench_in(tmp_path, PLANNING["look-ahead"], 10.0)

    async def run() -> None:
        rig, _ = await rig_for(setup, bench, FLEET)
        log = LogWriter(tmp_path / "log", header(setup, rig.units, signed=True, version="test"))
        await rehearse(setup, bench, FLEET, log=log)
        log.close()

    asyncio.run(run())
    (path,) = (tmp_path / "log").glob("*.gslog")
    found = replay([read_log(path)])
    assert found.set_points > 100
    assert found.different == 0


def core_in(folder: Path, kind: str) -> Core:
    setup = setup_in(folder, PLANNING[kind])

    async def units() -> Any:
        rig, _ = await rig_for(setup, bench_in(folder, PLANNING[kind], 1.0), FLEET)
        return rig.units

    return core_of(setup, asyncio.run(units()), signed=True)


STRETCHES = (
    Phase(start_s=10.0, stop_s=20.0, mean_w=40e6, low_w=35e6, high_w=45e6),
    Phase(start_s=20.0, stop_s=60.0, mean_w=80e6, low_w=80e6, high_w=80e6),
)


def test_a_plan_is_taken_up_from_where_the_source_stands(tmp_path: Path) -> None:
    core = core_in(tmp_path, "look-ahead")
    said = announced_at(STRETCHES, 100.0, 60e6, 0.5, None)
    assert [p.start_s for p in said.phases] == [100.0, 110.0, 120.0]  # until the first, the load stays as it is
    assert said.phases[0].mean_w == 60e6
    planned = informed(core, said.order())
    seen = Seen(
        time_s=100.0, load_w=60e6, frequency_hz=60.0, nominal_hz=60.0, soc_frac=0.4, source_w=55e6, dt_s=0.1,
        rating_w=30e6, energy_j=1e11,
    )  # fmt: skip
    state = planned.resumed(seen)
    assert state.source_w == 55e6
    _, battery_w = planned.step(state, seen)
    assert abs(60e6 - battery_w - 55e6) <= 2e6 * 0.1 * (1 + 1e-9)  # the source moves by no more than its ramp
    # it goes down before the load does: told, it need not wait
    source = 60e6
    state = planned.resumed(replace(seen, source_w=source))
    for k in range(100):
        now = replace(seen, time_s=100.0 + 0.1 * k, source_w=source)
        state, battery_w = planned.step(state, now)
        source = 60e6 - battery_w
    assert source < 57e6


@pytest.mark.parametrize("kind", ["look-ahead", "mpc"])
def test_after_the_announcement_the_source_follows_the_load_by_its_ramp(tmp_path: Path, kind: str) -> None:
    core = core_in(tmp_path, kind)
    said = announced_at(
        (Phase(start_s=0.0, stop_s=10.0, mean_w=60e6, low_w=60e6, high_w=60e6),
         Phase(start_s=10.0, stop_s=12.0, mean_w=90e6, low_w=90e6, high_w=90e6)), 0.0, 60e6, 0.5, None
    )  # fmt: skip
    planned = informed(core, said.order())
    seen = Seen(
        time_s=0.0, load_w=60e6, frequency_hz=60.0, nominal_hz=60.0, soc_frac=0.5, source_w=60e6, dt_s=0.1,
        rating_w=40e6, energy_j=2e11,
    )  # fmt: skip
    state, source = planned.resumed(seen), [60e6]
    for k in range(400):  # the load stays at 90 MW, and the ramp of 2 MW/s is 15 s of that
        load_w = 60e6 if k < 100 else 90e6
        state, battery_w = planned.step(state, replace(seen, time_s=0.1 * k, load_w=load_w, source_w=source[-1]))
        source.append(load_w - battery_w)
    assert source[-1] == pytest.approx(90e6, abs=1e6)
    assert np.abs(np.diff(source)).max() <= 2e6 * 0.1 * (1 + 1e-6)


def test_another_process_makes_the_same_plan_and_a_dead_one_is_replaced(tmp_path: Path) -> None:
    core = core_in(tmp_path, "look-ahead")
    order = announced_at(STRETCHES, 5.0, 60e6, 0.5, None).order()

    async def both() -> tuple[Any, Any]:
        planner = Planner()
        planner.warm()
        try:
            first = await planner.plan(core, order)
            assert planner._pool is not None
            for process in planner._pool._processes.values():
                process.kill()
                process.join(10)
            with pytest.raises(FieldError, match="announce again"):
                for _ in range(50):  # the pool sees its dead process a moment later
                    await planner.plan(core, order)
                    await asyncio.sleep(0.1)
            return first, await planner.plan(core, order)
        finally:
            planner.close()

    mine = informed(core, order)
    for plan in asyncio.run(both()):
        assert np.array_equal(plan.plan.source_w, mine.plan.source_w)
        assert np.array_equal(plan.plan.stored_j, mine.plan.stored_j)


def test_an_announcement_survives_as_text() -> None:
    tones = (Tone(low_hz=0.1, high_hz=0.5, amplitude_w=1e6),)
    said = Announcement(phases=STRETCHES, soc_frac=0.25, period_s=3.5, source=SourceLimits(up_w_per_s=1e6, tones=tones))
    assert is_announcement(said.order())
    assert read_announcement(said.order()) == said
    assert heard(spoken(STRETCHES, 2.0)) == (STRETCHES, 2.0)
    with pytest.raises(FieldError, match="meter"):
        announced_at(STRETCHES, 0.0, math.nan, 0.5, None)


@pytest.mark.parametrize(
    "line",
    [
        "announce ",
        "announce {}",
        'announce {"stretches": [], "period_s": null}',
        'announce {"stretches": [[0, 10, 1, 1]], "period_s": null}',
        'announce {"stretches": [[0, 10, 1, 1, 1], [11, 12, 1, 1, 1]], "period_s": null}',
        'announce {"stretches": [[10, 0, 1, 1, 1]], "period_s": null}',
        'announce {"stretches": [[0, 10, 5, 6, 7]], "period_s": null}',
        'announce {"stretches": [[0, NaN, 1, 1, 1]], "period_s": null}',
        'announce {"stretches": [[0, Infinity, 1, 1, 1]], "period_s": null}',
        'announce {"stretches": [[0, 1, 1, 1, 1]], "period_s": -1}',
        'announce {"stretches": "abcde", "period_s": null}',
        'announce {"stretches": [[0, 1e-14, 1, 1, 1]], "period_s": null}',
        'announce {"stretches": [[0, 1, 1, 1, 1]], "period_s": 1e-308}',
        f'announce {{"stretches": [[0, 1{"0" * 400}, 1, 1, 1]], "period_s": null}}',
        "announce " + "[" * 100_000,
        f'announce {{"stretches": {[[k, k + 1, 1, 1, 1] for k in range(1001)]}, "period_s": null}}',
        "announce [[[",
    ],
)
def test_nonsense_through_the_socket_is_refused(line: str) -> None:
    with pytest.raises(FieldError, match="announcement is"):
        heard(line)


GOOD = "start,stop,mean,low,high\n0 s,20 s,120 MW,100 MW,140 MW\n20 s,1 min,30 MW,,\n"


def test_stretches_are_read_with_their_units(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(GOOD)
    first, second = read_stretches(tmp_path / "a.csv")
    assert (first.low_w, first.high_w) == (100e6, 140e6)
    assert (second.start_s, second.stop_s, second.low_w, second.high_w) == (20.0, 60.0, 30e6, 30e6)


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("", 1, "needs the columns"),
        ("start,stop\n0 s,1 s\n", 1, "needs the columns"),
        ("start,stop,mean,what\n", 1, "needs the columns"),
        ("start,stop,mean\n", 0, "announces nothing"),
        ("start,stop,mean\n0,20 s,1 MW\n", 2, "start"),
        ("start,stop,mean\n0 s,20 s,1\n", 2, "mean"),
        ("start,stop,mean\n0 s,20 s,-1 MW\n", 2, "mean"),
        ("start,stop,mean\n20 s,20 s,1 MW\n", 2, "stop after"),
        ("start,stop,mean\n0 s,9 d,1 MW\n", 2, "week"),
        ("start,stop,mean\n0 s,1e-14 s,1 MW\n", 2, "millisecond"),
        ('start,stop,mean\n0 s,"' + 140_000 * "1", 0, "is no CSV"),
        ("start,stop,mean,low,high\n0 s,9 s,1 MW,2 MW,3 MW\n", 2, "between low and high"),
        ("start,stop,mean\n0 s,9 s,1 MW\n10 s,12 s,1 MW\n", 3, "gap"),
        ("start,stop,mean\n0 s,9 s,1 MW\n8 s,12 s,1 MW\n", 3, "begins before"),
        ("start,stop,mean\n0 s,9 s,1 MW,4,5\n", 2, "too many cells"),
    ],
)
def test_a_file_that_announces_nonsense_is_refused_with_its_line(
    tmp_path: Path, text: str, line: int, words: str
) -> None:
    (tmp_path / "a.csv").write_text(text)
    with pytest.raises(InputFileError, match=words) as error:
        read_stretches(tmp_path / "a.csv")
    assert error.value.line == line


@given(cut=st.integers(0, len(GOOD)), put=st.text(alphabet='0123456789,.-"\n\r\x00 eNaMWs\u00b5', max_size=6))
def test_any_text_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, cut: int, put: str) -> None:
    path = tmp_path_factory.getbasetemp() / "fuzz-announce.csv"
    path.write_text(GOOD[:cut] + put + GOOD[cut:], newline="")
    try:
        found = read_stretches(path)
    except GigasiteError as error:
        assert "fuzz-announce.csv" in str(error)
    else:
        assert heard(spoken(found, None))[0] == found
