"""An edited sheet read back: every mistake has row and column, nothing is dropped in silence."""

from __future__ import annotations

import csv
from pathlib import Path

import openpyxl
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gigasite._core.errors import InputFileError
from gigasite._core.finding import Severity
from gigasite.cabling import CablePlan, diff, full_plan
from gigasite.cabling.export import Book, book, exports
from gigasite.cabling.sheet import read_sheet
from gigasite.campus import Campus
from gigasite.design import Design

Made = tuple[Campus, Design, CablePlan]
HEAD = "A-Node Name,A-Port,Z-Node Name,Z-Port,Part,Length m"
GOOD = "srv-000000,eth0,leaf-000000,swp1,sr4-400g,15"


@pytest.fixture(scope="module")
def whole(made: Made) -> Book:
    return book(*made)


@pytest.mark.parametrize("name", ["cvt.xlsx", "cvt.csv"])
def test_what_was_written_reads_back_without_a_change(whole: Book, name: str, tmp_path: Path) -> None:
    exports["cvt"]().write(whole, tmp_path)
    seen = read_sheet(tmp_path / name, whole)
    assert seen.findings == ()
    assert seen.rows == whole.rows.height
    assert diff(full_plan(whole.design, whole.cables), seen.plan).is_empty()


def test_edits_of_a_workbook_come_back_as_changes(whole: Book, tmp_path: Path) -> None:
    exports["cvt"]().write(whole, tmp_path)
    edited = openpyxl.load_workbook(tmp_path / "cvt.xlsx")
    sheet = edited["gpu fabric"]
    # eth0 of two servers, both on the leaf of their rail, change ports
    first, second = sheet.cell(2, 6).value, sheet.cell(10, 6).value
    assert sheet.cell(2, 4).value == sheet.cell(10, 4).value
    sheet.cell(2, 6).value, sheet.cell(10, 6).value = second, first
    sheet.cell(4, 9).value = 30
    sheet.delete_rows(5)
    edited.save(tmp_path / "edited.xlsx")
    seen = read_sheet(tmp_path / "edited.xlsx", whole)
    assert seen.plan.height == seen.rows
    told = {(f.severity, f.where.split(", ", 1)[1], f.what) for f in seen.findings}
    assert told == {
        (Severity.note, "row 2, column Z-Label", "is not the label of that port; the label is made anew"),
        (Severity.note, "row 9, column Z-Label", "is not the label of that port; the label is made anew"),
        (Severity.warning, "row 4, column Length m", "is much longer than the way along the trays"),
    }
    changes = diff(full_plan(whole.design, whole.cables), seen.plan)
    assert changes["kind"].sort().to_list() == ["move", "move", "re-part", "remove"]


