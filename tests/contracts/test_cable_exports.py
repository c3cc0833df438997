"""What every export of the cable plan keeps, and each read back by a reader of others."""

from __future__ import annotations

import csv
import dataclasses
import json
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path

import openpyxl
import pytest
import yaml

from gigasite._core.errors import InfeasibleError
from gigasite.cabling import compare, diff, full_plan, observe, plan, read_plan, read_plan_csv
from gigasite.cabling.diagnose import diagnose
from gigasite.cabling.dialect import discovered_ends
from gigasite.cabling.export import Book, book, exports
from gigasite.cabling.sheet import read_sheet
from gigasite.campus import load, reference
from gigasite.design import design
from gigasite.show.cables_diagnose import read_plan_of

Ends = set[frozenset[tuple[str, str]]]


@cache
def whole(patching: str = "direct") -> Book:
    campus = load(reference("lab"))
    cabling = dataclasses.replace(campus.network.cabling, patching=patching)
    campus = dataclasses.replace(campus, network=dataclasses.replace(campus.network, cabling=cabling))
    d = design(campus)
    return book(campus, d, plan(campus, d))


def written(name: str, folder: Path, made: Book | None = None) -> dict[str, bytes]:
    folder.mkdir(parents=True)
    exports[name]().write(made or whole(), folder)
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def planned(fabric: str | None = None) -> Ends:
    made = whole()
    sheet = made.sheet()
    rows = sheet.filter(sheet["fabric"] == fabric) if fabric else sheet
    return {frozenset([(r["a_node"], r["a_port"]), (r["z_node"], r["z_port"])]) for r in rows.to_dicts()}


ETHERNET_ONLY = ("containerlab", "ports-eos", "ports-nxos", "ports-sonic", "ptm")


def discovered(end: tuple[str, str]) -> tuple[str, str]:
    """Return an InfiniBand end as `ibnetdiscover` prints it."""
    node, port = end
    number = re.sub(r"\D", "", port)
    return (f"{node} mlx5_{number}", "1") if port.startswith("eth") else (node, number)


def native(end: tuple[str, str]) -> tuple[str, str]:
    """Return an InfiniBand end with its port as NVOS, or the adapter's driver, names it."""
    node, port = end
    number = int(re.sub(r"\D", "", port))
    return node, f"mlx5_{number}" if port.startswith("eth") else f"sw{(number + 1) // 2}p{2 - number % 2}"


def planned_as(name: Callable[[tuple[str, str]], tuple[str, str]]) -> Ends:
    """Return the plan's ends, those of the GPU fabric (InfiniBand in the lab) as named."""
    gpu = planned("gpu")
    return {frozenset(map(name, pair)) for pair in gpu} | (planned() - gpu)


@pytest.mark.parametrize("name", exports.names())
def test_an_export_writes_something_and_the_same_bytes_twice(name: str, tmp_path: Path) -> None:
    first = written(name, tmp_path / "a")
    assert first
    assert all(first.values())
    assert first == written(name, tmp_path / "b")
    assert exports[name].title


@pytest.mark.parametrize("name", exports.names())
def test_an_export_of_a_part_of_the_plan_is_smaller_or_refused(name: str, tmp_path: Path) -> None:
    made = whole()
    part = book(made.campus, made.design, made.cables, fabric="storage")
    try:
        some = written(name, tmp_path / "a", part)
    except InfeasibleError as error:
        assert len(str(error)) > 20
        return
    if name != "bom":  # always of the whole campus
        assert sum(map(len, some.values())) < sum(map(len, written(name, tmp_path / "b").values()))


def test_plan_csv_is_the_interchange_format(tmp_path: Path) -> None:
    rows = list(csv.DictReader(written("plan-csv", tmp_path / "x")["plan.csv"].decode().splitlines()))
    assert {frozenset([(r["a_node"], r["a_port"]), (r["z_node"], r["z_port"])]) for r in rows} == planned_as(discovered)


@pytest.mark.parametrize("name", ETHERNET_ONLY)
def test_formats_of_ethernet_refuse_infiniband(name: str, tmp_path: Path) -> None:
    made = whole()
    with pytest.raises(InfeasibleError, match="InfiniBand, and"):
        written(name, tmp_path / "x", book(made.campus, made.design, made.cables, fabric="gpu"))


