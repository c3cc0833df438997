"""An edited sheet read back: every mistake has row and column, nothing is dropped in silence."""

from __future__ import annotations

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
    first, second = sheet.cell(2, 6).value, sheet.cell(3, 6).value
    nodes = sheet.cell(2, 4).value, sheet.cell(3, 4).value
    sheet.cell(2, 6).value, sheet.cell(3, 6).value = second, first
    sheet.cell(2, 4).value, sheet.cell(3, 4).value = nodes[1], nodes[0]
    sheet.cell(4, 9).value = 30
    sheet.delete_rows(5)
    edited.save(tmp_path / "edited.xlsx")
    seen = read_sheet(tmp_path / "edited.xlsx", whole)
    assert seen.findings == ()
    changes = diff(full_plan(whole.design, whole.cables), seen.plan)
    assert changes["kind"].sort().to_list() == ["move", "move", "re-part", "remove"]


@pytest.mark.parametrize(
    ("rows", "where", "what"),
    [
        ("nobody,eth0,leaf-000000,swp1,,", "row 2, column a_node", "is no device"),
        ("srv-000000,eth0,leaf-000,swp1,,", "row 2, column z_node", "is no device"),
        ("srv-000000,eth99,leaf-000000,swp1,,", "row 2, column a_port", "is no port"),
        ("srv-000000,eth0,leaf-000000,swp65,,", "row 2, column z_port", "is no port"),
        ("srv-000000,swp1,leaf-000000,swp1,,", "row 2, column a_port", "is no port"),
        ("srv-000000,eth-1,leaf-000000,swp1,,", "row 2, column a_port", "is no port"),
        (f"{GOOD}\n\nsrv-01,eth0,leaf-000000,swp1,,", "row 4, column z_port", "more than one row"),
        ("leaf-000000,swp1,leaf-000000,swp1,,", "row 2, column z_port", "at which the cable begins"),
        ("srv-000000,,leaf-000000,swp1,,", "row 2, column a_port", "is empty"),
        ("srv-000000", "row 2, column z_node", "is empty"),
        ("srv-000000,eth0,leaf-000000,swp1,gold,15", "row 2, column part", "no cable of the catalogue"),
        ("srv-000000,eth0,leaf-000000,swp1,sr4-400g,long", "row 2, column length_m", "no length"),
        ("srv-000000,eth0,leaf-000000,swp1,sr4-400g,-1", "row 2, column length_m", "no length"),
        ("srv-000000,eth0,leaf-000000,swp1,sr4-400g,nan", "row 2, column length_m", "no length"),
    ],
)
def test_every_mistake_has_its_row_and_column(whole: Book, tmp_path: Path, rows: str, where: str, what: str) -> None:
    (tmp_path / "s.csv").write_text(f"{HEAD}\n{rows}\n")
    seen = read_sheet(tmp_path / "s.csv", whole)
    assert any(where in f.where and what in f.what and f.remedy for f in seen.findings), seen.findings
    assert seen.plan.height < seen.rows
    assert {f.severity for f in seen.findings} == {Severity.error}


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
    assert bool(seen.findings) == (seen.plan.height < seen.rows)


def test_many_mistakes_of_a_kind_are_counted_and_all_rows_named(whole: Book, tmp_path: Path) -> None:
    rows = "\n".join(f"x{i},eth0,leaf-000000,swp{i}," for i in range(1, 260))
    (tmp_path / "s.csv").write_text(f"{HEAD}\n{rows}\n")
    seen = read_sheet(tmp_path / "s.csv", whole)
    told = [f for f in seen.findings if "is no device" in f.what]
    assert len(told) == 201
    assert "59 more rows" in told[-1].what
    assert told[-1].found.endswith("260")
    assert isinstance(seen.plan, pl.DataFrame)
