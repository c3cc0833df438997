"""Captures as they come: folders, archives, encodings, pagers, logs of several commands; rows of many dumps as one table."""

from __future__ import annotations

import gzip
import io
import json
import math
import tarfile
import zipfile
from pathlib import Path

import pytest

from gigasite._core.errors import InputFileError
from gigasite.cabling import capture, observe
from gigasite.cabling.capture import Raw, cleaned, dumps, node_of
from gigasite.cabling.ids import guid, identity
from gigasite.cabling.reader import observed_of

DUMPS = Path(__file__).parents[2] / "contracts" / "dumps"


def json0(port: str, far: str, far_port: str, mac: str = "02:00:00:00:00:01") -> str:
    chassis = {"id": [{"type": "mac", "value": mac}], "name": [{"value": far}]}
    entry = {
        "name": port,
        "via": "LLDP",
        "age": "0 day, 00:01:00",
        "chassis": [chassis],
        "port": [{"id": [{"type": "ifname", "value": far_port}]}],
    }
    return json.dumps({"lldp": [{"interface": [entry]}]}, indent=1)


def links(place: Path) -> set[tuple[str, str, str, str]]:
    return {(s["node"], s["port"], s["seen_node"], s["seen_port"]) for s in observe(place).sightings.to_dicts()}


def test_folders_and_archives_within_archives_are_read_and_nothing_is_written(tmp_path: Path) -> None:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as z:
        z.writestr("deep/leaf01.json0.txt", json0("swp1", "h1", "eth0"))
        z.writestr("../../evil/leaf02.txt", json0("swp2", "h2", "eth0"))
    outer = io.BytesIO()
    with tarfile.open(fileobj=outer, mode="w:gz") as t:
        for name, data in (
            ("day1/dumps.zip", inner.getvalue()),
            ("/etc/leaf03.json", json0("swp3", "h3", "eth0").encode()),
        ):
            info = tarfile.TarInfo(name)
            info.size = len(data)
            t.addfile(info, io.BytesIO(data))
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "all.tar.gz").write_bytes(outer.getvalue())
    (tmp_path / "in" / "leaf04.json.gz").write_bytes(gzip.compress(json0("swp4", "h4", "eth0").encode()))
    got = links(tmp_path / "in")
    assert got == {(f"leaf0{i}", f"swp{i}", f"h{i}", "eth0") for i in (1, 2, 3, 4)}
    assert sorted(p.name for p in tmp_path.rglob("*") if p.is_file()) == ["all.tar.gz", "leaf04.json.gz"]


def test_bombs_and_broken_archives_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(capture, "MOST_BYTES", 1 << 20)
    nested = json0("swp1", "h1", "eth0").encode()
    for _ in range(capture.MOST_DEPTH + 2):
        nested = gzip.compress(nested)
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as z:
        z.writestr("zeros.txt", b"0" * (8 << 20))
    (tmp_path / "bomb.gz").write_bytes(gzip.compress(b"0" * (8 << 20)))
    (tmp_path / "nested.gz").write_bytes(nested)
    (tmp_path / "cut.zip").write_bytes((tmp_path / "bomb.zip").read_bytes()[:40])
    (tmp_path / "cut.gz").write_bytes(b"\x1f\x8b\x08broken")
    (tmp_path / "cut.tar").write_bytes(b"\0" * 257 + b"ustar" + b"7" * 600)
    told = {f.where.split("/")[0]: f.what for f in observe(tmp_path).findings}
    assert set(told) >= {"bomb.zip", "bomb", "cut.zip", "cut.gz", "cut.tar"}
    assert "unpacks to more" in told["bomb"]
    assert "unpacks to more" in told["bomb.zip"]
    assert any("archives deep" in t for t in told.values())


def test_unknown_and_empty_files_are_notes_and_absent_places_errors(tmp_path: Path) -> None:
    (tmp_path / "a.bin").write_bytes(bytes(range(256)) * 4)
    (tmp_path / "b.txt").write_text("\n")
    (tmp_path / "notes.md").write_text("# LLDP is a protocol\nCables were debugged until dawn.\n")
    o = observe(tmp_path)
    assert o.sightings.height == 0
    assert {f.where.split(":")[0] for f in o.findings} == {"a.bin", "b.txt", "notes.md"}
    with pytest.raises(InputFileError, match="does not exist"):
        observe(tmp_path / "none")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputFileError, match="holds no file"):
        observe(tmp_path / "empty")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r\r\n"])