def ibnetdiscover(ends: Ends) -> str:
    """Write what discovery prints of these cables: a block for each switch and adapter."""
    peers: dict[str, dict[str, tuple[str, str]]] = {}
    for one, other in map(tuple, ends):
        peers.setdefault(one[0], {})[one[1]] = other
        peers.setdefault(other[0], {})[other[1]] = one
    guid = {n: f"{i:016x}" for i, n in enumerate(sorted(peers), start=0x10)}
    mark = {n: "H" if " mlx5_" in n else "S" for n in peers}
    out = ["#", "# Topology file: generated on Sat Jan  1 00:00:00 2026", "#", "vendid=0x2c9", "devid=0xd2f2"]
    for node, ports in sorted(peers.items()):
        word = "Ca" if mark[node] == "H" else "Switch"
        head = f'{word}\t{64 if word == "Switch" else 1} "{mark[node]}-{guid[node]}"\t\t# "{node}"'
        out += ["", f"sysimgguid=0x{guid[node]}", head + ("" if word == "Ca" else " base port 0 lid 3 lmc 0")]
        for port, (far, far_port) in sorted(ports.items(), key=lambda p: int(p[0])):
            own = f"({guid[node].lstrip('0')})" if word == "Ca" else ""
            there = f'"{mark[far]}-{guid[far]}"[{far_port}]' + (
                f"({guid[far].lstrip('0')})" if mark[far] == "H" else ""
            )
            out.append(f'[{port}]{own} \t{there} \t\t# "{far}" lid 4 4xNDR')
    return "\n".join(out) + "\n"


def test_discovery_of_the_same_fabric_agrees_with_the_plan_and_with_plan_csv(tmp_path: Path) -> None:
    written("plan-csv", tmp_path / "x")
    made = whole()
    gpu = planned_as(discovered) - planned()
    (tmp_path / "dump.txt").write_text(ibnetdiscover(gpu))
    seen = observe(tmp_path / "dump.txt")
    for ends in (read_plan_csv(tmp_path / "x" / "plan.csv"), discovered_ends(made.campus, made.design, made.cables)):
        clean = compare(ends, seen)
        assert (clean.ports_right, clean.mismatches.height) == (2 * len(gpu), 0)
        assert clean.ports_planned == 2 * len(gpu)
    leaf = [p for p in gpu if ("leaf-000000", "1") in p or ("leaf-000000", "2") in p]
    hosts = [next(e for e in p if "mlx5" in e[0]) for p in leaf]
    switch = [next(e for e in p if "mlx5" not in e[0]) for p in leaf]
    swapped = (gpu - set(leaf)) | {frozenset([hosts[0], switch[1]]), frozenset([hosts[1], switch[0]])}
    (tmp_path / "swap.txt").write_text(ibnetdiscover(swapped))
    wrong = compare(discovered_ends(made.campus, made.design, made.cables), observe(tmp_path / "swap.txt"))
    assert wrong.mismatches["kind"].to_list() == ["wrong-neighbour"] * 4


def test_the_verb_diagnoses_a_dump_of_discovery_by_the_campus_file(tmp_path: Path) -> None:
    made = read_plan_of(reference("lab"))
    gpu = planned_as(discovered) - planned()
    one, other = sorted(gpu, key=sorted)[:2]
    (a, b), (c, e) = sorted(one, key=str), sorted(other, key=str)
    (tmp_path / "dump.txt").write_text(ibnetdiscover((gpu - {one, other}) | {frozenset([a, e]), frozenset([c, b])}))
    band = made.ends.filter(~made.ends["z_port"].str.starts_with("swp"))  # the dump tells of InfiniBand alone
    found = diagnose(band, observe(tmp_path / "dump.txt"))
    assert len(found.causes) == 1
    assert len(found.repair.moves) == 2
    assert {"srv-000000 mlx5_0", "srv-000063 mlx5_7"} <= set(made.places["node"])


def test_plan_csv_reads_back_as_the_plan(tmp_path: Path) -> None:
    written("plan-csv", tmp_path / "x")
    assert diff(full_plan(whole().design, whole().cables), read_plan(tmp_path / "x" / "plan.csv")).is_empty()


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of pyparsing, inside pydot
def test_dot_is_read_by_pydot(tmp_path: Path) -> None:
    pydot = pytest.importorskip("pydot", reason="pydot reads DOT")
    (graph,) = pydot.graph_from_dot_data(written("ptm", tmp_path / "x")["topology.dot"].decode())
    seen = set()
    for edge in graph.get_edges():
        ends = [str(end).replace('"', "").split(":") for end in (edge.get_source(), edge.get_destination())]
        seen.add(frozenset((n, p) for n, p in ends))
    assert seen == planned() - planned("gpu")


