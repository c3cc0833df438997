"""What every reader of observed cabling keeps; `dumps/NAME.*` holds at least one sample of each."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gigasite.cabling import observe
from gigasite.cabling.capture import Dump, Raw, dumps
from gigasite.cabling.reader import Sighting, readers

PLACE = Path(__file__).parent / "dumps"
SAMPLES = {name: sorted(PLACE.glob(f"{name}.*")) for name in readers.names()}

# (reporting port, neighbour, its port) and evidence, by sample
EXPECTED: dict[str, list[dict[str, object]]] = {
    "eos-json.txt": [
        {
            "port": "Ethernet1",
            "seen_node": "spine1.example.com",
            "seen_port": "Ethernet5/1",
            "identity": "00:1c:73:00:00:01",
            "rx_dbm": -3.4,
            "serial": "XYZ1",
        }
    ],
    "eos-json.brief.txt": [{"port": "Ethernet1", "seen_node": "spine1", "seen_port": "Ethernet5/1", "ttl_s": 120.0}],
    "ethtool-module.txt": [
        {
            "node": "gpu0001",
            "port": "eth4",
            "rx_dbm": -40.0,
            "tx_bias_a": 0.0074,
            "temperature_degc": 45.32,
            "part_number": "MMA1Z00-NS400",
        }
    ],
    "ethtool-module.eth5.json.txt": [{"port": "eth5", "serial": "MT2231FT00002", "temperature_degc": 44.1}],
    "link-log.txt": [
        {"node": "leaf-001", "port": "swp1", "link_downs": 2.0},
        {"node": "leaf-002", "port": "Ethernet3/1", "link_downs": 1.0},
        {"node": "leaf-003", "port": "Ethernet1/3", "link_downs": 1.0},
        {"node": "leaf-004", "port": "et-0/0/1", "link_downs": 1.0},
        {"node": "leaf-005", "port": "Ethernet0", "link_downs": 1.0},
    ],
    "links-csv.txt": [
        {
            "node": "leaf-001",
            "port": "swp1",
            "seen_node": "gpu0001",
            "seen_port": "eth0",
            "raw_ber": 1e-9,
            "rx_dbm": -1.5,
        },
    ],
    "ibdiagnet-csv.txt": [
        {
            "node": "leaf-001",
            "port": "1",
            "seen_node": "gpu0001 mlx5_0",
            "seen_port": "1",
            "speed": "NDR",
            "width": "4x",
            "link_downs": 3.0,
            "serial": "MT2231FT00001",
            "temperature_degc": 52.0,
        },
        {"node": "gpu0001 mlx5_0", "port": "1", "seen_node": "leaf-001", "identity": "0000000000000002"},
    ],
    "iblinkinfo.txt": [
        {
            "node": "leaf-001",
            "port": "2",
            "seen_node": "leaf-002",
            "seen_port": "7",
            "width": "1x",
            "capable": "Could be 4X",
            "state": "Active/LinkUp",
        },
        {"node": "gpu0001 mlx5_0", "port": "1", "seen_node": "leaf-001", "seen_port": "1"},
        {"node": "leaf-001", "port": "1", "seen_node": "gpu0001 mlx5_0"},
    ],
    "iblinkinfo.lines.txt": [
        {"node": "H00127", "port": "1", "seen_node": "L0007", "seen_port": "16", "identity": "0000000000200007"}
    ],
    "ibnetdiscover.txt": [
        {
            "node": "leaf-001",
            "port": "1",
            "seen_node": "gpu0001 mlx5_0",
            "identity": "08c0eb0300ddc0f6",
            "node_id": "0000000000000002",
        },
        {
            "node": "leaf-001",
            "port": "2",
            "seen_node": "Quantum Mellanox Technologies",
            "seen_port": "7",
            "width": "1x",
        },
        {
            "node": "gpu0001 mlx5_0",
            "port": "1",
            "seen_node": "leaf-001",
            "seen_port": "1",
            "width": "4x",
            "speed": "NDR",
        },
        {
            "node": "Quantum Mellanox Technologies",
            "port": "7",
            "seen_node": "leaf-001",
            "seen_port": "2",
            "width": "1x",
        },
    ],
    "ibnetdiscover.ports.txt": [
        {"node": "o0001 HCA-1", "port": "1", "seen_node": "ib-i1l1s01", "seen_port": "10"},
        {"node": "ib-i1l1s01", "port": "10", "seen_node": "o0001 HCA-1", "seen_port": "1"},
    ],
    "ibswinfo.txt": [],
    "junos.txt": [{"port": "et-0/0/1", "seen_node": "vmx2", "seen_port": "et-0/0/9", "identity": "2c:6b:f5:a1:c2:c0"}],
    "junos.json.txt": [{"port": "et-0/0/1", "seen_node": "vmx2", "seen_port": "et-0/0/9"}],
    "lldpd-json.leaf00.txt": [
        {"port": f"swp{i}", "seen_node": n, "seen_port": p}
        for i, n, p in ((1, "h001", "eth0"), (2, "h000", "eth0"), (3, "spine01", "swp2"), (4, "spine01", "swp1"))
    ],
    "lldpd-json.one.txt": [{"port": "eth0", "seen_node": "leaf07.dc1.example", "seen_port": "swp7", "age_s": 93784.0}],
    "lldpd-keyvalue.txt": [
        {"port": "swp2", "seen_node": "h000", "seen_port": "eth0"},
        {"port": "eth0.100", "seen_node": "box", "seen_port": "56:96:64:e7:02:3d"},
    ],
    "lldpd-plain.txt": [{"port": "swp2", "seen_node": "h000", "seen_port": "eth0", "age_s": 7.0}],
    "lldpd-xml.txt": [{"port": "swp2", "seen_node": "h000 & co", "seen_port": "eth0", "ttl_s": 8.0}],
    "mlxlink.txt": [
        {
            "node": "gpu0001",
            "port": "mlx5_3",
            "raw_ber": 3e-9,
            "effective_ber": 1.5e-254,
            "rx_dbm": -8.4,
            "link_downs": 4.0,
            "width": "4x",
            "speed": "IB-NDR",
        }
    ],
    "mlxlink.mlx5_1.json.txt": [{"port": "mlx5_1", "raw_ber": 2e-5, "width": "2x", "rx_dbm": 0.9}],
    "nvue-json.txt": [
        {"port": "swp1", "seen_node": "spine01", "seen_port": "swp1", "speed": "400G"},
        {"port": "eth0", "seen_node": "oob-mgmt-switch", "seen_port": "swp10"},
    ],
    "nxos-json.txt": [
        {
            "port": "Ethernet1/3",
            "seen_node": "spine3",
            "seen_port": "Ethernet1/7",
            "protocol": "cdp+lldp",
            "identity": "54:7f:ee:ff:95:26",
        }
    ],
    "nxos-json.optics.txt": [
        {"port": "Ethernet1/1", "rx_dbm": -9.9, "rx_lanes_dbm": "-2 -9.9", "serial": "ABC123"},
        {"port": "Ethernet1/2", "state": "not present"},
    ],
    "openconfig.txt": [{"port": "Ethernet1", "seen_node": "spine1", "seen_port": "Ethernet5"}],
    "openconfig.gnmic.txt": [{"node": "leaf1", "port": "Ethernet1", "seen_node": "spine1", "seen_port": "Ethernet5"}],
    "opensm-subnet.txt": [
        {"node": "H00000", "port": "1", "seen_node": "L0000", "seen_port": "1"},
        {"node": "L0000", "port": "1", "seen_node": "H00000"},
        {"node": "L0000", "port": "26", "seen_node": "H00001"},  # printed as 1A
    ],
    "perfquery.txt": [{"port": "1", "link_downs": 2.0, "symbol_errors": 4.0}],
    "ptm-hooks.txt": [
        {"port": "swp1", "seen_node": "h1", "state": "fail"},
        {"port": "swp2", "seen_node": "h0"},
        {"port": "swp3", "seen_node": "spine0", "seen_port": "swp1"},
    ],
    "sonic-table.txt": [
        {"port": "Ethernet0", "seen_node": "ARISTA01T1", "seen_port": "Ethernet1", "seen_port_descr": "uplink to T1"},
        {"port": "Ethernet4", "seen_node": "ARISTA02T1"},
        {
            "port": "eth0",
            "seen_node": "mgmt-switch-with-a-name-that-is-long",
            "seen_port": "Ethernet9",
            "seen_port_raw": "9f",
        },
    ],
    "switch-text.ios.txt": [
        {
            "node": "leaf01",
            "port": "GigabitEthernet1/0/1",
            "port_raw": "Gi1/0/1",
            "seen_node": "spine-with-a-very-long-name.example",
            "protocol": "cdp+lldp",
        },
        {
            "node": "leaf01",
            "port": "GigabitEthernet1/0/2",
            "seen_node": "h001.dc1.example",
            "seen_port": "GigabitEthernet0/0",
        },
    ],
    "switch-text.words.txt": [
        {"port": "Ethernet1/1/1", "seen_node": "os10-spine", "seen_port_descr": "to leaf", "ttl_s": 110.0},
        {"port": "Ethernet1/1/2", "seen_node": "os10-spine2"},
    ],
    "switch-text.nvtable.txt": [
        {"port": p, "seen_node": n, "seen_port": q}
        for p, n, q in (("eth0", "oob-mgmt-switch", "swp10"), ("swp1", "spine01", "swp1"), ("swp2", "spine02", "swp1"))
    ],
    "switch-text.os10.txt": [
        {"node": "OS10", "port": "Ethernet1/1/2", "seen_node": "OS10-spine", "identity": "90:b1:1c:f4:a6:25"},
        {"port": "mgmt1/1/1", "seen_node": "C3750", "seen_port": "GigabitEthernet1/0/9"},
    ],
    "switch-text.extreme.txt": [
        {"port": "1", "seen_node": "core-1", "seen_port": "49", "identity": "00:04:96:51:aa:bb"},
        {"port": "2", "seen_node": "core-2", "seen_port": "50", "ttl_s": 120.0},
    ],
    "switch-text.eosbox.txt": [
        {
            "node": "eosbox",
            "port": "Ethernet1/1",
            "port_raw": "Et1/1",
            "seen_node": "spine1.dc",
            "seen_port": "Ethernet5/1",
        },
        {"node": "eosbox", "port": "Ethernet2/1", "seen_node": "spine2.dc", "seen_port": "Ethernet5/1"},
    ],
    "switch-text.mx1.txt": [{"node": "mx1", "port": "et-0/0/1", "seen_node": "qfx7", "seen_port": "et-0/0/7"}],
    "switch-text.xr.txt": [
        {"node": "xr1", "port": "HundredGigE0/0/0/1", "seen_node": "xr9", "seen_port": "HundredGigE0/0/0/9"}
    ],
    "switch-text.h3c.txt": [
        {"node": "H3C-1", "port": "HGE1/0/1", "seen_node": "spine-1", "seen_port": "HundredGigE1/0/5"}
    ],
    "switch-text.cdpbrief.txt": [
        {"port": "GigabitEthernet1/0/1", "seen_node": "core1.dc1.example.com", "seen_port": "GigabitEthernet2/1"},
        {"port": "TenGigabitEthernet1/1/1", "seen_node": "acc9", "protocol": "cdp"},
    ],
    "ethtool-module.junosopt.txt": [
        {"node": "mx3", "port": "et-0/0/0", "rx_dbm": -40.0, "rx_lanes_dbm": "-0.4 -40", "tx_bias_a": 0.0068},
        {"node": "mx3", "port": "et-0/0/1", "rx_dbm": -0.4, "temperature_degc": 39.0},
    ],
    "ethtool-module.sfputil.txt": [
        {"node": "sonic2", "port": "Ethernet0", "rx_dbm": -7.5, "serial": "UWV0KHV", "temperature_degc": 30.9258},
        {"node": "sonic2", "port": "Ethernet4", "serial": "UWV0KHW"},
    ],
}


def pieces(path: Path) -> list[Dump]:
    return dumps(Raw(file=path.name, data=path.read_bytes()))[0]


@pytest.mark.parametrize("name", readers.names())
def test_a_reader_has_a_sample_and_is_the_surest_of_it(name: str) -> None:
    assert SAMPLES[name], f"put a dump at tests/contracts/dumps/{name}.txt"
    for path in SAMPLES[name]:
        for dump in pieces(path):
            sure = {n: readers[n]().sniff(dump) for n in readers.names()}
            assert max(sure, key=lambda n: sure[n]) == name
            assert 0 < sure[name] <= 1


@pytest.mark.parametrize("path", sorted(PLACE.iterdir()), ids=lambda p: p.name)
def test_a_sample_reads_as_expected(path: Path) -> None:
    seen = observe(path)
    rows = seen.sightings.to_dicts()
    expected = EXPECTED[path.name]
    assert len(rows) == len(expected)
    for wanted in expected:
        hits = [
            r
            for r in rows
            if all(r[k] == pytest.approx(v) if isinstance(v, float) else r[k] == v for k, v in wanted.items())
        ]
        assert len(hits) == 1, (wanted, rows)
    assert not seen.findings
    assert rows or seen.nodes.height


@pytest.mark.parametrize("name", readers.names())
@settings(max_examples=100)
@given(cut=st.integers(0, 3000), junk=st.text(max_size=30), at=st.integers(0, 3000), which=st.integers(0, 9))
def test_readers_survive_cuts_and_junk(name: str, cut: int, junk: str, at: int, which: int) -> None:
    text = SAMPLES[name][which % len(SAMPLES[name])].read_text()[:cut]
    broken = Dump(file="d.txt", text=text[:at] + junk + text[at:], node="d")
    reader = readers[name]()
    assert 0 <= reader.sniff(broken) <= 1
    read = reader.read(broken)
    assert all(s.node and (s.port or s.seen_node) for s in read.rows)
    assert all(type(getattr(s, f)) is type(v) for s in read.rows for f, v in Sighting._field_defaults.items())
    assert all(not math.isinf(v) for s in read.rows for v in s if isinstance(v, float))
    assert all(f.where.startswith("d.txt") for f in read.findings)


@pytest.mark.parametrize("name", readers.names())
def test_nothing_of_a_stranger_is_read(name: str) -> None:
    for text in (
        "",
        "hello world\n" * 50,
        "{}",
        "[]",
        "<html></html>",
        "a,b,c\n1,2,3\n",
        "graph G { a -- b; }",
        "x" * 5000,
        '{"a": 1}',
    ):
        assert readers[name]().sniff(Dump(file="d.txt", text=text, node="d")) == 0
