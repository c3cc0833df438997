"""The watched folder: a look whenever dumps have changed and are quiet; the page that is made of it."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from gigasite._core.errors import FieldError
from gigasite.cabling.inject import inject
from gigasite.cabling.lab import seen
from gigasite.cabling.plan_file import plan_file
from gigasite.cabling.snapshots import numbers
from gigasite.field import watch as field_watch
from gigasite.show.cli import app

RUN = CliRunner()


@pytest.fixture
def site(tmp_path: Path) -> Path:
    rows = [(f"h{v * 8 + h:03d}", "1", f"leaf-{v}", str(h + 1)) for v in range(4) for h in range(8)]
    rows += [(f"leaf-{v}", str(9 + s), f"spine-{s}", str(v + 1)) for v in range(4) for s in range(4)]
    ends = pl.DataFrame(rows, schema=["a_node", "a_port", "z_node", "z_port"], orient="row")
    ends.write_csv(tmp_path / "plan.csv")
    (tmp_path / "dumps").mkdir()
    drill = inject(ends, rate_frac=0.1, seed=2, kinds=["swap"])
    for name in ("bad", "good"):
        drill.observed.sightings.drop("reader", "file", "line").write_csv(tmp_path / f"{name}.csv")
        drill.lab.real[:] = drill.lab.case.plan
        drill = type(drill)(observed=seen(drill.lab), lab=drill.lab)
    return tmp_path


def once(site: Path, *more: str) -> tuple[int, str]:
    args = ["cables", "watch", str(site / "plan.csv"), str(site / "dumps"), "--store", str(site / "s"), "--once", *more]
    got = RUN.invoke(app, args)
    return got.exit_code, got.stdout


def test_once_reports_causes_then_that_all_is_right(site: Path) -> None:
    place = site / "dumps" / "links.csv"
    place.write_bytes((site / "bad.csv").read_bytes())
    code, text = once(site, "--json", "--out", str(site / "page.html"))
    first = json.loads(text)
    assert code == 1
    assert {c["kind"] for c in first["causes"]} == {"swap"}
    place.write_bytes((site / "good.csv").read_bytes())
    code, text = once(site, "--json", "--out", str(site / "page.html"))
    last = json.loads(text)
    assert code == 0
    assert last["halls"][0]["causes_closed"] == len(first["causes"])
    page = (site / "page.html").read_text()
    assert "0 links to go" in page
    assert "http:" not in page.replace("http:\\/\\/", "")
    assert once(site)[0] == 0
    assert once(site, "--out", str(site / "t.csv"))[0] == 0
    assert (site / "t.csv").read_text().startswith("snapshot,time,hall")


def test_dumps_of_no_known_format_are_told(site: Path) -> None:
    (site / "dumps" / "x.bin").write_bytes(b"\x01\x02")
    assert once(site)[0] == 2
    assert numbers(site / "s") == []
    got = RUN.invoke(app, ["cables", "watch", str(site / "plan.csv"), str(site / "none"), "--once"])
    assert isinstance(got.exception, FieldError)


def test_a_look_for_each_change_that_has_settled(site: Path) -> None:
    looks: list[field_watch.Look] = []
    stop = RuntimeError("enough")

    def report(look: field_watch.Look) -> None:
        looks.append(look)
        if len(looks) == 3:
            raise stop

    place = site / "dumps" / "links.csv"
    place.write_bytes((site / "bad.csv").read_bytes())
    ended: list[BaseException] = []

    def run() -> None:
        try:
            field_watch.watch(plan_file(site / "plan.csv"), site / "dumps", site / "s", report, poll_s=0.05)
        except RuntimeError as error:
            ended.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    until = time.monotonic() + 60
    for count, data in ((1, b"\x00 broken"), (2, (site / "good.csv").read_bytes())):
        while len(looks) < count and time.monotonic() < until:
            time.sleep(0.02)
        time.sleep(0.3)  # no further look while nothing changes
        assert len(looks) == count
        place.write_bytes(data)
    thread.join(60)
    assert ended == [stop]
    assert [bool(x.number) for x in looks] == [True, False, True]
    assert looks[1].error
