"""Snapshots from day to day: appended, never changed, whole or not there; what they tell."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gigasite._core.errors import InputFileError, OutputError
from gigasite.cabling.diagnose import diagnose
from gigasite.cabling.inject import NOTHING, inject
from gigasite.cabling.lab import seen
from gigasite.cabling.plan_file import PLACES, PlanFile
from gigasite.cabling.snapshots import (
    CAUSES,
    DARK,
    LINKS,
    RIGHT,
    UNKNOWN,
    WRONG,
    Snapshot,
    burn_down,
    by_day,
    load,
    numbers,
    save,
    snapshot,
)


def made(states: list[int], keys: list[str], *, when: str, halls: list[int] | None = None, plan: str = "p") -> Snapshot:
    hall = halls or [1] * len(states)
    return Snapshot(
        time=when,
        plan=plan,
        links=pl.DataFrame({"hall": hall, "state": states}, schema=LINKS.polars()),
        causes=pl.DataFrame([(k, "swap", 1, 4, 2, "why") for k in keys], schema=CAUSES.polars(), orient="row"),
    )


def test_burn_down_by_look_hall_and_day(tmp_path: Path) -> None:
    halls = [1, 1, 2, 2]
    looks = [
        ([RIGHT, WRONG, UNKNOWN, DARK], ["a", "b"], "2026-05-01T10:00:00Z"),
        ([RIGHT, RIGHT, RIGHT, UNKNOWN], ["b"], "2026-05-01T18:00:00Z"),
        ([WRONG, RIGHT, RIGHT, RIGHT], ["c"], "2026-05-02T09:00:00Z"),
    ]
    for states, keys, when in looks:
        save(tmp_path, made(states, keys, when=when, halls=halls))
    table = burn_down(tmp_path)
    whole = table.filter(pl.col("hall") == 0)
    assert whole.select("known", "right", "wrong", "dark", "healed", "broken").rows() == [
        (3, 1, 1, 1, 0, 0),
        (4, 3, 0, 1, 1, 0),
        (4, 3, 1, 0, 1, 1),
    ]
    assert whole.select("causes_open", "causes_new", "causes_closed").rows() == [(2, 2, 0), (1, 0, 1), (1, 1, 1)]
    assert whole["first_pass_frac"].to_list() == [pytest.approx(1 / 3), 0.5, 0.5]
    for n in (1, 2, 3):
        part = table.filter(pl.col("snapshot") == n)
        rest = part.filter(pl.col("hall") > 0)
        for column in ("links", "known", "right", "wrong", "dark", "healed", "broken"):
            assert rest[column].sum() == part.filter(pl.col("hall") == 0)[column].item()
    days = by_day(table).filter(pl.col("hall") == 0)
    assert days.select("time", "right", "healed", "causes_new", "causes_closed").rows() == [
        ("2026-05-01", 3, 1, 2, 1),
        ("2026-05-02", 3, 1, 1, 1),
    ]


@given(st.lists(st.lists(st.integers(0, 3), min_size=5, max_size=5), min_size=1, max_size=6))
@settings(max_examples=40)
def test_known_links_are_right_wrong_or_dark(tmp_path_factory: pytest.TempPathFactory, states: list[list[int]]) -> None:
    place = tmp_path_factory.mktemp("s")
    for i, s in enumerate(states):
        save(place, made(s, [], when=f"2026-05-01T{i:02d}:00:00Z"))
    t = burn_down(place).filter(pl.col("hall") == 0)
    assert (t["known"] == t["right"] + t["wrong"] + t["dark"]).all()
    assert t["known"].is_sorted()
    change = t["right"].diff().drop_nulls()
    first = t["known"].diff().drop_nulls()
    net = (t["healed"] - t["broken"])[1:].cast(pl.Int64)
    assert ((change - net >= 0) & (change - net <= first)).all()


def test_nothing_is_overwritten_and_another_plan_is_refused(tmp_path: Path) -> None:
    assert save(tmp_path, made([1], ["a"], when="t1")) == 1
    before = {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}
    assert save(tmp_path, made([2], ["b"], when="t2")) == 2
    assert all(p.read_bytes() == data for p, data in before.items())
    with pytest.raises(InputFileError, match="another plan"):
        save(tmp_path, made([2], ["b"], when="t3", plan="q"))
    assert numbers(tmp_path) == [1, 2]
    assert load(tmp_path, 1).causes["key"].to_list() == ["a"]
    (tmp_path / "000002" / "links.parquet").write_bytes(b"PAR1 no")
    with pytest.raises(InputFileError, match="cannot be read"):
        burn_down(tmp_path)
    (tmp_path / "000002" / "snapshot.json").write_text("{")
    with pytest.raises(InputFileError, match="is no snapshot"):
        save(tmp_path, made([2], [], when="t4"))
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError):
        save(tmp_path / "file" / "store", made([2], [], when="t5"))


KILLED = """
import sys
from pathlib import Path
sys.path.insert(0, {here!r})
from test_snapshots import made
from gigasite.cabling.snapshots import save
place = Path({place!r})
print("go", flush=True)
while True:
    save(place, made([1] * 20000, ["a"], when="t"))
