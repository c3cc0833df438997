"""Which node of the plan each device is: by identity first, by name last."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gigasite.cabling import compare, observe, read_plan_csv
from gigasite.cabling.capture import Raw
from gigasite.cabling.diagnose import diagnose
from gigasite.cabling.match import Bound, bind
from gigasite.cabling.reader import observed_of

PLAN = [("h1", "eth0", "leaf1", "swp1"), ("h2", "eth0", "leaf1", "swp2"), ("leaf1", "swp3", "spine1", "swp1")]


def plan(rows: list[tuple[str, ...]] = PLAN, **more: list[str]) -> pl.DataFrame:
    table = pl.DataFrame(rows, schema=["a_node", "a_port", "z_node", "z_port"], orient="row")
    return table.with_columns(**{k: pl.Series(v) for k, v in more.items()})


def keyvalue(node: str, *entries: tuple[str, str, str, str], age: str = "0 day, 00:01:00", ttl: str = "120") -> Raw:
    """Make a dump: (port, far name, far MAC address or "", far port)."""
    text = ""
    for port, far, mac, far_port in entries:
        text += f"lldp.{port}.via=LLDP\nlldp.{port}.age={age}\n"
        text += f"lldp.{port}.chassis.mac={mac}\n" if mac else f"lldp.{port}.chassis.local={far}\n"
        text += (
            f"lldp.{port}.chassis.name={far}\n" if far else ""
        ) + f"lldp.{port}.port.ifname={far_port}\nlldp.{port}.port.ttl={ttl}\n"
    return Raw(file=f"{node}.keyvalue.txt", data=text.encode())


def own(node: str, mac: str, name: str | None = None) -> Raw:
    text = f"local-chassis.chassis.mac={mac}\nlocal-chassis.chassis.name={name or node}\n"
    return Raw(file=f"{node}.chassis.keyvalue.txt", data=text.encode())


def peers(bound: Bound) -> dict[tuple[str, str], tuple[str, str] | None]:
    at = bound.ports.select("node", "port").rows()
    return {at[i]: at[p] if p >= 0 else None for i, p in enumerate(bound.seen_peer.tolist())}


def wanted(rows: list[tuple[str, ...]] = PLAN) -> dict[tuple[str, str], tuple[str, str]]:
    out = {(a, b): (c, d) for a, b, c, d in rows}
    return out | {v: k for k, v in out.items()}


def test_a_clean_observation_is_the_plan() -> None:
    bound = bind(
        plan(),
        observed_of(
            [keyvalue("leaf1", ("swp1", "h1", "", "eth0"), ("swp2", "h2", "", "eth0"), ("swp3", "spine1", "", "swp1"))]
        ),
    )
    assert peers(bound) == wanted()
    assert np.array_equal(bound.plan_peer, bound.seen_peer)
    assert bound.unbound.is_empty()
    assert len(set(bound.packed.tolist())) == bound.ports.height
    assert [bound.ports["node"][i] for i in range(6)] == [bound.nodes[p >> 12] for p in bound.packed.tolist()]


@pytest.mark.parametrize(
    "change",
    [str.upper, lambda n: f"{n}.dc1.example.com", lambda n: f" {n} ", lambda n: f"{n.upper()}.EXAMPLE"],
)
def test_case_domain_and_blanks_of_names_do_not_matter(change: object) -> None:
    assert callable(change)
    seen = observed_of(
        [
            keyvalue(
                change("leaf1").strip(),
                ("swp1", change("h1"), "", "eth0"),
                ("swp2", change("h2"), "", "eth0"),
                ("swp3", change("spine1"), "", "swp1"),
            )
        ]
    )
    assert peers(bind(plan(), seen)) == wanted()


def test_a_cut_name_is_bound_when_one_name_begins_so_and_by_its_id_when_two_do() -> None:
    rows = [
        ("leaf-of-hall-one-row-07", "Gi1/0/1", "core", "Te1/1"),
        ("leaf-of-hall-one-row-08", "Gi1/0/1", "core", "Te1/2"),
    ]
    cut = "leaf-of-hall-one-row-07"[:20]
    one = observed_of([keyvalue("core", ("Te1/1", cut, "", "Gi1/0/1"))])
    assert peers(bind(plan(rows[:1]), one))["core", "Te1/1"] == rows[0][:2]
    mac = "02:00:00:00:00:07"
    both = observed_of([keyvalue("core", ("Te1/1", cut, mac, "Gi1/0/1")), own("leaf-of-hall-one-row-07", mac)])
    assert peers(bind(plan(rows), both))["core", "Te1/1"] == rows[0][:2]
    assert peers(bind(plan(rows), observed_of([keyvalue("core", ("Te1/1", cut, "", "Gi1/0/1"))])))["core", "Te1/1"] == (
        cut,
        "GigabitEthernet1/0/1",
    )


def test_ports_are_one_whatever_their_spelling() -> None:
    rows = [("a", "Ethernet1/1", "b", "GigabitEthernet1/0/2")]
    seen = observed_of([keyvalue("a", ("Eth1/1", "b", "", "Gi1/0/2"))])
    assert peers(bind(plan(rows), seen)) == wanted(rows)


def test_a_host_seen_by_its_mac_address_alone_is_found_by_what_it_tells_of_itself() -> None:
    mac = "02:00:00:00:00:01"
    seen = observed_of([keyvalue("leaf1", ("swp1", "", mac, "eth0")), own("h1", mac)])
    assert peers(bind(plan(), seen))["leaf1", "swp1"] == ("h1", "eth0")


def test_the_far_port_is_what_the_far_end_says_where_it_is_told_as_a_mac_address() -> None:
    seen = observed_of(
        [keyvalue("leaf1", ("swp1", "h1", "", "02:00:00:00:00:aa")), keyvalue("h1", ("eth0", "leaf1", "", "swp1"))]
    )
    bound = bind(plan(), seen)
    assert peers(bound)["leaf1", "swp1"] == ("h1", "eth0")
    assert bound.mutual[: bound.ports.height].sum() == 2


def test_a_known_id_beats_another_name_and_is_told() -> None:
    macs = ["02:00:00:00:00:01", "02:00:00:00:00:02", ""]
    ends = plan(a_mac=macs)
    seen = observed_of([keyvalue("leaf1", ("swp1", "h2", macs[0], "eth0"), ("swp2", "fresh-install", macs[1], "eth0"))])
    bound = bind(ends, seen)
    assert peers(bound)["leaf1", "swp1"] == ("h1", "eth0")
    assert peers(bound)["leaf1", "swp2"] == ("h2", "eth0")
    assert any("calls itself h2, but by its id it is h1" in f.what for f in bound.findings)


def test_an_id_that_many_tell_is_none() -> None:
    mac = "02:00:00:00:00:99"
    raws = [keyvalue("leaf1", ("swp1", "h1", mac, "eth0"), ("swp2", "h2", mac, "eth0")), own("h1", mac), own("h2", mac)]
    bound = bind(plan(), observed_of(raws))
    assert peers(bound)["leaf1", "swp1"] == ("h1", "eth0")
    assert peers(bound)["leaf1", "swp2"] == ("h2", "eth0")
    assert any("is told of 2 devices (h1, h2): no identity" in f.what for f in bound.findings)


def test_of_two_neighbours_the_one_that_answers_then_the_younger_is_taken_and_the_other_kept_as_evidence() -> None:
    old = Raw(
        file="leaf1.old.keyvalue.txt", data=keyvalue("leaf1", ("swp1", "h2", "", "eth0"), age="9 days, 00:00:00").data
    )
    new = keyvalue("leaf1", ("swp1", "h1", "", "eth0"))
    bound = bind(plan(), observed_of([old, new]))
    assert peers(bound)["leaf1", "swp1"] == ("h1", "eth0")
    assert bound.unbound["seen_node"].to_list() == ["h2"]
    answered = bind(plan(), observed_of([old, new, keyvalue("h2", ("eth0", "leaf1", "", "swp1"))]))
    assert peers(answered)["leaf1", "swp1"] == ("h2", "eth0")


def test_one_sided_evidence_keeps_the_silent_end_dark_only_if_it_reports() -> None:
    seen = observed_of([keyvalue("leaf1", ("swp1", "h1", "", "eth0")), keyvalue("h2", ("eth0", "leaf1", "", "swp2"))])
    got = peers(bind(plan(), seen))
    assert got["h1", "eth0"] == ("leaf1", "swp1")  # h1 gave no dump: it is where leaf1 says
    assert got["leaf1", "swp2"] is None  # leaf1 did report, and sees nobody there
    assert got["h2", "eth0"] == ("leaf1", "swp2")


def test_guids_are_one_with_and_without_leading_zeros_and_shared_descriptions_tell_no_switch(tmp_path: Path) -> None:
    text = (
        'switchguid=0x2\nSwitch\t36 "S-0000000000000002"\t\t# "SwitchIB Mellanox Technologies" base port 0 lid 1 lmc 0\n'
        '[1]\t"H-08c0eb0300ddc0f6"[1](8c0eb0300ddc0f7) \t\t# "gpu1 mlx5_0" lid 3 4xNDR\n\n'
        'switchguid=0x3\nSwitch\t36 "S-0000000000000003"\t\t# "SwitchIB Mellanox Technologies" base port 0 lid 1 lmc 0\n'
        '[1]\t"H-08c0eb0300ddc0f8"[1](8c0eb0300ddc0f9) \t\t# "gpu2 mlx5_0" lid 3 4xNDR\n'
    )
    (tmp_path / "d.txt").write_text(text)
    rows = [("gpu1 mlx5_0", "1", "leaf-1", "1"), ("gpu2 mlx5_0", "1", "leaf-2", "1")]
    ends = plan(rows, z_guid=["0x2", "0x0000000000000003"])
    assert peers(bind(ends, observe(tmp_path))) == wanted(rows)


def test_rows_without_a_port_are_told_not_compared() -> None:
    dump = "Chassis id: a000.f00e.300d\nPort id: Eth1/6\nSystem Name: h1\n\nTime remaining: 110 seconds\nSystem Capabilities: B,R\n"
    bound = bind(
        plan(),
        observed_of([Raw(file="leaf1.txt", data=f"leaf1#show lldp neighbors detail\n{'-' * 48}\n{dump}".encode())]),
    )
    assert bound.unbound["why"].to_list() == ["the dump does not say on which port"]


names = st.sampled_from(["a", "b", "c", "d"])
cable = st.tuples(names, st.sampled_from(["1", "2", "3"]), names, st.sampled_from(["1", "2", "3"]))


@settings(max_examples=150)
@given(st.lists(cable, max_size=6), st.lists(cable, max_size=8))
def test_peers_are_ports_and_every_sighting_is_taken_or_told(
    planned: list[tuple[str, ...]], seen: list[tuple[str, ...]]
) -> None:
    used: set[tuple[str, str]] = set()
    rows = []
    for a, b, c, d in planned:
        if (a, b) != (c, d) and not {(a, b), (c, d)} & used:
            used |= {(a, b), (c, d)}
            rows.append((a, b, c, d))
    raws = [keyvalue(a, (f"swp{b}", c, "", f"swp{d}")) for a, b, c, d in seen]
    observed = observed_of(
        [Raw(file=f"{i}/{r.file}", data=r.data) for i, r in enumerate(raws)] or [Raw(file="none", data=b"")]
    )
    ends = plan([(a, f"swp{b}", c, f"swp{d}") for a, b, c, d in rows]) if rows else plan([("x", "1", "y", "1")])
    bound = bind(ends, observed)
    n = bound.ports.height
    assert bound.ports.select("node", "port").is_unique().all()
    assert all(-1 <= p < n for p in bound.seen_peer.tolist())
    back = bound.plan_peer[bound.plan_peer[bound.plan_peer >= 0]]
    assert np.array_equal(back, np.flatnonzero(bound.plan_peer >= 0))
    taken = set(bound.sight[bound.sight >= 0].tolist())
    assert len(taken) + bound.unbound.height >= observed.sightings.height
    assert compare(ends, observed).ports_right <= compare(ends, observed).ports_planned


def test_the_lab_binds_whole_from_every_format(shared: Path) -> None:
    lab = shared / "cabling" / "lldpd-lab-8"
    bound = bind(read_plan_csv(lab / "plan.csv"), observe(lab))
    assert bound.unbound.is_empty()
    assert int((bound.plan_peer != bound.seen_peer).sum()) == 8
    assert bound.mutual.all()


def test_a_dump_of_a_fabric_that_is_cut_short_makes_no_port_dark() -> None:
    """A switch in whose part the dump ends has told of some ports; of the others nothing is known."""
    hosts = [f"h{i:02d}" for i in range(8)]
    rows = [(h, "1", f"leaf{i // 4}", str(i % 4 + 1)) for i, h in enumerate(hosts)]
    rows += [(f"leaf{k}", str(5 + u), "spine", str(2 * k + u + 1)) for k in range(2) for u in range(2)]
    at = {n: i + 1 for i, n in enumerate(["leaf0", "leaf1", "spine", *hosts])}
    ends: dict[str, list[tuple[str, str, str]]] = {n: [] for n in at}
    for a, p, z, q in rows:
        ends[a].append((p, z, q))
        ends[z].append((q, a, p))
    text = ""
    for node, links in ends.items():
        word, letter = ("Ca", "H") if node in hosts else ("Switch", "S")
        text += f'\n{word}\t64 "{letter}-{at[node]:016x}"\t\t# "{node}" base port 0\n'
        text += "".join(
            f'[{p}]\t"{"H" if far in hosts else "S"}-{at[far]:016x}"[{q}] \t\t# "{far}" lid 0 4xSDR\n'
            for p, far, q in sorted(links)
        )
    for size in [*range(60, len(text), 17), len(text)]:
        observed = observed_of([Raw(file="fabric.txt", data=text[:size].encode())])
        found = diagnose(plan(rows), observed)
        assert found.causes == (), text[:size][-200:]
        assert (size == len(text)) == (not any("cut short" in f.what for f in observed.findings)) or not observed.cut
    assert not observed.cut
    assert found.right == len(rows)


_TEXT = {
    "keyvalue": (
        "",
        (
            "lldp.{0}.via=LLDP\nlldp.{0}.chassis.local={1}\nlldp.{0}.chassis.name={1}\nlldp.{0}.port.ifname={2}\n"
            "lldp.{0}.port.ttl=120\n"
        ),
        "",
        "",
    ),
    "json": (
        '{"lldp":[{"interface":[',
        (
            '{{"name":"{0}","via":"LLDP","chassis":[{{"id":[{{"type":"local","value":"{1}"}}],"name":[{{"value":"{1}"}}]}}],'
            '"port":[{{"id":[{{"type":"ifname","value":"{2}"}}],"ttl":[{{"value":"120"}}]}}]}}'
        ),
        ",",
        "]}]}\n",
    ),
    "xml": (
        '<lldp label="LLDP neighbors">\n',
        (
            '<interface name="{0}" via="LLDP"><chassis><id type="local">{1}</id><name>{1}</name></chassis>'
            '<port><id type="ifname">{2}</id></port></interface>\n'
        ),
        "",
        "</lldp>\n",
    ),
    "plain": (
        "-----\nLLDP neighbors:\n-----\n",
        (
            "Interface:    {0}, via: LLDP\n  Chassis:\n    ChassisID:    local {1}\n    SysName:      {1}\n"
            "  Port:\n    PortID:       ifname {2}\n-----\n"
        ),
        "",
        "",
    ),
}


@pytest.mark.parametrize("form", sorted(_TEXT))
def test_a_list_of_neighbours_that_is_cut_short_makes_no_port_dark(form: str) -> None:
    """The switch tells of itself in another file; its cut list is no proof against what hosts see."""
    begin, entry, between, end = _TEXT[form]
    rows = [(f"h{i}", "eth0", "leaf1", f"swp{i}") for i in range(1, 7)]
    whole = begin + between.join(entry.format(q, h, p) for h, p, _, q in rows) + end
    hosts = [keyvalue(h, (p, "leaf1", "", q)) for h, p, _, q in rows]
    for part, expected in ((1.0, 0), (0.7, 0), (0.45, 0)):
        text = whole[: int(part * len(whole))]
        dump = Raw(file=f"leaf1.{form}.txt", data=text.encode())
        found = diagnose(plan(rows), observed_of([*hosts, own("leaf1", "02:00:00:00:00:01"), dump]))
        assert len(found.causes) == expected, (part, found.causes)
        assert any("cut off" in f.what for f in found.findings) == (part < 1)


def test_a_list_without_neighbours_and_a_prompt_behind_one_are_whole() -> None:
    empty = Raw(file="leaf1.xml.txt", data=b'<?xml version="1.0"?>\n<lldp label="LLDP neighbors"/>\n')
    assert not observed_of([empty]).findings
    begin, entry, _, end = _TEXT["json"]
    text = begin + entry.format("swp1", "h1", "eth0") + end + "[admin@leaf1 ~]$"
    assert not observed_of([Raw(file="leaf1.json", data=text.encode())]).cut
