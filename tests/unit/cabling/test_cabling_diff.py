"""Identity and changes: names that stay, and `diff` applied to the old plan gives the new one."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gigasite._core.errors import InputFileError
from gigasite.cabling import CablePlan, apply, diff, full_plan, plan, read_plan
from gigasite.cabling.store import FULL, write_columns
from gigasite.campus import Campus
from gigasite.design import Design, design

Made = tuple[Campus, Design, CablePlan]
ports = st.integers(0, 11)


@st.composite
def plans(draw: st.DrawFn, *, named: bool) -> pl.DataFrame:
    """Any plan over twelve ports: every port at most once."""
    ends = draw(st.permutations(range(12)))
    n = draw(st.integers(0, 6))
    names = draw(st.permutations(range(8)))
    rows = [
        {
            "cable": f"C{names[i]}" if named else "",
            "a_node": f"n{ends[2 * i] % 4}",
            "a_port": f"p{ends[2 * i]}",
            "z_node": f"n{ends[2 * i + 1] % 4}",
            "z_port": f"p{ends[2 * i + 1]}",
            "a_label": "",
            "z_label": "",
            "part": draw(st.sampled_from(["x", "y"])),
            "length_m": draw(st.sampled_from([1.0, 2.0])),
        }
        for i in range(n)
    ]
    schema = dict.fromkeys(FULL, pl.String) | {"length_m": pl.Float64}
    return pl.DataFrame(rows, schema=schema)


@settings(max_examples=200)
@given(old=plans(named=True), new=plans(named=True))
def test_changes_applied_to_the_old_plan_give_the_new(old: pl.DataFrame, new: pl.DataFrame) -> None:
    changes = diff(old, new)
    assert apply(old, changes).equals(new.select(*FULL).sort("cable"))
    assert diff(new, new).is_empty()
    assert set(changes["kind"]) <= {"add", "remove", "move", "re-part"}
    assert changes["cable"].is_unique().all()


@settings(max_examples=200)
@given(old=plans(named=False), new=plans(named=False))
def test_plans_without_names_are_matched_by_their_ports(old: pl.DataFrame, new: pl.DataFrame) -> None:
    changes = diff(old, new)
    kinds = changes["kind"].to_list()
    assert old.height - kinds.count("remove") + kinds.count("add") == new.height
    pairs = [
        {frozenset([(r["a_node"], r["a_port"]), (r["z_node"], r["z_port"])]) for r in p.to_dicts()} for p in (old, new)
    ]
    same = len(pairs[0] & pairs[1])
    assert kinds.count("move") + kinds.count("remove") == old.height - same
    for r in changes.filter(pl.col("kind") == "move").to_dicts():
        ends = [{(r[f"{s}_a_node"], r[f"{s}_a_port"]), (r[f"{s}_z_node"], r[f"{s}_z_port"])} for s in ("old", "new")]
        assert len(ends[0] & ends[1]) == 1


def test_storage_and_management_added_rename_no_gpu_cable(made: Made) -> None:
    campus, d, cables = made
    bare = dataclasses.replace(campus, network=dataclasses.replace(campus.network, storage_links=0, management_links=0))
    more = dataclasses.replace(campus, network=dataclasses.replace(campus.network, storage_links=2))
    mine = full_plan(d, cables).filter(pl.col("cable").str.starts_with("GPU-"))
    for other in (bare, more):
        e = design(other)
        theirs = full_plan(e, plan(other, e)).filter(pl.col("cable").str.starts_with("GPU-"))
        assert theirs["cable"].sort().equals(mine["cable"].sort())
        both = mine.join(theirs, on="cable")
        assert (both["a_node"] == both["a_node_right"]).all()
        assert (both["z_port"] == both["z_port_right"]).all()
    names = full_plan(design(more), plan(more, design(more)))["cable"]
    assert set(full_plan(d, cables)["cable"]) <= set(names)  # management keeps its names behind one storage link more


def test_the_plan_on_disk_reads_back_the_same(made: Made, tmp_path: Path) -> None:
    _, d, cables = made
    write_columns(d, cables, tmp_path)
    assert read_plan(tmp_path).equals(full_plan(d, cables))
    mine = full_plan(d, cables)
    mine.write_csv(tmp_path / "plan.csv")
    assert diff(read_plan(tmp_path / "plan.csv"), mine).is_empty()


@pytest.mark.parametrize(
    ("text", "needle"),
    [
        ("a_node,a_port,z_node,z_port,cable\na,1,b,1,X\nc,1,d,1,X\n", "named 2 times"),
        ("a_node,a_port,z_node,z_port,length_m\na,1,b,1,long\n", "length_m of a 1 is no number"),
        ('a_node,a_port,z_node,z_port\n"' + "x" * 1_200_000 + '",1,b,1\n', "is no CSV"),
        ('a_node,a_port,z_node,z_port\n"a, b",1,,1\n', ":2: needs node and port"),
    ],
)
def test_broken_plans_say_where(tmp_path: Path, text: str, needle: str) -> None:
    (tmp_path / "p.csv").write_text(text)
    with pytest.raises(InputFileError, match=needle):
        read_plan(tmp_path / "p.csv")


def test_broken_columns_say_which_file(made: Made, tmp_path: Path) -> None:
    _, d, cables = made
    with pytest.raises(InputFileError, match="cannot be read"):
        read_plan(tmp_path)
    write_columns(d, cables, tmp_path)
    (tmp_path / "devices.parquet").write_bytes(b"PAR1junk")
    with pytest.raises(InputFileError, match=r"devices\.parquet: is no Parquet"):
        read_plan(tmp_path)
    cables.cables.write_parquet(tmp_path / "devices.parquet")
    with pytest.raises(InputFileError, match="has other columns"):
        read_plan(tmp_path)