"""


def test_killed_while_saving_leaves_whole_snapshots(tmp_path: Path) -> None:
    code = KILLED.format(here=str(Path(__file__).parent), place=str(tmp_path))
    for _ in range(3):
        run = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
        assert run.stdout is not None
        run.stdout.readline()
        time.sleep(0.3)
        run.send_signal(signal.SIGKILL)
        run.wait()
        run.stdout.close()
        have = numbers(tmp_path)
        assert have == list(range(1, len(have) + 1))
        assert all(load(tmp_path, n).links.height == 20000 for n in have)
        for rest in tmp_path.glob(".new-*"):
            shutil.rmtree(rest)
    assert numbers(tmp_path)
    assert save(tmp_path, made([1] * 20000, ["b"], when="t")) == numbers(tmp_path)[-1]


def fat_tree() -> PlanFile:
    rows = []
    for leaf in range(4):
        rows += [(f"h{leaf * 8 + h:03d}", "1", f"leaf-{leaf}", str(h + 1)) for h in range(8)]
        rows += [(f"leaf-{leaf}", str(9 + s), f"spine-{s}", str(leaf + 1)) for s in range(4)]
    ends = pl.DataFrame(rows, schema=["a_node", "a_port", "z_node", "z_port"], orient="row")
    halls = [(n, 1 if n < "leaf-2" else 2, None, None, "", None) for n in sorted({*ends["a_node"], *ends["z_node"]})]
    return PlanFile(ends=ends, places=pl.DataFrame(halls, schema=PLACES, orient="row"))


def test_a_bring_up_from_faults_to_done(tmp_path: Path) -> None:
    plan = fat_tree()
    drill = inject(plan.ends, rate_frac=0.1, seed=2, kinds=["swap", "missing"])
    save(tmp_path, snapshot(plan, diagnose(plan.ends, drill.observed), "2026-05-01T08:00:00Z"))
    case = drill.lab.case
    drill.lab.real[:] = case.plan
    save(tmp_path, snapshot(plan, diagnose(plan.ends, seen(drill.lab)), "2026-05-02T08:00:00Z"))
    first, last = burn_down(tmp_path).filter(pl.col("hall") == 0).to_dicts()
    assert first["causes_open"] == len(drill.lab.planted)
    assert first["wrong"] + first["dark"] > 0
    assert last["right"] == last["links"] == plan.ends.height
    assert last["causes_closed"] == first["causes_open"]
    assert last["healed"] == first["wrong"] + first["dark"]
    assert last["first_pass_frac"] == pytest.approx(first["right"] / first["known"])
    turned = plan.ends.select(a_node="z_node", a_port="z_port", z_node="a_node", z_port="a_port").reverse()
    again = PlanFile(ends=turned, places=plan.places)
    assert save(tmp_path, snapshot(again, diagnose(turned, seen(drill.lab)), "2026-05-03T08:00:00Z")) == 3
    nothing = snapshot(plan, diagnose(plan.ends, NOTHING), "t")
    assert (nothing.links["state"] == UNKNOWN).all()
