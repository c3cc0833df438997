"""The schedule's verbs end to end: export and read back, solve what was exported, progress, look-ahead; exit codes."""

from __future__ import annotations

import contextlib
import io
import json
import signal
import sys
from typing import TYPE_CHECKING, Any

import pytest

from gigasite.show.cli import main

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def run(*args: object, code: int = 0) -> str:
    """Run a verb in this process; return stdout, or stderr where the input is bad."""
    out, err = io.StringIO(), io.StringIO()
    with (
        pytest.MonkeyPatch.context() as patch,
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
        pytest.raises(SystemExit) as end,
    ):
        patch.setattr(sys, "argv", ["gigasite", "schedule", *map(str, args)])
        main()
    assert (end.value.code or 0) == code, err.getvalue()[-2000:]
    return out.getvalue() if code != 2 else err.getvalue()


@pytest.fixture(autouse=True)
def interrupts() -> Iterator[None]:
    """Give Ctrl-C back to the tests: the command line takes it."""
    before = signal.getsignal(signal.SIGINT)
    yield
    signal.signal(signal.SIGINT, before)


def told(*args: object, code: int = 0) -> Any:
    return json.loads(run(*args, "--json", code=code))


@pytest.fixture(scope="module")
def exported(campuses: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("export")
    out = {kind: folder / f"lab.{kind}" for kind in ("xer", "csv")}
    for kind, file in out.items():
        assert told("export", campuses / "lab.yaml", "--format", kind, "--out", file)["format"] == kind
    return out


def test_what_is_exported_reads_back(exported: dict[str, Path]) -> None:
    read = told("read", exported["xer"])
    assert read["project"] == "lab"
    assert read["activities"] == 256
    assert read["relation_kinds"] == {"FS": read["relations"]}
    assert not [f for f in read["findings"] if f["severity"] == "error"]


def test_what_is_exported_can_be_solved(exported: dict[str, Path]) -> None:
    answer = told("solve", exported["xer"], "--seconds", "1")
    assert answer["slot_s"] == 900
    assert len(answer["starts"]) == 256
    assert answer["lower_bound"] <= answer["makespan"]


def test_progress_and_look_ahead_speak_json_and_text_and_write_a_folder(campuses: Path, tmp_path: Path) -> None:
    file, lab, out = tmp_path / "a.csv", campuses / "lab.yaml", tmp_path / "out"
    file.write_text("activity,actual_start,actual_finish,percent\nA000001,0,3,\nA000002,3,,50\n")
    rest = told("progress", lab, "--actuals", file, "--status", "10", "--out", out)
    assert rest["activities"]["done"] == 2  # and the notice to proceed
    assert rest["activities"]["in progress"] == 1
    assert {m["name"] for m in rest["milestones"]} >= {"first step", "full size"}
    assert rest["man_hours"]["ev"] <= rest["man_hours"]["bac"]
    assert {f.name for f in out.iterdir()} == {
        "progress.html",
        "variance.csv",
        "lookahead.csv",
        "constraints.csv",
        "deliveries.csv",
        "balance.csv",
        "curve.csv",
    }
    page = (out / "progress.html").read_text(encoding="utf-8")
    assert "http://" not in page
    assert "https://" not in page
    assert "day 10" in page
    ahead = told("lookahead", lab, "--status", "2025-01-16", "--actuals", file)
    assert ahead["status_day"] == 10.0
    assert all(min(x["start_day"], x["start_day"] - x["late_days"]) < 31.0 for x in ahead["activities"])
    assert "to clear" in run("lookahead", lab, "--status", "10", "--weeks", "6")
    assert "SPI" in run("progress", lab, "--actuals", file, "--status", "10")


def test_days_that_never_come_are_said_so(campuses: Path, tmp_path: Path) -> None:
    text = (campuses / "lab.yaml").read_text()
    for old, new in (
        ("0.3 MW", "0.1 MW"),
        ("capacity: 1 MW", "capacity: 0.1 MW"),
        ("count: 2", "count: 0"),
        ("gensets: 1", "gensets: 0"),
    ):
        assert old in text
        text = text.replace(old, new)
    file, rows = tmp_path / "never.yaml", tmp_path / "a.csv"
    file.write_text(text)
    rows.write_text("activity,actual_start\n")
    shown = run("progress", file, "--actuals", rows, "--status", "5", "--out", tmp_path / "p", code=1)
    shown += run("tradeoff", file, "--samples", "20", "--no-cables", code=1)
    assert "is never reached" in shown
    assert " inf" not in shown
    assert "nan" not in shown
    assert ">nan<" not in (tmp_path / "p" / "progress.html").read_text(encoding="utf-8")


def test_rows_that_contradict_end_with_1_and_bad_input_with_2(campuses: Path, tmp_path: Path) -> None:
    file, lab = tmp_path / "a.csv", campuses / "lab.yaml"
    file.write_text("activity,actual_start,actual_finish\nA000001,5,4\n")
    rest = told("progress", lab, "--actuals", file, "--status", "10", code=1)
    assert any("before its start" in f["what"] and f["where"].endswith("a.csv:2") for f in rest["findings"])
    ahead = told("lookahead", lab, "--actuals", file, "--status", "10", code=1)
    assert [f for f in ahead["findings"] if f["where"].endswith("a.csv:2")], "a row that is left out is never silent"
    assert "a.csv:2" in run("lookahead", lab, "--actuals", file, "--status", "10", code=1)
    assert "neither a project day nor a date" in run("progress", lab, "--actuals", file, "--status", "soon", code=2)
    assert "must be one of 3, 6" in run("lookahead", lab, "--status", "1", "--weeks", "4", code=2)
    file.write_text("name\nx\n")
    assert "a.csv:1" in run("progress", lab, "--actuals", file, "--status", "1", code=2)
    assert "absent.csv" in run("progress", lab, "--actuals", tmp_path / "absent.csv", "--status", "1", code=2)