@pytest.mark.parametrize(
    ("rows", "where", "what"),
    [
        ("nobody,eth0,leaf-000000,swp1,,", "row 2, column A-Node Name", "is no device"),
        ("srv-000000,eth0,leaf-000,swp1,,", "row 2, column Z-Node Name", "is no device"),
        ("srv-000000,eth99,leaf-000000,swp1,,", "row 2, column A-Port", "is no port"),
        ("srv-000000,eth0,leaf-000000,swp65,,", "row 2, column Z-Port", "is no port"),
        ("srv-000000,swp1,leaf-000000,swp1,,", "row 2, column A-Port", "is no port"),
        ("srv-000000,eth-1,leaf-000000,swp1,,", "row 2, column A-Port", "is no port"),
        (f"{GOOD}\n\nsrv-01,eth0,leaf-000000,swp1,,", "row 4, column Z-Port", "more than one row"),
        ("leaf-000000,swp1,leaf-000000,swp1,,", "row 2, column Z-Port", "at which the cable begins"),
        ("srv-000000,,leaf-000000,swp1,,", "row 2, column A-Port", "is empty"),
        ("srv-000000", "row 2, column Z-Node Name", "is empty"),
        ("srv-000000,eth0,leaf-000000,swp1,gold,15", "row 2, column Part", "no cable of the catalogue"),
        ("srv-000000,eth0,leaf-000000,swp1,sr4-400g,long", "row 2, column Length m", "no length"),
        ("srv-000000,eth0,leaf-000000,swp1,sr4-400g,-1", "row 2, column Length m", "no length"),
        ("srv-000000,eth0,leaf-000000,swp1,sr4-400g,nan", "row 2, column Length m", "no length"),
        ("srv-000000,eth0,leaf-000000,swp1,sr4-400g,0", "row 2, column Length m", "no length"),
        ("srv-000000,eth0,leaf-000000,swp1,sr4-400g,", "row 2, column Length m", "is empty"),
        ("srv-000000,eth0,leaf-000000,swp1,,15", "row 2, column Part", "is empty"),
        ("srv-000000,eth0,leaf-000000,swp1,sr4-400g,1e4", "row 2, column Length m", "beyond reach"),
        ("srv-000000,eth0,leaf-000000,swp1,sr4-400g,60", "row 2, column Length m", "beyond reach"),
        ("srv-000000,eth0,leaf-000000,swp1,sr4-400g,1", "row 2, column Length m", "shorter than the way"),
        ("srv-000000,eth0,leaf-000000,swp1,acc-400g,15", "row 2, column Length m", "not on sale"),
        ("srv-000000,eth0,leaf-000000,swp1,cat6,15", "row 2, column Part", "another speed"),
        ("srv-000000,eth0,leaf-000001,swp1,sr4-400g,15", "row 2, column Z-Port", "leaf of this rail"),
        ("srv-000000,eth8,leaf-000000,swp1,sr4-400g,15", "row 2, column A-Port", "another network"),
        ("srv-000000,eth0,storage-leaf-000000,swp1,sr4-400g,15", "row 2, column A-Port", "another network"),
        ("srv-000000,eth0,spine-000000,swp1,sr4-400g,15", "row 2, column Z-Node Name", "no network of this campus"),
        ("srv-000000,eth0,srv-000001,eth0,sr4-400g,15", "row 2, column Z-Node Name", "no network of this campus"),
        ("=HYPERLINK(1),eth0,leaf-000000,swp1,sr4-400g,15", "row 2, column A-Node Name", "is no device"),
        ("srv-000000,mlx5_\uff10,leaf-000000,swp1,sr4-400g,15", "row 2, column A-Port", "is no port"),
        ("srv-000000,eth0,leaf-000000,swp1,sr4-400g,1e308", "row 2, column Length m", "no length"),
        ("srv-000000,eth8,management-leaf-000000,swp52,cat6,15", "row 2, column Z-Port", "another network or speed"),
        ("srv-000000,eth00,leaf-000000,swp1,sr4-400g,15", "row 2, column A-Port", "is no port"),
        (
            "srv-000000,eth0,leaf-000000,swp1,sr4-400g,15,slipped",
            "row 2, column without a title",
            "outside the columns",
        ),
    ],
)
def test_every_mistake_has_its_row_and_column(whole: Book, tmp_path: Path, rows: str, where: str, what: str) -> None:
    (tmp_path / "s.csv").write_text(f"{HEAD}\n{rows}\n")
    seen = read_sheet(tmp_path / "s.csv", whole)
    assert any(where in f.where and what in f.what and f.remedy for f in seen.findings), seen.findings
    assert seen.plan.height < seen.rows
    assert max(f.severity for f in seen.findings) is Severity.error


@pytest.mark.parametrize(
    ("column", "value", "what"),
    [
        (1, "gpu-leaf", "is not the type of that device"),
        (4, "toaster", "is not the type of that device"),
        (6, '=HYPERLINK("x")', "is no name"),
        (6, "@SUM(A1)", "is no name"),
        (6, "GPU-SERVER-0-1", "names more than one row"),
        (6, "GPU-SERVER-63-99", "is not the name of the cable"),
        (9, "+1", "is no name"),
        (7, "dr4-400g", "share a module with links of another part"),
        (7, "sr4-100g", "has another speed than the link"),
    ],
)
def test_one_cell_of_the_written_sheet_changed_is_found_in_its_row_and_column(
    whole: Book, tmp_path: Path, column: int, value: str, what: str
) -> None:
    exports["cvt"]().write(whole, tmp_path)
    rows = [line.split(",") for line in (tmp_path / "cvt.csv").read_text().splitlines()]
    rows[1][column] = value if '"' not in value else '"' + value.replace('"', '""') + '"'
    (tmp_path / "s.csv").write_text("\n".join(",".join(r) for r in rows))
    seen = read_sheet(tmp_path / "s.csv", whole)
    place = f"row 2, column {rows[0][column]}"
    assert any(f.where.endswith(place) and what in f.what for f in seen.findings), seen.findings
    assert seen.plan.height < seen.rows


