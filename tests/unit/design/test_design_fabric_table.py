"""Tables of fabrics: what is read, what is refused, what is told and not blamed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from gigasite._core.errors import InputFileError
from gigasite.design.fabric import ask_of, fabrics
from gigasite.design.fabric_check import TableCheck, check_table
from gigasite.design.fabric_rules import columns_of
from gigasite.design.fabric_table import PrintedTable, Row, read_table, role

# 144-port switches under racks of 18 trays, spines by ports alone: 72 up-links do not divide over 16 spines
BY_PORTS = """SU,Nodes,GPUs,leaf,spine,node-leaf,leaf-spine
1,144,576,8,4,576,576
2,288,1152,16,8,1152,1152
4,576,2304,32,16,2304,2304
8,1152,4608,64,32,4608,4608
16,2304,9216,128,64,9216,9216
"""


def checked(folder: Path, text: str, kind: str, **given_: float) -> TableCheck:
    path = folder / "table.csv"
    path.write_text(text, encoding="utf-8")
    return check_table(read_table(path), kind, ask_of(kind, {"nodes": 1, **given_}))


def test_another_striping_is_told_and_not_blamed(tmp_path: Path) -> None:
    made = checked(tmp_path, BY_PORTS, "nvl72", radix=144)
    assert made.verdict == "other-rule"
    assert {(c.row, c.column) for c in made.cells} == {(3, "spine"), (4, "spine"), (5, "spine")}
    assert all("evenly" in c.rule for c in made.cells)


def test_spines_by_ports_alone_are_another_rule_even_where_one_row_tells(tmp_path: Path) -> None:
    """31, 63, 95, 127 nodes: 4, 8, 12, 16 spines have ports enough; 32 up-links stripe evenly over 16, not over 12."""
    rows = [(31, 8, 4), (63, 16, 8), (95, 24, 12), (127, 32, 16)]
    text = "nodes,gpus,leaf,spine\n" + "".join(f"{n},{8 * n},{a},{b}\n" for n, a, b in rows)
    made = checked(tmp_path, text, "superpod-h100")
    assert [(c.row, c.column, c.verdict, c.implied) for c in made.cells] == [(3, "spine", "other-rule", 16)]
    assert made.verdict == "other-rule"
    assert checked(tmp_path, text.replace("24,12", "24,16"), "superpod-h100").verdict == "consistent"
    wrong = checked(tmp_path, text.replace("24,12", "24,13"), "superpod-h100")
    assert [(c.column, c.verdict) for c in wrong.cells] == [("spine", "inconsistent")]


@pytest.mark.parametrize("row", range(5))
@pytest.mark.parametrize("column", range(7))
@pytest.mark.parametrize("change", [1, -2, 50])
def test_a_changed_cell_is_named_in_a_table_with_a_rule_of_its_own(
    tmp_path: Path, row: int, column: int, change: int
) -> None:
    lines = [line.split(",") for line in BY_PORTS.splitlines()]
    true = int(lines[row + 1][column])
    lines[row + 1][column] = str(max(true + change, 0))
    made = checked(tmp_path, "\n".join(map(",".join, lines)), "nvl72", radix=144)
    named = [(c.row - 1, c.title, c.implied) for c in made.cells if c.verdict != "other-rule"]
    assert named == [(row, lines[0][column], true)]


@pytest.mark.parametrize("kind", fabrics.names())
@settings(max_examples=40)
@given(data=st.data())
def test_one_changed_cell_of_any_table_is_named_and_no_other(kind: str, data: st.DataObject) -> None:
    part = fabrics[kind]()
    free = {"radix": data.draw(st.sampled_from([64, 128, 144])), "oversubscription": data.draw(st.sampled_from([1, 2]))}
    given_ = {k: v for k, v in free.items() if k not in part.fixed and k not in part.defaults}
    base = data.draw(st.sampled_from([18, 31, 32, 64]))
    times = data.draw(st.lists(st.sampled_from([1, 2, 3, 4, 6, 8, 12, 16]), min_size=4, max_size=7, unique=True))
    rows = [columns_of(part.size(ask_of(kind, given_ | {"nodes": base * n}))) for n in sorted(times)]
    columns = [c for c in rows[0] if c not in {"super", "core-super", "switches", "cables", "racks"}]
    row, column = data.draw(st.integers(0, len(rows) - 1)), data.draw(st.sampled_from(columns))
    true = rows[row][column]
    value = data.draw(st.one_of(st.integers(max(true - 9, 0), true + 9), st.sampled_from([0, true * 2, true // 2])))
    assume(value != true)
    printed: list[dict[str, int | None]] = [{c: r[c] for c in columns} for r in rows]
    ask = ask_of(kind, given_ | {"nodes": 1})
    assert check_table(_table(printed), kind, ask).verdict == "consistent"
    printed[row][column] = value
    made = check_table(_table(printed), kind, ask)
    assert [(c.row - 1, c.column) for c in made.cells] == [(row, column)]
    if made.cells[0].verdict == "other-rule":  # the change made the whole column that of spines by ports alone
        assert "by ports" in made.cells[0].rule
    else:
        assert (made.cells[0].verdict, made.cells[0].implied) == ("inconsistent", true)


def _table(rows: list[dict[str, int | None]]) -> PrintedTable:
    titles = {c: c for c in rows[0]}
    return PrintedTable(
        file="t", titles=titles, rows=tuple(Row(line=i + 2, values=r) for i, r in enumerate(rows)), passed=()
    )


def test_of_two_readings_the_one_as_round_as_the_other_rows_is_taken(tmp_path: Path) -> None:
    made = checked(tmp_path, "nodes,gpus\n64,512\n128,1016\n256,2048\n", "superpod-b200")
    assert [(c.row, c.column, c.verdict, c.implied) for c in made.cells] == [(2, "gpus", "inconsistent", 1024)]


def test_a_table_of_another_kind_is_recognised(tmp_path: Path) -> None:
    text = "nodes,gpus,leaf,spine,core,node-leaf\n64,512,16,8,-,512\n512,4096,128,64,-,4096\n1024,8192,256,128,-,8192\n"
    made = checked(tmp_path, text, "superpod-b200")
    assert any("superpod-b300 reproduces 3 of 3 rows" in n for n in made.notes)
    assert made.verdict != "consistent"


def test_a_row_alone_is_judged_by_its_own_invariants(tmp_path: Path) -> None:
    head = "nodes,gpus,leaf,spine,node-leaf,leaf-spine\n"
    few = checked(tmp_path, head + "64,512,16,7,512,512\n", "superpod-b200")
    assert [(c.column, c.verdict) for c in few.cells] == [("spine", "inconsistent")]
    assert "448 ports" in few.cells[0].rule
    many = checked(tmp_path, head + "64,512,16,16,512,512\n", "superpod-b200")
    assert [(c.column, c.verdict) for c in many.cells] == [("spine", "inconsistent")]
    assert "every other cell of this only row is as derived" in many.cells[0].rule


ROWS = [
    {"su": 4, "nodes": 128, "gpus": 1024, "leaf": 32, "spine": 16, "node-leaf": 1024, "leaf-spine": 1024},
    {"su": 16, "nodes": 512, "gpus": 4096, "leaf": 128, "spine": 128, "core": 64}
    | {"node-leaf": 4096, "leaf-spine": 4096, "spine-core": 4096},
]


@pytest.mark.parametrize("change", [lambda v: v + 1, lambda v: v - 1, lambda v: v * 2, lambda v: v // 2])
@pytest.mark.parametrize("row", ROWS)
def test_one_wrong_cell_of_one_row_alone_is_named(tmp_path: Path, row: dict[str, int], change: Any) -> None:
    for column, value in row.items():
        cells = row | {column: change(value)}
        text = ",".join(cells) + "\n" + ",".join(map(str, cells.values())) + "\n"
        made = checked(tmp_path, text, "superpod-b200")
        assert made.verdict == "inconsistent"
        assert column in {c.column for c in made.cells if c.verdict != "other-rule"}


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_tables_with_a_byte_order_mark_are_read(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "t.csv").write_bytes("nodes,gpus\n64,512\n".encode(encoding))
    assert [r.values for r in read_table(tmp_path / "t.csv").rows] == [{"nodes": 64, "gpus": 512}]


def test_two_readings_that_explain_a_row_equally_well_are_both_named(tmp_path: Path) -> None:
    made = checked(tmp_path, "nodes,gpus\n64,512\n96,1024\n", "superpod-b200")
    assert {(c.row, c.column, c.verdict) for c in made.cells} == {(2, "nodes", "one-of"), (2, "gpus", "one-of")}


def test_a_row_beyond_the_kind_is_told_with_what_would_fit(tmp_path: Path) -> None:
    made = checked(tmp_path, "nodes,gpus,leaf\n64,512,16\n2000000,16000000,500000\n", "superpod-b200")
    assert made.rows[1].refused
    assert any("superpod-b200 refuses the row" in n for n in made.notes)
    assert made.verdict == "other-rule"


def test_an_empty_cell_is_named_with_its_value(tmp_path: Path) -> None:
    made = checked(tmp_path, "nodes,gpus,leaf\n64,512,16\n128,,32\n", "superpod-b200")
    assert [(c.row, c.column, c.printed, c.implied) for c in made.cells] == [(2, "gpus", None, 1024)]


def test_unknown_columns_and_lines_without_numbers_are_told(tmp_path: Path) -> None:
    text = "DGX SuperPOD, sizes\nnodes,gpus,leaf,price\n64,512,16,7\nTwo-tier,,,\n128,1024,32,9\n"
    made = checked(tmp_path, text, "superpod-b200")
    assert made.verdict == "consistent"
    assert len(made.notes) == 3


def test_titles_in_two_lines_are_joined(tmp_path: Path) -> None:
    text = """