def test_encodings_and_line_ends_change_nothing(tmp_path: Path, encoding: str, end: str) -> None:
    for sample in (
        "switch-text.ios.txt",
        "lldpd-json.leaf00.txt",
        "ibnetdiscover.txt",
        "lldpd-plain.txt",
        "mlxlink.txt",
    ):
        text = (DUMPS / sample).read_text()
        (tmp_path / sample).write_bytes(text.replace("\n", end).encode(encoding))
        want, got = (observe(p / sample).sightings for p in (DUMPS, tmp_path))
        assert got.equals(want.cast(got.schema)), sample


def test_terminal_codes_and_pagers_are_taken_out_and_lines_kept_right() -> None:
    plain = (DUMPS / "switch-text.ios.txt").read_text()
    lines = plain.split("\n")
    paged = "\n".join(
        [
            *lines[:8],
            " --More-- \x08\x08\x08\x08\x08\x08\x08\x08\x08\x08          \x08\x08\x08\x08\x08\x08\x08\x08\x08\x08"
            + lines[8],
            *lines[9:],
        ]
    )
    coloured = paged.replace("leaf01#", "\x1b[?7h\x1b[1;32mleaf01#\x1b[0m")
    want = observed_of([Raw(file="x", data=plain.encode())]).sightings
    got = observed_of([Raw(file="x", data=coloured.encode())])
    assert got.sightings.equals(want)
    alone = "\n".join([*lines[:8], "--More--", *lines[8:]])
    shifted = observed_of([Raw(file="x", data=alone.encode())]).sightings
    assert shifted["line"].to_list() == [8, 10]
    assert want["line"].to_list() == [8, 9]


def test_a_pager_that_returns_the_carriage_shows_what_a_terminal_shows() -> None:
    assert cleaned("a\n--More--\r        \rb c\nd")[0] == "a\nb c\nd"
    assert cleaned("<--- More --->\r              \rGi0/1 x")[0] == "Gi0/1 x"
    assert cleaned("---(more 12%)---\nx")[0] == "x"


@pytest.mark.parametrize(
    ("prompt", "host"),
    [
        ("leaf01#show lldp neighbors", "leaf01"),
        ("leaf01.dc1# sh lldp nei", "leaf01.dc1"),
        ("RP/0/RSP0/CPU0:core1#show lldp neighbors", "core1"),
        ("admin@sonic-7:~$ show lldp table", "sonic-7"),
        ("root@gpu0001:/home# lldpcli show neighbors details", "gpu0001"),
        ("{master:0}[edit] admin@qfx1> show lldp neighbors", "qfx1"),
        ("admin@qfx2> show lldp neighbors", "qfx2"),
        ("<HUAWEI-1>display lldp neighbor", "HUAWEI-1"),
        ("[~ce-2]display lldp neighbor", "ce-2"),
        ("cumulus@spine01:mgmt:~$ nv show interface lldp", "spine01"),
        ("admin@PA-1(active)> show lldp neighbors all", "PA-1"),
        ("leaf01(config)# show lldp neighbors", "leaf01"),
    ],
)
def test_prompts_name_the_node_and_the_command(prompt: str, host: str) -> None:
    text = f"{prompt}\nfirst line of the answer\n"
    found = dumps(Raw(file="session.log", data=text.encode()))[0]
    assert [d.node for d in found] == [host]
    assert found[0].text.startswith("first line")
    assert found[0].command
    assert prompt.endswith(found[0].command)


def test_a_log_of_two_hosts_and_many_commands_is_split() -> None:
    table = "Device ID           Local Intf     Hold-time  Capability      Port ID\n{far}{gap}Gi1/0/1        120        R               Gi0/0\n\nTotal entries displayed: 1\n"
    text = "".join(
        f"{h}#show version\nCisco IOS Software\n{h}#show lldp neighbors\n"
        + table.format(far=f"far{h}", gap=" " * 15)
        + f"{h}#\n"
        for h in ("a1", "b2")
    )
    got = {
        (s["node"], s["seen_node"]) for s in observed_of([Raw(file="all.log", data=text.encode())]).sightings.to_dicts()
    }
    assert got == {("a1", "fara1"), ("b2", "farb2")}


