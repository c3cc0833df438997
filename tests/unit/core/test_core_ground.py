"""The cellar: units, findings, registry, streams, engine, files, tables."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pint
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gigasite._core.engine import Engine
from gigasite._core.errors import GigasiteError, InputFileError, OutputError, QuantityError, UnknownPartError
from gigasite._core.files import folder_beside, read_text, write_text
from gigasite._core.finding import Finding, Severity, worst_first
from gigasite._core.quantity import UNITS, Quantity, show
from gigasite._core.registry import Registry
from gigasite._core.streams import stream
from gigasite._core.table import Column, Schema

PINT = pint.UnitRegistry()
# our spelling -> pint's, where they differ (pint reads Gb/s as gilberts and refuses ft2 and offset units in products)
SPELLING = {
    "ft2": "foot**2",
    "acre": "43560 * foot**2",
    "sqft": "foot**2",
    "m2": "meter**2",
    "psf": "pound/foot**2",
    "lb/ft2": "pound/foot**2",
    "kg/m2": "kg/m**2",
    "t/m2": "tonne/m**2",
    "t": "tonne",
    "wk": "week",
    "weeks": "week",
    "days": "day",
    "d": "day",
    "yr": "year",
    "h": "hour",
    "m3/s": "m**3/s",
    "m3/h": "m**3/hour",
    "m3/d": "m**3/day",
    "L/min": "liter/minute",
    "L/s": "liter/s",
    "gpm": "gallon/minute",
    "gal/d": "gallon/day",
    "ML/d": "megaliter/day",
    "in": "inch",
    "min": "minute",
    "lb": "pound",
    "MW/min": "megawatt/minute",
    "kW/min": "kilowatt/minute",
}
SI = {
    "power": "W",
    "energy": "J",
    "power rate": "W/s",
    "length": "m",
    "area": "m**2",
    "mass": "kg",
    "floor load": "kg/m**2",
    "duration": "s",
    "frequency": "Hz",
    "voltage": "V",
    "pressure": "Pa",
    "volume flow": "m**3/s",
}


@pytest.mark.parametrize(("dimension", "unit"), [(d, u) for d in SI for u in UNITS[d][1]])
def test_every_unit_agrees_with_pint(dimension: str, unit: str) -> None:
    ours = Quantity(dimension).parse(f"3.7 {unit}")
    theirs = (3.7 * PINT(SPELLING.get(unit, unit))).to(SI[dimension]).magnitude
    assert ours == pytest.approx(theirs, rel=1e-9)


def test_temperatures_have_offsets() -> None:
    assert Quantity("temperature", "any").parse("95 degF") == pytest.approx(35.0)
    assert Quantity("temperature", "any").parse("300 K") == pytest.approx(26.85)


@pytest.mark.parametrize(
    ("text", "needle"),
    [
        ("150", "needs a unit"),
        (150, "bare number"),
        ("150 MWh", "is an energy, not a power; write a power"),
        ("150 mw", "did you mean 'MW'"),
        ("-1 MW", "must not be negative"),
        ("MW", "write a power"),
        (None, "write a power"),
        (True, "write a power"),
        ("1e999 MW", "finite"),
        ([1], "write a power"),
        ("nan MW", "needs a number and a unit: write a power"),
        ("1 MW extra", "unknown unit"),
    ],
)
def test_wrong_quantities_say_what_is_right(text: object, needle: str) -> None:
    with pytest.raises(QuantityError, match=needle.replace("(", r"\(")):
        Quantity("power").parse(text)


@given(st.text(max_size=30))
def test_any_text_is_a_number_or_a_quantity_error(text: str) -> None:
    for dimension in UNITS:
        try:
            value = Quantity(dimension, "any").parse(text)
        except QuantityError:
            continue
        assert np.isfinite(value)


@given(st.floats(1e-3, 1e12))
def test_show_and_parse_agree_to_its_digits(value: float) -> None:
    text = show(value, "MW").replace(",", "")
    assert Quantity("power").parse(text) == pytest.approx(value, rel=1e-2)


def test_findings_sort_worst_first_and_drop_repeats() -> None:
    a = Finding(severity=Severity.note, chapter="design", where="hall 1", what="x")
    b = Finding(
        severity=Severity.error, chapter="power", where="intake", what="y", limit="1 MW", found="2 MW", remedy="less"
    )
    assert worst_first([a, b, a, b]) == (b, a)
    assert "limit 1 MW" in str(b)
    assert json.loads(json.dumps(b.to_json()))["severity"] == "error"


def test_registry_refuses_a_name_twice_and_guesses_the_nearest() -> None:
    parts: Registry[type] = Registry("gigasite.design.fabrics", "toy")
    parts.part("moving_average")(int)
    with pytest.raises(GigasiteError, match="two toy parts"):
        parts.part("moving_average")(str)
    with pytest.raises(UnknownPartError, match="did you mean 'moving_average'"):
        _ = parts["moving_avrage"]
    other: Registry[type] = Registry("gigasite.design.fabrics", "toy")
    assert "moving_average" not in other


def test_streams_depend_on_seed_chapter_and_task_only() -> None:
    same = stream(1, "schedule", 7).random(3)
    assert (same == stream(1, "schedule", 7).random(3)).all()
    for other in (stream(2, "schedule", 7), stream(1, "power", 7), stream(1, "schedule", 8)):
        assert not np.allclose(same, other.random(3))


def draw(task: int) -> float:
    return float(stream(5, "engine", task).random())


def test_engine_gives_the_same_for_any_number_of_workers() -> None:
    tasks = list(range(40))
    serial = Engine().map(draw, tasks)
    assert Engine(workers=2).map(draw, tasks) == serial
    with ThreadPoolExecutor(3) as pool:
        assert Engine(executor=pool, workers=3).map(draw, tasks) == serial


def fail(task: int) -> int:
    if task == 3:
        raise InputFileError("f", 3, "broken")
    return task


def test_engine_hands_errors_to_the_caller() -> None:
    with pytest.raises(InputFileError), ThreadPoolExecutor(2) as pool:
        Engine(executor=pool).map(fail, [0, 1, 2, 3])


def test_a_run_that_stops_leaves_the_old_folder(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with folder_beside(out) as folder:
        (folder / "a.txt").write_text("old")
    with pytest.raises(KeyboardInterrupt), folder_beside(out) as folder:
        (folder / "a.txt").write_text("new")
        raise KeyboardInterrupt
    assert (out / "a.txt").read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


def test_two_runs_at_once_leave_whole_files(tmp_path: Path) -> None:
    out = tmp_path / "out"

    def run(mark: str) -> None:
        with folder_beside(out) as folder:
            (folder / "a.txt").write_text(mark * 10_000)

    threads = [threading.Thread(target=run, args=(m,)) for m in "xy"]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert set((out / "a.txt").read_text()) in ({"x"}, {"y"})


def test_a_place_that_cannot_be_written_is_an_output_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="is a file"), folder_beside(tmp_path / "file"):
        pass
    with pytest.raises(OutputError, match="cannot write"):
        write_text(tmp_path / "file" / "below.txt", "x")


def test_text_that_is_not_utf8_names_the_line(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"one\ntwo\n\xff\n")
    with pytest.raises(InputFileError, match=r"x:3: byte 0xff"):
        read_text(tmp_path / "x")


def test_a_file_that_never_ends_is_refused() -> None:
    with pytest.raises(InputFileError, match="is larger than 1 MB"):
        read_text(Path("/dev/zero"), 1_000_000)


def test_a_table_with_another_column_or_type_or_a_null_is_refused() -> None:
    schema = Schema("t", (Column("a", "Int32", ""), Column("b", "String", "")))
    good = pl.DataFrame({"a": [1], "b": ["x"]}, schema=schema.polars())
    assert schema.check(good) is good
    for bad in (
        good.rename({"a": "c"}),
        good.with_columns(pl.col("a").cast(pl.Int64)),
        good.with_columns(b=pl.lit(None, pl.String)),
    ):
        with pytest.raises(GigasiteError, match="table t"):
            schema.check(bad)


def test_every_module_of_kernels_can_be_warmed() -> None:
    """`make setup` compiles them all: a kernel module that fails there breaks every new machine."""
    from gigasite._core.warm import warm

    assert {"gigasite.power.kernels", "gigasite.power.network_run_kernels", "gigasite.schedule.kernels"} <= set(warm())