| SU Count | Node Count | GPU Count | Switch count | | | Cable count | | |
|---|---|---|---|---|---|---|---|---|
| | | | Leaf | Spine | Core | Node-Leaf | Leaf-Spine | Spine-Core |
| 2 | 64 | 512 | 16 | 8 | - | 512 | 512 | - |
| 16 | 512 | 4096 | 128 | 128 | 46 | 4096 | 4096 | 4096 |
| 32 | 1024 | 8192 | 256 | 256 | 128 | 8192 | 8192 | 8192 |
"""
    made = checked(tmp_path, text, "superpod-b200")
    assert [(c.row, c.line, c.column, c.implied) for c in made.cells] == [(2, 6, "core", 64)]


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("", 0, "titles"),
        ("a,b\n1,2\n", 0, "titles"),
        ("nodes,gpus\n", 1, "no row"),
        ("nodes,Node Count\n1,2\n", 1, "both nodes"),
        ("nodes,gpus\n64,five\n", 2, "'gpus': 'five'"),
        ("nodes,gpus\n64,5.5\n", 2, "'5.5'"),
        ("nodes,gpus\n64,-5\n", 2, "'-5'"),
        ("nodes,gpus\n64,512,3\n", 2, "3 cells"),
        ("nodes,gpus\n64\n", 2, "1 cells"),
        ("nodes,gpus\n1,024,8,192\n", 2, "quotes"),
        (f"nodes,gpus\n64,{'9' * 5000}\n", 2, "no whole number"),
        ("leaf,spine\n16,8\n", 0, "needs one of the columns"),
        ("nodes,gpus\n64,\u0665\u0661\u0662\n", 2, "no whole number"),
    ],
)
def test_bad_tables_name_line_and_column(tmp_path: Path, text: str, line: int, words: str) -> None:
    with pytest.raises(InputFileError, match=words) as error:
        checked(tmp_path, text, "superpod-b200")
    assert error.value.line == line


def test_all_bad_cells_are_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(InputFileError) as error:
        checked(tmp_path, "nodes,gpus\nx1,512\n128,y2\n", "superpod-b200")
    assert "x1" in str(error.value)
    assert "y2" in str(error.value)


@pytest.mark.parametrize(
    ("title", "wanted"),
    [
        ("SU Count", "su"),
        ("# Nodes", "nodes"),
        ("Number of GPUs", "gpus"),
        ("Leaf switches", "leaf"),
        ("Spine-Core", "spine-core"),
        ("Compute + UFM node to leaf", "node-leaf"),
        ("Leaf to spine cables", "leaf-spine"),
        ("Core - Super", "core-super"),
        ("Super spine", "super"),
        ("Racks", "racks"),
        ("Remarks", None),
    ],
)
def test_common_titles_are_known(title: str, wanted: str | None) -> None:
    assert role(title) == wanted


@given(st.text(alphabet=st.sampled_from("nodesgpu|,;\t\n -0123456789\"'x"), max_size=200))
def test_any_text_is_a_table_or_a_message(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    folder = tmp_path_factory.mktemp("t")
    try:
        checked(folder, text, "superpod-b200")
    except InputFileError as error:
        assert "table.csv" in str(error)
