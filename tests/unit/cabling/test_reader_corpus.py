"""Real dumps of 23 platforms against the expected output that their collections carry."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from gigasite.cabling import observe
from gigasite.cabling.ids import identity
from gigasite.cabling.port_names import port_key

if TYPE_CHECKING:
    import pytest

LEAST = 0.99
PORT = ("local_interface", "local_port", "interface", "port", "name")
NAME = ("neighbor_name", "neighbor", "remote_system_name", "system_name_data")
CHASSIS = ("chassis_id", "remote_chassis_id", "chassis_data")
FAR = ("neighbor_interface", "neighbor_port_id", "remote_port", "port_id_data")


def first(row: dict[str, Any], names: tuple[str, ...]) -> str:
    for n in names:
        value = row.get(n)
        value = "".join(map(str, value)) if isinstance(value, list) and n != "mgmt_address" else value
        if value and str(value).strip():
            return str(value).strip()
    return ""


def blank(text: str) -> str:
    return "" if text.lower() in {"not advertised", "n/a", "-", "null", "none", "--"} else text


def seen(path: Path) -> list[dict[str, Any]]:
    return observe(path).sightings.to_dicts()


def same_neighbour(s: dict[str, Any], port: str, name: str, far: str, chassis: str) -> bool:
    """A field that the expected row lacks is not asked for; what it has must be found."""
    bare = re.sub(r"\([A-Z0-9]{8,15}\)$", "", name)
    told_by_id = identity(chassis)[1] or identity(name)[1]
    return (
        port_key(s["port_raw"]) == port_key(port)
        and (not name or s["seen_node"] in {name, bare} or s["identity"] == told_by_id)
        and (
            not far
            or re.sub(r"\s", "", far)
            in {re.sub(r"\s", "", s[c]) for c in ("seen_port_raw", "seen_port_descr", "seen_port")}
            or port_key(far) == port_key(s["seen_port_raw"])
        )
        and (
            not chassis
            or not told_by_id
            or told_by_id in {s["identity"], s["seen_node"], s["seen_ip"]}
            or f"({s['identity']})" in chassis
            or s["seen_node"] == re.sub(r"\([A-Z0-9]{8,15}\)$", "", chassis)
        )
    )


def number(text: str) -> float:
    return float(re.sub(r"[^\d.+-]", "", text) or "nan")


def same_module(s: dict[str, Any], row: dict[str, Any]) -> bool:
    rx = first(row, ("rx_pwr", "rx_power", "rx_value"))
    good = port_key(s["port_raw"]) == port_key(first(row, PORT) or "module")  # one platform does not name the port
    if good and re.fullmatch(r"-?\d+\.\d+", rx):
        lanes = [float(v) for v in s["rx_lanes_dbm"].split()] or [s["rx_dbm"]]
        good = any(abs(v - float(rx)) < 1e-6 for v in lanes)
    serial = row.get("serial", "")
    return good and (not blank(serial) or s["serial"] == serial)


def ntc_rows(raw: Path) -> tuple[int, int]:
    expected = (yaml.safe_load(raw.with_suffix(".yml").read_text()) or {}).get("parsed_sample") or []
    rows = seen(raw)
    if "local-device" in raw.name:
        nodes = observe(raw).nodes["identity"].to_list()
        return sum(identity(r["chassis_id"])[1] in nodes for r in expected), len(expected)
    right = total = 0
    for r in expected:
        if "transceiver" in str(raw):
            total += 1
            right += any(same_module(s, r) for s in rows)
            continue
        name, far, chassis = (blank(first(r, n)) for n in (NAME, FAR, CHASSIS))
        if not (name or far or chassis):
            continue  # a port without a neighbour
        total += 1
        right += any(same_neighbour(s, first(r, PORT), name, far, chassis) for s in rows)
    return right, total


def genie_rows(text: Path) -> tuple[int, int]:
    expected = json.loads(text.with_name(text.name.replace("_output.txt", "_expected.json")).read_text())
    rows = seen(text)
    right = total = 0
    for port, at in expected.get("interfaces", {}).items():
        for far, ports in (at.get("port_id") or {}).items():
            for name, told in ports["neighbors"].items():
                total += 1
                wanted = "" if blank(name.strip()) == "" else name.strip()
                lost = port in {"N/A", "not advertised", "None"}
                right += any(
                    same_neighbour(s, "" if lost else port, wanted, far, blank(told.get("chassis_id", "")))
                    for s in rows
                )
    return right, total


def test_neighbours_of_every_platform_equal_the_expected_files(
    shared: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    score: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    missed = []
    base = shared / "cabling"
    files = [(f, ntc_rows, f.parts[-3]) for f in sorted((base / "ntc").rglob("*.raw"))]
    files += [
        (f, genie_rows, f"genie {f.relative_to(base / 'genie').parts[0]}")
        for f in sorted((base / "genie").rglob("golden*_output.txt"))
    ]
    assert len(files) > 100
    for path, read, platform in files:
        right, total = read(path)
        score[platform][0] += 1
        score[platform][1] += right
        score[platform][2] += total
        if right < total:
            missed.append(f"{path.relative_to(base)}: {right} of {total}")
    right, total = (sum(s[i] for s in score.values()) for i in (1, 2))
    with capsys.disabled():
        print("\nplatform                files  right  of")
        for platform, (n, a, b) in sorted(score.items()):
            print(f"{platform:22} {n:6} {a:6} {b:4}")
        print(f"{'all':22} {len(files):6} {right:6} {total:4}   {right / total:.2%}")
        print("\n".join(missed))
    assert right >= LEAST * total
