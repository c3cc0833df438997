"""Speed of readers and of binding, recorded, never judged here: `make bench` prints it beside its budgets."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from gigasite.cabling import observe, plan
from gigasite.cabling.compare import design_ends
from gigasite.cabling.match import bind
from gigasite.cabling.types import OBSERVED_NODES, SIGHTINGS, Observed
from gigasite.campus import load, reference
from gigasite.design import design

pytestmark = [pytest.mark.bench, pytest.mark.timeout(900)]

LEAVES, SPINES, HALF = 250, 125, 32


def told(name: str, cpu_s: float, budget_s: float, what: str) -> None:
    print(f"\n{name}: {what} in {cpu_s:.2f} s CPU (budget {budget_s:g} s)")


def discovery() -> str:
    """Return ibnetdiscover's text of 8,000 hosts and 16,000 cables."""
    host, leaf, spine = 0x100000, 0x200000, 0x300000
    lines = ["# Topology file"]
    for n in range(LEAVES):
        lines.append(
            f'switchguid=0x{leaf + n:x}\nSwitch\t64 "S-{leaf + n:016x}"\t\t# "L{n:04d}" base port 0 lid 0 lmc 0'
        )
        for k in range(HALF):
            h = n * HALF + k
            lines.append(f'[{k + 1}]\t"H-{host + 2 * h:016x}"[1]({host + 2 * h + 1:x}) \t\t# "H{h:05d}" lid 0 4xNDR')
        for k in range(HALF):
            up, s = divmod(n * HALF + k, SPINES)
            lines.append(f'[{k + 1 + HALF}]\t"S-{spine + s:016x}"[{up + 1}]\t\t# "S{s:04d}" lid 0 4xNDR')
    for s in range(SPINES):
        lines.append(
            f'switchguid=0x{spine + s:x}\nSwitch\t64 "S-{spine + s:016x}"\t\t# "S{s:04d}" base port 0 lid 0 lmc 0'
        )
        for k in range(2 * HALF):
            n, up = divmod(k * SPINES + s, HALF)
            lines.append(f'[{k + 1}]\t"S-{leaf + n:016x}"[{up + 1 + HALF}]\t\t# "L{n:04d}" lid 0 4xNDR')
    for h in range(LEAVES * HALF):
        lines.append(f'caguid=0x{host + 2 * h:x}\nCa\t1 "H-{host + 2 * h:016x}"\t\t# "H{h:05d}"')
        lines.append(
            f'[1]({host + 2 * h + 1:x}) \t"S-{leaf + h // HALF:016x}"[{h % HALF + 1}]\t\t# lid 0 lmc 0 "L" lid 0 4xNDR'
        )
    return "\n".join(lines)


def test_ibnetdiscover_of_16000_cables(tmp_path: Path) -> None:
    (tmp_path / "d.txt").write_text(discovery())
    begin = time.process_time()
    seen = observe(tmp_path)
    told("ibnetdiscover", time.process_time() - begin, 1, f"{seen.sightings.height // 2:,} cables")
    assert seen.sightings.height == 32_000


def entry(port: str, far: str, far_port: str) -> dict[str, Any]:
    chassis = {
        "id": [{"type": "mac", "value": f"02:00:00:00:{len(far):02x}:{ord(far[-1]):02x}"}],
        "name": [{"value": far}],
    }
    return {
        "name": port,
        "via": "LLDP",
        "age": "0 day, 00:01:00",
        "chassis": [chassis | {"descr": [{"value": "Debian GNU/Linux 12"}], "mgmt-ip": [{"value": "10.0.0.1"}]}],
        "port": [
            {"id": [{"type": "ifname", "value": far_port}], "descr": [{"value": far_port}], "ttl": [{"value": "120"}]}
        ],
    }


def test_a_folder_of_2000_dumps(tmp_path: Path) -> None:
    for h in range(1800):
        entries = [entry(f"eth{k}", f"leaf{h // 64 * 8 + k:03d}", f"swp{h % 64 + 1}") for k in range(8)]
        (tmp_path / f"h{h:04d}.json").write_text(json.dumps({"lldp": [{"interface": entries}]}, indent=1))
    for n in range(200):
        entries = [entry(f"swp{k + 1}", f"h{n // 8 * 64 + k:04d}", f"eth{n % 8}") for k in range(64)]
        (tmp_path / f"leaf{n:03d}.json").write_text(json.dumps({"lldp": [{"interface": entries}]}, indent=1))
    begin = time.process_time()
    seen = observe(tmp_path)
    told("lldpd json0", time.process_time() - begin, 10, f"2,000 dumps, {seen.sightings.height:,} neighbours")
    assert seen.sightings.height == 27_200


@pytest.mark.parametrize("name", ["memphis", "next"])
def test_binding_a_whole_campus(name: str) -> None:
    campus = load(reference(name))
    d = design(campus)
    ends = design_ends(d, plan(campus, d))
    both = pl.concat([ends, ends.select(a_node="z_node", a_port="z_port", z_node="a_node", z_port="a_port")])
    seen = both.select(node="a_node", port="a_port", seen_node="z_node", seen_port="z_port")
    empty = {pl.String: "", pl.Float64: float("nan"), pl.Int32: 0}
    table = seen.select(
        pl.col(c) if c in seen.columns else pl.lit(empty[t.base_type()], t).alias(c)
        for c, t in SIGHTINGS.polars().items()
    )
    nodes = pl.DataFrame(schema=OBSERVED_NODES.polars())
    observed = Observed(sightings=SIGHTINGS.check(table), nodes=nodes, files=1, readers={}, findings=())
    begin = time.process_time()
    bound = bind(ends, observed)
    told(f"bind {name}", time.process_time() - begin, 20, f"{ends.height:,} cables seen from both ends")
    assert (bound.plan_peer == bound.seen_peer).all()