def test_workbooks_are_read_by_openpyxl(tmp_path: Path) -> None:
    written("cvt", tmp_path / "x")
    sheets = openpyxl.load_workbook(tmp_path / "x" / "cvt.xlsx", read_only=True)
    assert sheets.sheetnames == ["gpu fabric", "storage fabric", "management fabric"]
    rows = [r for s in sheets for r in s.iter_rows(min_row=2, values_only=True)]
    assert {frozenset([(r[0], r[2]), (r[3], r[5])]) for r in rows} == planned_as(native)
    assert all(isinstance(r[8], int | float) for r in rows)
    written("bom", tmp_path / "y")
    bom = openpyxl.load_workbook(tmp_path / "y" / "cabling.xlsx", read_only=True)
    assert bom.sheetnames == ["bom", "modules", "trays"]
    watts = sum(r[6] for r in bom["modules"].iter_rows(min_row=2, values_only=True))
    assert watts == pytest.approx(whole().cables.optics_w, rel=1e-6)


def test_containerlab_is_yaml_with_every_link_and_no_reserved_port(tmp_path: Path) -> None:
    lab = yaml.safe_load(written("containerlab", tmp_path / "x")["lab.clab.yaml"])
    nodes = lab["topology"]["nodes"]
    ends = [tuple(e.split(":")) for link in lab["topology"]["links"] for e in link["endpoints"]]
    assert len(ends) == len(set(ends)) == 2 * len(planned() - planned("gpu"))
    assert {n for n, _ in ends} == set(nodes)
    assert all(p != "eth0" for _, p in ends)
    assert {n["kind"] for n in nodes.values()} <= set(lab["topology"]["kinds"])


def hosts(text: str) -> list[str]:
    """Expand a host list as Slurm does."""
    out = []
    for stem, inside in re.findall(r"([^,\[\]]+)(?:\[([^\]]*)\])?,?", text):
        for part in (inside or "").split(","):
            low, _, high = part.partition("-")
            out += [f"{stem}{i:0{len(low)}d}" for i in range(int(low), int(high or low) + 1)] if part else [stem]
    return out


def test_slurm_has_every_node_once_below_one_root(tmp_path: Path) -> None:
    files = written("slurm", tmp_path / "x")
    lines = [line.split() for line in files["topology.conf"].decode().splitlines() if not line.startswith("#")]
    tree = {x[0].split("=")[1]: x[1].split("=") for x in lines}
    nodes = [h for key, members in tree.values() if key == "Nodes" for h in hosts(members)]
    switches = [h for key, members in tree.values() if key == "Switches" for h in hosts(members)]
    servers = whole().devices.filter(whole().devices["kind"] == "server")["node"].to_list()
    assert sorted(nodes) == servers
    assert len(switches) == len(set(switches))
    assert len(set(tree) - set(switches)) == 1
    (made,) = yaml.safe_load(files["topology.yaml"])
    same = {s["switch"]: s.get("nodes", s.get("children")) for s in made["tree"]["switches"]}
    assert same == {k: v[1] for k, v in tree.items()}


def test_netbox_files_refer_only_to_what_they_define(tmp_path: Path) -> None:
    files = {k: list(csv.DictReader(v.decode().splitlines())) for k, v in written("netbox", tmp_path / "x").items()}
    devices = {r["name"] for r in files["07-devices.csv"]}
    ports = {(r["device"], r["name"]) for r in files["08-interfaces.csv"]}
    assert {r["rack"] for r in files["07-devices.csv"]} <= {r["name"] for r in files["03-racks.csv"]}
    assert {r["device_type"] for r in files["07-devices.csv"]} == {r["model"] for r in files["06-device-types.csv"]}
    assert {r["role"] for r in files["07-devices.csv"]} == {r["name"] for r in files["05-device-roles.csv"]}
    assert {d for d, _ in ports} == devices
    cables = files["09-cables.csv"]
    sides = [{(r[f"side_{s}_device"], r[f"side_{s}_name"]) for r in cables} for s in "ab"]
    assert sides[0] | sides[1] == ports
    assert len(cables) == whole().rows.height
    types = {(r["device"], r["name"]): r["type"] for r in files["08-interfaces.csv"]}
    assert types["leaf-000000", "sw1p1"] == types["srv-000000", "mlx5_0"] == "infiniband-ndr"
    assert types["storage-leaf-000000", "swp1"] == "400gbase-x-osfp"
    (host,) = {r["type"] for r in files["08-interfaces.csv"] if r["device"] == "sto-000000" and r["name"] == "eth1"}
    assert host == "400gbase-x-qsfp112"  # the cage of the module that the cable takes there
    assert {r["type"] for r in cables} <= {"mmf-om4", "smf-os2", "dac-passive", "dac-active", "cat6"}


def test_ibdiagnet_has_every_infiniband_cable_once(tmp_path: Path) -> None:
    seen, switch = [], ""
    for line in written("ibdiagnet", tmp_path / "x")["fabric.topo"].decode().splitlines():
        if host := re.fullmatch(r" P(\d+) -4x-100G-> HCA_1 (\S+) mlx5_(\d+)/P1", line):
            seen.append(frozenset([(switch, f"swp{host[1]}"), (host[2], f"eth{host[3]}")]))
        elif peer := re.fullmatch(r" P(\d+) -4x-100G-> QM9700 (\S+) P(\d+)", line):
            seen.append(frozenset([(switch, f"swp{peer[1]}"), (peer[2], f"swp{peer[3]}")]))
        elif line:
            switch = re.fullmatch(r"QM9700 (\S+)", line)[1]
    assert len(seen) == len(set(seen))
    assert set(seen) == planned("gpu")


