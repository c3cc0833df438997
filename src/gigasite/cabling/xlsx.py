"""Tables as an Excel workbook: a zip of a few XML files, written column-wise, the same bytes for the same tables.

Office Open XML (ECMA-376): inline strings, a frozen bold header, filters. A sheet holds 1,048,576 rows; longer tables
go on in further sheets.
"""

from __future__ import annotations

import re
import zipfile
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape, quoteattr

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

MOST_ROWS = 1_048_575  # besides the header
WHEN = (2000, 1, 1, 0, 0, 0)  # the date of every file inside: the clock would change the bytes
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_REL = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACK = "http://schemas.openxmlformats.org/package/2006"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'


def write_xlsx(path: Path, sheets: Iterable[tuple[str, pl.DataFrame]]) -> None:
    """Write tables as sheets.

    Parameters
    ----------
    path
        File to write.
    sheets
        Name and table; names are cut to the 31 characters that a sheet's name may have.
    """
    names: list[str] = []
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=4) as book:
        for name, table in sheets:
            for part, first in enumerate(range(0, max(table.height, 1), MOST_ROWS), start=1):
                names.append(_name(name, part, names))
                _put(book, f"xl/worksheets/sheet{len(names)}.xml", _sheet(table.slice(first, MOST_ROWS)))
        _frame(book, names)


def _name(name: str, part: int, taken: list[str]) -> str:
    clean = re.sub(r"[\[\]:*?/\\]", "-", name) or "sheet"
    tail = f" {part}" if part > 1 else ""
    made = clean[: 31 - len(tail)] + tail
    number = 2
    while made.lower() in {t.lower() for t in taken}:
        tail = f" ({number})"
        made, number = clean[: 31 - len(tail)] + tail, number + 1
    return made


def _put(book: zipfile.ZipFile, name: str, text: str) -> None:
    info = zipfile.ZipInfo(name, WHEN)
    info.compress_type = zipfile.ZIP_DEFLATED
    book.writestr(info, text.encode())


def _sheet(table: pl.DataFrame) -> str:
    widths = "".join(
        f'<col min="{i}" max="{i}" width="{_width(table[c])}" customWidth="1"/>'
        for i, c in enumerate(table.columns, start=1)
    )
    head = "".join(f'<c t="inlineStr" s="1"><is><t>{escape(c)}</t></is></c>' for c in table.columns)
    last = f"{_letter(len(table.columns))}{table.height + 1}"
    rows = table.select(row=pl.concat_str([_cells(table.schema[c], c) for c in table.columns]))["row"]
    body = "</row><row>".join(rows.to_list())
    body = f"<row>{body}</row>" if table.height else ""
    return (
        f'{_HEAD}<worksheet xmlns="{_MAIN}"><sheetViews><sheetView workbookViewId="0">'
        f'<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews>'
        f'<cols>{widths}</cols><sheetData><row>{head}</row>{body}</sheetData><autoFilter ref="A1:{last}"/></worksheet>'
    )


def _width(column: pl.Series) -> int:
    longest = column.head(200).cast(pl.String).str.len_chars().max()
    return min(max(len(column.name), longest if isinstance(longest, int) else 0) + 2, 60)


def _letter(number: int) -> str:
    """Return the name of a column.

    >>> _letter(1), _letter(27)
    ('A', 'AA')
    """
    out = ""
    while number:
        number, digit = divmod(number - 1, 26)
        out = chr(65 + digit) + out
    return out


def _cells(dtype: pl.DataType, name: str) -> pl.Expr:
    """Return the cell of each row of a column: a number, or text with the five characters of XML escaped."""
    if dtype.is_numeric():
        value = pl.col(name).cast(pl.Float64).round(6) if dtype.is_float() else pl.col(name)
        return pl.format("<c><v>{}</v></c>", value.cast(pl.String)).fill_null("<c/>")
    text = pl.col(name).cast(pl.String).str.replace_all("[\x00-\x08\x0b\x0c\x0e-\x1f]", "")
    text = text.str.replace_all("&", "&amp;", literal=True).str.replace_all("<", "&lt;", literal=True)
    text = text.str.replace_all(">", "&gt;", literal=True)
    return pl.format('<c t="inlineStr"><is><t xml:space="preserve">{}</t></is></c>', text).fill_null("<c/>")


def _frame(book: zipfile.ZipFile, names: list[str]) -> None:
    """Write what holds the sheets together."""
    listed = "".join(f'<sheet name={quoteattr(n)} sheetId="{i}" r:id="rId{i}"/>' for i, n in enumerate(names, 1))
    _put(
        book,
        "xl/workbook.xml",
        f'{_HEAD}<workbook xmlns="{_MAIN}" xmlns:r="{_REL}"><sheets>{listed}</sheets></workbook>',
    )
    relations = "".join(
        f'<Relationship Id="rId{i}" Type="{_REL}/worksheet" Target="worksheets/sheet{i}.xml"/>'
        for i in range(1, len(names) + 1)
    )
    styles = f'<Relationship Id="rId{len(names) + 1}" Type="{_REL}/styles" Target="styles.xml"/>'
    _put(
        book,
        "xl/_rels/workbook.xml.rels",
        f'{_HEAD}<Relationships xmlns="{_PACK}/relationships">{relations}{styles}</Relationships>',
    )
    _put(
        book,
        "_rels/.rels",
        f'{_HEAD}<Relationships xmlns="{_PACK}/relationships"><Relationship Id="rId1" Type="{_REL}/officeDocument" '
        'Target="xl/workbook.xml"/></Relationships>',
    )
    _put(
        book,
        "xl/styles.xml",
        f'{_HEAD}<styleSheet xmlns="{_MAIN}"><fonts count="2"><font><sz val="11"/><name val="Calibri"/></font>'
        '<font><b/><sz val="11"/><name val="Calibri"/></font></fonts><fills count="2">'
        '<fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills>'
        '<borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs><cellXfs count="2">'
        '<xf xfId="0"/><xf xfId="0" fontId="1" applyFont="1"/></cellXfs><cellStyles count="1">'
        '<cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>',
    )
    kinds = "".join(
        f'<Override PartName="/xl/worksheets/sheet{i}.xml" ContentType="{_TYPE}.worksheet+xml"/>'
        for i in range(1, len(names) + 1)
    )
    _put(
        book,
        "[Content_Types].xml",
        f'{_HEAD}<Types xmlns="{_PACK}/content-types"><Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" '
        f'ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="{_TYPE}.sheet.main+xml"/>'
        f'<Override PartName="/xl/styles.xml" ContentType="{_TYPE}.styles+xml"/>{kinds}</Types>',
    )