CELLS = ["", "0", "0.5", "7", "15", "60", "dac-400g", "aec-400g", "sr4-400g", "dr4-400g", "dac-100g", "cat6", "gold"]
CELLS += [
    "eth0",
    "eth8",
    "eth9",
    "mlx5_0",
    "swp1",
    "swp64",
    "sw1p2",
    "sw33p1",
    "swp50",
    "=1",
    "GPU-SERVER-0-1",
    "server",
]
CELLS += ["srv-000000", "srv-000063", "leaf-000000", "spine-000007", "storage-leaf-000000", "management-leaf-000000"]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    edits=st.lists(st.tuples(st.integers(1, 1160), st.integers(0, 10), st.sampled_from(CELLS)), min_size=1, max_size=6),
    dropped=st.sampled_from([(), (7,), (8,), (6,), (7, 8), (1, 4, 6, 9, 10)]),
)
def test_any_edits_are_changes_or_findings_and_never_an_exception(
    whole: Book, tmp_path: Path, edits: list[tuple[int, int, str]], dropped: tuple[int, ...]
) -> None:
    if not (tmp_path / "cvt.csv").exists():
        exports["cvt"]().write(whole, tmp_path)
    rows = [line.split(",") for line in (tmp_path / "cvt.csv").read_text().splitlines()]
    for row, column, text in edits:
        rows[row][column] = text
    kept = [",".join(c for i, c in enumerate(r) if i not in dropped) for r in rows]
    (tmp_path / "s.csv").write_text("\n".join(kept))
    seen = read_sheet(tmp_path / "s.csv", whole)
    wrong = [f for f in seen.findings if f.severity is Severity.error]
    assert seen.sound == (not wrong)
    assert all(f.where and f.what and f.remedy for f in seen.findings)
    if seen.sound:
        ends = pl.concat([seen.plan.select(n=f"{e}_node", p=f"{e}_port") for e in "az"])
        assert ends.is_unique().all()
        assert (seen.plan["length_m"] > 0).all()
        assert set(seen.plan["part"]) <= set(whole.campus.catalogue.cables)


@pytest.mark.parametrize(("one", "other"), [(0, 2), (0, 3), (1, 4), (2, 5), (6, 7), (7, 8), (9, 10), (6, 9)])
def test_exchanged_titles_are_found(whole: Book, tmp_path: Path, one: int, other: int) -> None:
    exports["cvt"]().write(whole, tmp_path)
    head, *rest = (tmp_path / "cvt.csv").read_text().splitlines()
    titles = head.split(",")
    titles[one], titles[other] = titles[other], titles[one]
    (tmp_path / "s.csv").write_text("\n".join([",".join(titles), *rest]))
    seen = read_sheet(tmp_path / "s.csv", whole)
    assert max(f.severity for f in seen.findings) is Severity.error


def test_a_column_that_stands_twice_is_told_and_nothing_is_ordered(whole: Book, tmp_path: Path) -> None:
    (tmp_path / "s.csv").write_text(f"{HEAD},z port\n{GOOD},swp2\n")
    seen = read_sheet(tmp_path / "s.csv", whole)
    assert any("row 1, column z port" in f.where and "2 columns" in f.what for f in seen.findings)
    assert not seen.sound


def test_ends_may_stand_in_either_order_and_parts_and_lengths_are_the_plans_where_no_column_has_them(
    whole: Book, tmp_path: Path
) -> None:
    rows = full_plan(whole.design, whole.cables)
    turned = rows.select(pl.col(f"{e}_{c}").alias(f"{f}_{c}") for e, f in ("za", "az") for c in ("node", "port"))
    turned.write_csv(tmp_path / "s.csv")
    seen = read_sheet(tmp_path / "s.csv", whole)
    assert seen.findings == ()
    assert diff(rows, seen.plan).is_empty()