def port_sonic(text: str) -> list[tuple[str, str]]:
    return [(k, v["description"]) for k, v in json.loads(text)["PORT"].items()]


def port_lines(pattern: str) -> Callable[[str], list[tuple[str, str]]]:
    return lambda text: re.findall(pattern, text)


@pytest.mark.parametrize(
    ("name", "read", "first", "copper"),
    [
        ("ports-sonic", port_sonic, ("Ethernet0", "Ethernet4"), "Ethernet0"),
        ("ports-nvue", port_lines(r"interface (\S+) description '(.*)'"), ("swp1s0", "swp1s1"), "swp1"),
        (
            "ports-eos",
            port_lines(r"interface (\S+)\n   description (.*)\n"),
            ("Ethernet1/1", "Ethernet1/5"),
            "Ethernet1",
        ),
        (
            "ports-nxos",
            port_lines(r"interface (\S+)\n  description (.*)\n"),
            ("Ethernet1/1/1", "Ethernet1/1/2"),
            "Ethernet1/1",
        ),
    ],
)
def test_port_descriptions_name_the_far_end(
    name: str, read: Callable[[str], list[tuple[str, str]]], first: tuple[str, str], copper: str, tmp_path: Path
) -> None:
    files = written(name, tmp_path / "x")
    (leaf,) = (v.decode() for k, v in files.items() if re.search(r"/storage-leaf-000000\.", k))
    (managed,) = (v.decode() for k, v in files.items() if re.search(r"/management-leaf-000000\.", k))
    ports = read(leaf)
    assert [p for p, _ in ports[:2]] == list(first)
    assert [t.split()[:2] for _, t in ports[3:5]] == [["sto-000003", "eth1"], ["srv-000000", "eth9"]]
    assert len({p for p, _ in ports}) == len(ports)
    assert read(managed)[0][0] == copper
    every = [t for text in files.values() for _, t in read(text.decode())]
    rows = planned() if name == "ports-nvue" else planned() - planned("gpu")
    ends = sum(n.startswith(("leaf", "spine", "storage-", "management")) for pair in rows for n, _ in pair)
    assert len(every) == ends


def test_infiniband_switches_are_described_as_nvos_names_their_ports(tmp_path: Path) -> None:
    files = written("ports-nvue", tmp_path / "x")
    ports = port_lines(r"interface (\S+) description '(.*)'")(files["nvue/leaf-000000.sh"].decode())
    assert [p for p, _ in ports] == [f"sw{c}p{s}" for c in range(1, 33) for s in (1, 2)]
    assert ports[1][1] == "srv-000001 mlx5_0 GPU-SERVER-1-0"


def test_pull_sheets_hold_every_cable_once_bundle_by_bundle_far_ones_first(tmp_path: Path) -> None:
    files = written("pull-sheets", tmp_path / "x")
    names = []
    for key, text in files.items():
        if key == "pulls.csv":
            continue
        rows = list(csv.DictReader(text.decode().splitlines()))
        names += [r["cable"] for r in rows]
        bundles = [r["bundle"] for r in rows]
        assert sum(a != b for a, b in zip(bundles, bundles[1:], strict=False)) == len(set(bundles)) - 1
    assert sorted(names) == sorted(full_plan(whole().design, whole().cables)["cable"])
    index = list(csv.DictReader(files["pulls.csv"].decode().splitlines()))
    shift_h = whole().campus.schedule.shifts.hours
    assert all(float(r["crew_hours"]) < shift_h + 3 for r in index)
    assert {r["trade"] for r in index} == {"fibre", "copper"}


def test_pull_sheets_of_patched_plans_name_panel_and_position(tmp_path: Path) -> None:
    files = written("pull-sheets", tmp_path / "x", whole("panel"))
    rows = [r for k, v in files.items() if k != "pulls.csv" for r in csv.DictReader(v.decode().splitlines())]
    named = [r["a_panel"] for r in rows if r["a_panel"]]
    assert named
    assert all(re.fullmatch(r"H\d+-R\d\d\.\d\d:P\d+/\d+", n) for n in named)


def test_the_cvt_csv_reads_back(tmp_path: Path) -> None:
    written("cvt", tmp_path / "x")
    assert read_sheet(tmp_path / "x" / "cvt.csv", whole()).plan.height == whole().rows.height
