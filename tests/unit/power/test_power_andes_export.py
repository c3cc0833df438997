"""What is handed over to ANDES, and what is said of the rest; ANDES itself runs it in `tests/peers`."""

from __future__ import annotations

import ast
import json
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from gigasite._core.errors import InfeasibleError, OutputError
from gigasite.power.andes_export import AndesExport, andes_export
from gigasite.power.case import read_bench
from gigasite.show.cli import app

if TYPE_CHECKING:
    from pathlib import Path

CASE = """\
case: export
machines:
  - {title: steam, count: 3, rating: 40 MW, apparent: 45 MVA, inertia: 4 s, governor: {kind: ieeeg1, UO: 0.2, UC: -0.3}}
  - {title: gas, count: 2, rating: 20 MW, apparent: 25 MVA, inertia: 2 s, governor: {kind: gast}}
load: {kind: steps, before: 60 MW, at: [1 s, 2 s, 9 s], power: [66 MW, 60 MW, 30 MW]}
run: {duration: 5 s}
"""
EVENTS = (
    "events: [{at: 3 s, kind: trip-machines, where: gas}, {at: 2 s, kind: trip-machines, where: steam, count: 2}]\n"
)
BATTERY = "battery: {rating: 20 MW, energy: 10 MWh, inverter: {kind: regf1}}\n"


def export(folder: Path, text: str) -> tuple[dict[str, Any], AndesExport]:
    (folder / "case.yaml").write_text(text, encoding="utf-8")
    made = andes_export(read_bench(folder / "case.yaml"), "x.json")
    return json.loads(made.case), made


def test_rates_of_the_valve_are_on_the_system_base(tmp_path: Path) -> None:
    tables, _ = export(tmp_path, CASE)
    assert [row["UO"] for row in tables["IEEEG1"]] == pytest.approx([0.2 * 0.45] * 3)
    assert [row["UC"] for row in tables["IEEEG1"]] == pytest.approx([-0.3 * 0.45] * 3)


def test_units_that_trip_are_toggled_in_time_order(tmp_path: Path) -> None:
    tables, made = export(tmp_path, CASE + EVENTS)
    toggles = [(row["t"], row["model"], row["dev"]) for row in tables["Toggle"]]
    assert toggles == [(2.0, "GENROU", "M1"), (2.0, "GENROU", "M2"), (3.0, "GENROU", "M4")]
    assert {row["idx"] for row in tables["GENROU"]} == {"M1", "M2", "M3", "M4", "M5"}
    assert "TRIPPED_S = {'M1': 2.0, 'M2': 2.0, 'M4': 3.0}" in made.script
    assert [row["t"] for row in tables["Alter"]] == [1.0, 2.0]  # what is behind the end stays out


def test_the_script_needs_andes_and_numpy_alone(tmp_path: Path) -> None:
    _, made = export(tmp_path, CASE)
    tree = ast.parse(made.script)
    names = {a.name for node in ast.walk(tree) if isinstance(node, ast.Import) for a in node.names}
    names |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert names == {"sys", "time", "pathlib", "andes", "numpy"}
    assert "STOP_S = 5.0" in made.script
    # a case called andes.json gives a script andes.py, which must not import itself
    assert made.script.index("sys.path[:] =") < made.script.index("import andes")
    assert "'x.json'" in made.script


def test_nothing_is_left_out_in_silence(tmp_path: Path) -> None:
    _, plain = export(tmp_path, CASE)
    assert [f.where for f in plain.findings] == ["ANDES: consumer"]
    full = CASE + BATTERY + EVENTS.replace("]\n", ", {at: 4 s, kind: trip-battery}]\n")
    full += "controller: {kind: load-follower}\nshapers: [{kind: psu-filter}]\nlimits: [{kind: rocof}]\nrestore: 30 s\n"
    _, made = export(tmp_path, full + "consumer: {filter: 0.1 s}\n")
    said = {f.where.removeprefix("ANDES: ") for f in made.findings}
    assert said == {"shapers", "controller", "restore", "consumer", "events", "battery", "limits"}
    assert any("trip" in f.what and "run away" in f.what for f in made.findings)
    _, near = export(tmp_path, CASE + BATTERY.replace("regf1", "regfm-a1"))
    assert any("regfm-a1 is written as REGF1 with droops" in f.what for f in near.findings)
    _, droop = export(tmp_path, CASE + BATTERY.replace(", inverter: {kind: regf1}", "") + "controller: {kind: droop}\n")
    assert any("the return of its charge is not" in f.what for f in droop.findings)


@pytest.mark.parametrize(
    ("old", "new", "needle"),
    [
        ("kind: gast", "kind: gas-engine", "ANDES has no governor gas-engine"),
        ("load:", "grid: {capacity: 90 MW}\nload:", "is written for islands"),
        (
            "load:",
            "battery: {rating: 9 MW, energy: 9 MWh}\nload:",
            "not grid-following: write `inverter: {kind: regf1}`",
        ),
        ("[66 MW, 60 MW, 30 MW]", "[66 MW, 60 MW, 30 MW], edge: 0.1 s", "sharp steps"),
    ],
)
def test_what_andes_has_no_model_for_is_refused(tmp_path: Path, old: str, new: str, needle: str) -> None:
    with pytest.raises(InfeasibleError, match=needle):
        export(tmp_path, CASE.replace(old, new, 1))


def test_the_verb_writes_both_and_makes_the_folder(tmp_path: Path) -> None:
    (tmp_path / "case.yaml").write_text(CASE, encoding="utf-8")
    out = tmp_path / "new" / "x.json"
    done = CliRunner().invoke(app, ["power", "andes", str(tmp_path / "case.yaml"), "--out", str(out)])
    assert done.exit_code == 0
    assert out.with_suffix(".py").exists()
    assert f"python {out.with_suffix('.py')}" in done.stdout
    assert "do not drop out" in done.stderr
    wrong = CliRunner().invoke(app, ["power", "andes", str(tmp_path / "case.yaml"), "--out", str(tmp_path / "x.xlsx")])
    assert isinstance(wrong.exception, OutputError)