def test_up_links_stay_within_the_plan_s_pairs_of_switches_and_are_striped(whole: Book, tmp_path: Path) -> None:
    rows = full_plan(whole.design, whole.cables)
    up = rows.filter(pl.col("a_node") == "leaf-000000", pl.col("z_node") == "spine-000000").head(1)
    other = rows.filter(pl.col("a_node") == "leaf-000000", pl.col("z_node") == "spine-000001").head(1)
    moved = rows.with_columns(
        z_node=pl.when(pl.col("cable") == other["cable"][0]).then(pl.lit("spine-000000")).otherwise("z_node"),
        z_port=pl.when(pl.col("cable") == other["cable"][0]).then(pl.lit("swp64")).otherwise("z_port"),
    ).filter(
        ~((pl.col("z_node") == "spine-000000") & (pl.col("z_port") == "swp64") & (pl.col("a_node") != "leaf-000000"))
    )
    assert up.height
    moved.select(*rows.columns).write_csv(tmp_path / "s.csv")
    seen = read_sheet(tmp_path / "s.csv", whole)
    assert any("striped evenly" in f.what and f.severity is Severity.warning for f in seen.findings)


def test_the_csv_reader_s_limit_is_given_back(whole: Book, tmp_path: Path) -> None:
    before = csv.field_size_limit()
    (tmp_path / "s.csv").write_text(f"{HEAD}\n{GOOD}\n")
    read_sheet(tmp_path / "s.csv", whole)
    assert csv.field_size_limit() == before


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_other_encodings_and_delimiters_are_read(whole: Book, tmp_path: Path, encoding: str, delimiter: str) -> None:
    text = f"A-Node Name,A-Port,Z-Node Name,Z-Port,Note\n{GOOD.rsplit(',', 2)[0]},gr\u00fcn\n".replace(",", delimiter)
    (tmp_path / "s.csv").write_bytes(text.encode(encoding))
    seen = read_sheet(tmp_path / "s.csv", whole)
    assert seen.plan.height == seen.rows == 1
    assert [f.severity for f in seen.findings] == ([Severity.warning] if encoding == "cp1252" else [])


@pytest.mark.parametrize(
    ("data", "needle"),
    [
        (b"", "no sheet has the columns"),
        (b"a,b\n1,2\n", "no sheet has the columns"),
        (b"A-Node Name,A-Port\nx,y\n", "no sheet has the columns"),
        (b"PK\x03\x04broken", "is no Excel workbook"),
        (b"\x00\x01\x02" * 50, "neither a workbook"),
        (b"\xff\xfea", "UTF-16"),
    ],
)
def test_files_that_are_no_sheet_are_refused(whole: Book, tmp_path: Path, data: bytes, needle: str) -> None:
    (tmp_path / "s.csv").write_bytes(data)
    with pytest.raises(InputFileError, match=needle):
        read_sheet(tmp_path / "s.csv", whole)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cells=st.lists(st.lists(st.text(max_size=8), min_size=4, max_size=6), max_size=8))
def test_any_cells_are_either_good_rows_or_findings(whole: Book, tmp_path: Path, cells: list[list[str]]) -> None:
    sheet = openpyxl.Workbook()
    sheet.active.append(HEAD.split(","))
    for row in cells:
        sheet.active.append([openpyxl.cell.cell.ILLEGAL_CHARACTERS_RE.sub("", c) for c in row])
    sheet.save(tmp_path / "s.xlsx")
    seen = read_sheet(tmp_path / "s.xlsx", whole)
    assert seen.sound == (not seen.findings)


def test_many_mistakes_of_a_kind_are_counted_and_all_rows_named(whole: Book, tmp_path: Path) -> None:
    rows = "\n".join(f"x{i},eth0,leaf-000000,swp{i}," for i in range(1, 260))
    (tmp_path / "s.csv").write_text(f"{HEAD}\n{rows}\n")
    seen = read_sheet(tmp_path / "s.csv", whole)
    told = [f for f in seen.findings if "is no device" in f.what]
    assert len(told) == 201
    assert "59 more rows" in told[-1].what
    assert told[-1].found.endswith("260")
    assert isinstance(seen.plan, pl.DataFrame)
