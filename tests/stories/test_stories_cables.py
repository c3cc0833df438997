"""The verbs of the cables, as a contractor types them."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))
from command import gigasite  # a module beside the tests

ROOT = Path(__file__).parents[2]


def process(*args: object) -> subprocess.CompletedProcess[str]:
    """Run the verbs as a contractor does, in a process of their own."""
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    return subprocess.run(
        [sys.executable, "-m", "gigasite.show.cli", "cables", *map(str, args)],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
        timeout=300,
    )


def run(*args: object) -> subprocess.CompletedProcess[str]:
    return gigasite("cables", *args)


def answer(*args: object, code: int = 0) -> Any:
    done = run(*args, "--json")
    assert done.returncode == code, done.stderr
    return json.loads(done.stdout)


def test_a_file_alone_is_planned_and_its_folder_compares_with_it(campuses: Path, tmp_path: Path) -> None:
    lab = campuses / "lab.yaml"
    done = process(lab, "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == answer("plan", lab)
    made = answer(lab, "--out", tmp_path / "plan")
    assert made["cables"] == 1166
    assert {m["at"] for m in made["modules"]} == {"switch", "host"}
    assert set(made["trays"]) == {"row", "cross"}
    wanted = {"cables.csv", "cables.parquet", "devices.parquet", "parts.parquet", "segments.csv", "modules.csv"}
    assert {p.name for p in (tmp_path / "plan").iterdir()} == wanted
    for place in (tmp_path / "plan", tmp_path / "plan" / "cables.csv", tmp_path / "plan" / "cables.parquet"):
        changes = answer("diff", lab, place)
        assert changes["changes"] == {"add": 0, "remove": 0, "move": 0, "re-part": 0}


def test_longer_slack_re_parts_and_more_storage_adds(campuses: Path, tmp_path: Path) -> None:
    text = (campuses / "lab.yaml").read_text()
    head = "fabric: rail-optimized,"
    (tmp_path / "slack.yaml").write_text(text.replace(head, f"{head} slack: 60 %,"))
    (tmp_path / "more.yaml").write_text(text.replace(head, f"{head} storage_links: 2,"))
    longer = answer("diff", campuses / "lab.yaml", tmp_path / "slack.yaml", "--out", tmp_path / "changes.csv")
    assert longer["changes"]["add"] == longer["changes"]["remove"] == longer["changes"]["move"] == 0
    rows = list(csv.DictReader((tmp_path / "changes.csv").read_text().splitlines()))
    assert len(rows) == longer["changes"]["re-part"] > 0
    more = answer("diff", campuses / "lab.yaml", tmp_path / "more.yaml")
    added = {c["cable"] for c in more["cables"] if c["kind"] == "add"}
    assert added
    assert all(name.startswith("STORAGE-") for name in added)


def test_everything_is_exported_and_one_format_refuses_what_it_cannot_say(campuses: Path, tmp_path: Path) -> None:
    made = answer("export", campuses / "lab.yaml", "--format", "all", "--out", tmp_path / "all")
    assert made["skipped"] == {}
    assert {"labels.pdf", "fabric.topo", "topology.dot", "cvt.xlsx", "topology.yaml"} <= set(made["files"])
    refused = run(
        "export", campuses / "lab.yaml", "--format", "ibdiagnet", "--fabric", "storage", "--out", tmp_path / "x"
    )
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "InfiniBand" in refused.stderr
    assert not (tmp_path / "x").exists()
    listed = json.loads(run("export", "--list", "--json").stdout)
    assert set(listed) >= {"netbox", "slurm", "pull-sheets", "labels", "ptm", "cvt"}


def test_an_edited_sheet_with_a_mistake_leaves_with_2_and_names_it(campuses: Path, tmp_path: Path) -> None:
    sheet = tmp_path / "s.csv"
    sheet.write_text(
        "A-Node Name,A-Port,Z-Node Name,Z-Port\nsrv-000000,eth0,leaf-000000,swp1\nsrv-000001,eth0,leaf-000099,swp2\n"
    )
    made = answer("read", sheet, "--plan", campuses / "lab.yaml", code=2)
    assert (made["rows"], made["good_rows"]) == (2, 1)
    (found,) = made["findings"]
    assert "row 3, column Z-Node Name" in found["where"]
    assert found["found"] == "leaf-000099"
    assert made["changes"] is None  # of half a sheet no change is made: it would order good cables out


@pytest.mark.parametrize(
    ("setting", "needle"),
    [
        ("cabling: {tray_width: 60 mm, row_trays: 1}", "over-filled"),
        ("cabling: {tray_width: 50 mm, tray_height: 20 mm, fill: 1 %, tray_spacing: 2 m}", "cannot hold its row trays"),
        ("slack: 100 %, speed: 50 Gb/s", "no cable"),
    ],
)
def test_what_does_not_fit_is_an_error_with_place_and_remedy(
    campuses: Path, tmp_path: Path, setting: str, needle: str
) -> None:
    text = (campuses / "lab.yaml").read_text()
    if "speed" in setting:
        text = text.replace(", speed: 400 Gb/s", "").replace("leaf: qm9700", "leaf: sn5600")
    (tmp_path / "bad.yaml").write_text(text.replace("fabric: rail-optimized,", f"fabric: rail-optimized, {setting},"))
    found = answer(tmp_path / "bad.yaml", code=1)["findings"]
    mine = [f for f in found if needle in f["what"]]
    assert mine
    assert all(f["severity"] == "error" and f["where"] and f["limit"] and f["found"] and f["remedy"] for f in mine)


@pytest.mark.parametrize(
    ("setting", "needle"),
    [
        ("cabling: {label: hall-row-rak}", "did you mean 'hall-row-rack'"),
        ("cabling: {tray_width: 600}", "unit"),
        ("cabling: {fill: 150 %}", "must lie between"),
        ("cabling: {trays: 2}", "trays"),
    ],
)
def test_mistakes_in_the_cabling_chapter_have_their_place(
    campuses: Path, tmp_path: Path, setting: str, needle: str
) -> None:
    text = (campuses / "lab.yaml").read_text()
    (tmp_path / "bad.yaml").write_text(text.replace("fabric: rail-optimized,", f"fabric: rail-optimized, {setting},"))
    done = run(tmp_path / "bad.yaml")
    assert done.returncode == 2
    assert "bad.yaml:" in done.stderr
    assert needle in done.stderr
    assert "Traceback" not in done.stderr


def test_a_sheet_speaks_of_the_networks_of_its_rows_only_and_an_empty_one_of_nothing(
    campuses: Path, tmp_path: Path
) -> None:
    lab = campuses / "lab.yaml"
    answer("export", lab, "--format", "cvt", "--fabric", "storage", "--out", tmp_path / "x")
    assert answer("read", tmp_path / "x" / "cvt.csv", "--plan", lab)["changes"] == dict.fromkeys(
        ("add", "remove", "move", "re-part"), 0
    )
    head, *rows = (tmp_path / "x" / "cvt.csv").read_text().splitlines()
    (tmp_path / "less.csv").write_text("\n".join([head, *rows[1:]]))
    assert answer("read", tmp_path / "less.csv", "--plan", lab)["changes"]["remove"] == 1
    (tmp_path / "none.csv").write_text(head + "\n")
    assert answer("read", tmp_path / "none.csv", "--plan", lab, code=2)["changes"] is None


def test_planes_that_a_kind_fixes_are_held_against_the_nic_too(campuses: Path, tmp_path: Path) -> None:
    text = (campuses / "lab.yaml").read_text().replace("fabric: rail-optimized", "fabric: dual-plane")
    (tmp_path / "two.yaml").write_text(text)
    found = answer(tmp_path / "two.yaml", code=1)["findings"]
    (nics,) = [f for f in found if "faster than the NICs" in f["what"]]
    assert (nics["limit"], nics["found"]) == ("400 Gb/s a NIC", "2 x 400 Gb/s")
