"""CPU seconds of wiring a million GPUs by every kind, and of checking a large table; recorded, never judged here."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from gigasite.design.fabric import ask_of, fabrics
from gigasite.design.fabric_check import check_table
from gigasite.design.fabric_table import read_table

pytestmark = [pytest.mark.bench, pytest.mark.timeout(900)]

MILLION = {"radix": 256, "spine_radix": 256, "core_radix": 256}


@pytest.mark.parametrize("kind", fabrics.names())
def test_a_million_gpus_wired(kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    part = fabrics[kind]()
    free = {k: v for k, v in MILLION.items() if k not in part.fixed and k not in part.defaults}
    per_node = int(part.fixed.get("gpus_per_node", 8))
    ask = ask_of(kind, free | {"nodes": 1_000_000 // per_node})
    begin = time.process_time()
    size = part.size(ask)
    w = part.wire(ask)
    seconds = time.process_time() - begin
    with capsys.disabled():
        print(f"\n{kind}: {size.tiers} tiers, {len(w.tier):,} links, {seconds:.2f} s CPU (budget 3)")
    assert len(w.tier) == sum(size.cables) * size.planes


def test_a_table_of_a_thousand_rows(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    part = fabrics["superpod-b200"]()
    sizes = [part.size(ask_of("superpod-b200", {"nodes": 32 * n})) for n in range(1, 1001)]
    lines = ["nodes,gpus,leaf,spine,core,node-leaf,leaf-spine,spine-core"]
    lines += [",".join(map(str, (s.nodes, s.gpus, *s.switches[:3], *s.cables[:3]))) for s in sizes]
    place = tmp_path / "table.csv"
    place.write_text("\n".join(lines), encoding="utf-8")
    begin = time.process_time()
    made = check_table(read_table(place), "superpod-b200", ask_of("superpod-b200", {"nodes": 1}))
    with capsys.disabled():
        print(f"\ncheck of 1,000 rows: {time.process_time() - begin:.2f} s CPU (budget 1)")
    assert made.verdict == "consistent"