def test_a_support_file_with_titles_of_sections_is_split() -> None:
    body = (DUMPS / "switch-text.ios.txt").read_text()
    table = body[body.index("Capability") : body.index("leaf01#show cdp")]
    text = f"------------------ show version ------------------\n\nCisco\n\n------------------ show lldp neighbors ------------------\n\n{table}\n------------------ show clock ------------------\n\n12:00\n"
    rows = observed_of([Raw(file="leaf09-tech-support.txt", data=text.encode())]).sightings
    assert rows["node"].unique().to_list() == ["leaf09"]
    assert rows.height == 2


@pytest.mark.parametrize(
    ("file", "node"),
    [
        ("leaf01.json0.txt", "leaf01"),
        ("a/b/leaf02/show_lldp_neighbors.txt", "leaf02"),
        ("leaf03-show-lldp-neighbors-detail.log", "leaf03"),
        ("10.1.2.3.txt", "10.1.2.3"),
        ("leaf04.dc1.example.com.json", "leaf04"),
        ("x.tar.gz/leaf05_lldp.txt", "leaf05"),
    ],
)
def test_file_names_announce_nodes(file: str, node: str) -> None:
    stem, folder = node_of(file)
    assert (stem or folder) == node


def test_evidence_of_a_port_joins_its_link_and_two_protocols_are_one_neighbour(tmp_path: Path) -> None:
    (tmp_path / "gpu0001.json").write_text(json0("eth4", "leaf01", "swp9"))
    (tmp_path / "gpu0001.ethtool.txt").write_bytes((DUMPS / "ethtool-module.txt").read_bytes())
    row = observe(tmp_path).sightings.to_dicts()
    assert len(row) == 1
    assert (row[0]["seen_node"], row[0]["rx_dbm"], row[0]["serial"]) == ("leaf01", -40.0, "MT2231FT00001")


def test_the_same_dump_twice_changes_nothing_and_another_neighbour_is_told(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    (tmp_path / "a" / "leaf01.json").write_text(json0("swp1", "h1", "eth0"))
    (tmp_path / "b" / "leaf01.json").write_text(json0("swp1", "H1.dc1.example", "eth0"))
    assert observe(tmp_path).sightings.height == 1
    (tmp_path / "b" / "leaf01.json").write_text(json0("swp1", "h2", "eth0", mac="02:00:00:00:00:02"))
    seen = observe(tmp_path)
    assert set(seen.sightings["seen_node"]) == {"h1", "h2"}
    assert [f.what for f in seen.findings if "sees 2 neighbours (h1, h2)" in f.what]


def test_a_cut_json_keeps_its_whole_entries_and_names_the_line() -> None:
    text = (DUMPS / "lldpd-json.leaf00.txt").read_text()
    seen = observed_of([Raw(file="leaf00.json", data=text[: int(len(text) * 0.8)].encode())])
    assert set(seen.sightings["port"]) >= {"swp1", "swp2"}
    assert all(math.isfinite(a) for a in seen.sightings["age_s"].head(2))
    assert next(f.where for f in seen.findings if "broken JSON" in f.what).startswith("leaf00.json:")


def test_identities_in_one_spelling_and_redacted_ones_are_none() -> None:
    same = {
        identity(t)
        for t in (
            "84:3d:c6:ff:f1:b8",
            "843d.c6ff.f1b8",
            "843D-C6FF-F1B8",
            "84-3d-c6-ff-f1-b8",
            "843dc6-fff1b8",
            "843dc6fff1b8",
        )
    }
    assert same == {("mac", "84:3d:c6:ff:f1:b8")}
    assert identity("00:00:00:00:00:00") == ("", "")
    assert identity("ff:ff:ff:ff:ff:ff") == ("", "")
    assert guid("8c0eb0300ddc0f6") == guid("0x08c0eb0300ddc0f6") == "08c0eb0300ddc0f6"
    assert guid("xxxxxxxxxxxxxxxx") == guid("0000000000000000") == ""
