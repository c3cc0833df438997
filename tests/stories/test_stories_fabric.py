"""`gigasite fabric`: sizes, tables, kinds, links; bad input is a message and exit code 2."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))
from command import gigasite  # a module beside the tests

TABLE = """| SU | Nodes | GPUs | Leaf | Spine | Core | Node-Leaf | Leaf-Spine | Spine-Core |
|---|---|---|---|---|---|---|---|---|
| 8 | 256 | 2,048 | 64 | 32 | - | 2,048 | 2,048 | - |
| 16 | 512 | 4,096 | 128 | 128 | 64 | 4,096 | {cell} | 4,096 |
| 32 | 1,024 | 8,192 | 256 | 256 | 128 | 8,192 | 8,192 | 8,192 |
"""


def process(*args: object) -> subprocess.CompletedProcess[str]:
    """Run the verb as people do, in a process of its own."""
    command = [sys.executable, "-m", "gigasite.show.cli", "fabric", *map(str, args)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def run(*args: object) -> subprocess.CompletedProcess[str]:
    return gigasite("fabric", *args)


def test_a_process_leaves_with_2_and_says_why_on_stderr_alone() -> None:
    done = process("fat-tree")
    assert (done.returncode, done.stdout) == (2, "")
    assert "one of --nodes" in done.stderr
    assert "Traceback" not in done.stderr


def test_several_sizes_at_once() -> None:
    data = json.loads(run("--kind", "superpod-b200", "--nodes", "64,512,2048", "--json").stdout)
    assert [(f["leaf"], f["spine"], f["core"]) for f in data["fabrics"]] == [
        (16, 8, 0),
        (128, 128, 64),
        (512, 512, 256),
    ]
    text = run("superpod-b200", "--nodes", "64,512,2048").stdout
    assert "16,384" in text
    assert "\u2026" not in text, "numbers are cut"


def test_end_points_gpus_and_nodes_ask_for_the_same() -> None:
    asks = (["--nodes", 128], ["--gpus", 1024], ["--endpoints", 1024, "--nics", 8])
    made = [json.loads(run("rail-optimized", *a, "--radix", 64, "--json").stdout) for a in asks]
    assert (
        made[0] == made[1] == made[2] == json.loads(process("rail-optimized", *asks[0], "--radix", 64, "--json").stdout)
    )
    lone = json.loads(run("fat-tree", "--endpoints", 65_536, "--radix", 64, "--json").stdout)
    assert (lone["nodes"], lone["gpus"], lone["switches"], lone["spare_ports"]) == (65_536, 65_536, 5120, 0)


def test_every_option_reaches_the_fabric() -> None:
    options = ("--spine-radix", 128, "--core-radix", 32, "--super-radix", 16, "--nics", 4, "--gpus-per-node", 4)
    more = ("--nodes-per-unit", 10, "--nodes-per-pod", 40, "--planes", 2, "--oversubscription", "1:2,7:1", "--tiers", 3)
    made = json.loads(run("rail-optimized", "--nodes", 200, "--radix", 40, *options, *more, "--json").stdout)
    assert (made["tiers"], made["planes"], made["gpus"], made["units"], made["pods"]) == (3, 2, 800, 20, 5)
    assert [t["radix"] for t in made["by_tier"]] == [40, 128, 32]
    assert made["by_tier"][0]["oversubscription"] == 0.5
    assert 6 < made["by_tier"][1]["oversubscription"] <= 7


def test_reserved_ports_are_counted_and_shown() -> None:
    base = ("fat-tree", "--endpoints", 512, "--radix", 64, "--tiers", 2)
    free, four, share = (
        json.loads(run(*base, *more, "--json").stdout) for more in ((), ("--reserved", 4), ("--reserved", "6.25%"))
    )
    assert four["reserved_ports"] == 4 * four["switches"] > 0 == free["reserved_ports"]
    assert four == share
    assert four["limits"][1]["endpoints"] == 60 * 60 / 2 < free["limits"][1]["endpoints"]
    assert "reserved" in run(*base, "--reserved", 4).stdout
    for wrong in ("x", "100%", "-1", "64"):
        assert run(*base, f"--reserved={wrong}").returncode == 2


def test_oversubscription_of_a_tier_that_is_not_there_is_refused() -> None:
    done = run("rail-optimized", "--nodes", 64, "--radix", 64, "--oversubscription", "1,7")
    assert done.returncode == 2
    assert "--tiers 3" in done.stderr
    assert (
        run("rail-optimized", "--nodes", 64, "--radix", 64, "--oversubscription", "1,7", "--tiers", 3).returncode == 0
    )
    assert run("rail-optimized", "--nodes", "64,2048", "--radix", 64, "--oversubscription", "1,7").returncode == 0


def test_links_are_written_with_names(tmp_path: Path) -> None:
    place = tmp_path / "links.csv"
    assert run("superpod-b200", "--nodes", 64, "--links", place).returncode == 0
    rows = list(csv.DictReader(place.read_text(encoding="utf-8").splitlines()))
    assert len(rows) == 1024
    down = [r for r in rows if r["tier"] == "0"]
    assert all(int(r["z_node"].split("-")[1]) % 8 == int(r["a_port"]) - 1 for r in down)


def test_a_table_is_checked(tmp_path: Path) -> None:
    place = tmp_path / "table.md"
    place.write_text(TABLE.format(cell="4,096"), encoding="utf-8")
    good = run("check", place, "--kind", "superpod-b200", "--json")
    assert (good.returncode, json.loads(good.stdout)["verdict"]) == (0, "consistent")
    place.write_text(TABLE.format(cell="4,069"), encoding="utf-8")
    bad = run("check", place, "--kind", "superpod-b200", "--json")
    assert bad.returncode == 1
    (cell,) = json.loads(bad.stdout)["cells"]
    assert (cell["line"], cell["row"], cell["title"], cell["printed"], cell["implied"]) == (
        4,
        2,
        "Leaf-Spine",
        4069,
        4096,
    )
    text = run("check", place, "--kind", "superpod-b200")
    assert "Leaf-Spine" in text.stdout
    assert "4,096" in text.stdout


def test_kinds_are_listed_with_their_limits() -> None:
    data = json.loads(run("kinds", "--json").stdout)["kinds"]
    assert {"rail-only", "hpn-7", "nvl72", "pods", "superpod-h100"} <= set(data)
    assert all(k["what"] and len(k["limits"]) == 4 for k in data.values())


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["fat-tree"], "one of --nodes"),
        (["--nodes", "4"], "give a kind"),
        (["fat-tree", "--nodes", "4", "--gpus", "32"], "one of --nodes"),
        (["fat-tree", "--nodes", "four"], "whole numbers"),
        (["fat-tree", "--gpus", "12"], "take 8 or 16"),
        (["fat-tree", "--nodes", "4", "--oversubscription", "1,2,3,4"], "up to three"),
        (["fat-tree", "--nodes", "4", "--oversubscription", "0"], "between"),
        (["fat-tree", "--nodes", "4", "--tiers", "5"], "tiers"),
        (["rail-optimized", "--nodes", "300000", "--radix", "64"], "What would fit"),
        (["multi-plane", "--nodes", "4", "--planes", "1"], "rail-optimized"),
        (["fat-tree", "--nodes", "4", "--kind", "rail-only"], "two kinds"),
        (["fat-tree", "--nodes", "4", "--links", "links.txt"], ".csv or .parquet"),
        (["check", "absent.csv", "--kind", "fat-tree"], "cannot be read"),
        (["check", "absent.csv"], "give a kind"),
    ],
)
def test_bad_input_is_a_message(args: list[str], words: str) -> None:
    done = run(*args)
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(("text", "words"), [("1,000", "for 1,000 write 1000"), ("1e3", "for 1,000 write 1000")])
def test_numbers_in_other_spellings_are_refused_with_what_they_may_mean(text: str, words: str) -> None:
    done = run("rail-optimized", "--nodes", text)
    assert (done.returncode, done.stdout) == (2, "")
    assert words in done.stderr


def test_links_and_cables_are_both_stated_and_units_in_part_are_noted() -> None:
    made = json.loads(run("hpn-7", "--nodes", 129, "--json").stdout)
    assert made["links_per_cable"] == 2
    assert made["node_leaf_links"] == 2 * made["node_leaf_cables"] == 2 * 129 * 8
    assert made["links"] == sum(made[f"{j}_links"] for j in ("node_leaf", "leaf_spine", "spine_core", "core_super"))
    assert made["last_unit"]["nodes"] == 1
    (note,) = [f for f in made["findings"] if "last unit" in f["what"]]
    assert (note["severity"], note["limit"]) == ("note", "128 nodes, 1,024 NICs in a full unit")
    assert note["found"] == "1 node, 8 NICs used"
    text = run("hpn-7", "--nodes", 129).stdout
    assert "a cable carries one NIC's 2 links" in text
    assert "single links, all planes" in text


def test_a_last_pod_with_more_links_up_than_down_is_noted_with_its_reason() -> None:
    made = json.loads(run("rail-optimized", "--nodes", 2080, "--json").stdout)
    assert made["last_pod"]["down_links"] == 16
    (note,) = [f for f in made["findings"] if "last pod" in f["what"]]
    assert "striped evenly" in note["what"]
    assert note["found"] == "16 down, 32 up at each of 16"
