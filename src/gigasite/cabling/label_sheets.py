"""Label sheets: a page of labels for both ends of every cable, with a QR code of the cable's name.

The page is drawn in PDF's own words (ISO 32000-1): text in fonts that the file carries, and each QR code as an image of
one bit a module. 56 labels fill an A4 sheet of 4 x 14; text is 6.5 pt.
"""

from __future__ import annotations

import zlib
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import segno

from gigasite._core.engine import Engine
from gigasite._core.errors import InfeasibleError
from gigasite._core.files import write_bytes
from gigasite._core.progress import SILENT, Progress
from gigasite.cabling.label_font import font_objects, width_pt

if TYPE_CHECKING:
    from pathlib import Path

    from gigasite.cabling.export import Book

PAGE = (595.28, 841.89)  # A4 [pt]
COLUMNS, LINES = 4, 14
MARGIN = (22.7, 28.3)  # left and right, top and bottom [pt]: 8 and 10 mm
LABEL = ((PAGE[0] - 2 * MARGIN[0]) / COLUMNS, (PAGE[1] - 2 * MARGIN[1]) / LINES)
QUIET = 4  # light modules around a code, ISO/IEC 18004
QR_PT = 46.0  # side of a code with its margin: 25 + 8 modules of 0.49 mm
TEXT_PT, SMALL_PT = 6.5, 6.0  # never below 6 pt
MASK = 2  # any of the eight masks can be read; trying all eight costs four times as much
LEAD = 8.2  # between lines [pt]
MOST_SMALL = 38  # characters of a version 2-M code in alphanumeric mode, ISO/IEC 18004 table 7
ALPHANUMERIC = frozenset("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:")


Row = tuple[str, str, str, str, float]
"""Cable, label of the lower end, label of the upper end, part, length [m]."""


def label_sheets(
    book: Book,
    path: Path,
    *,
    first: int = 0,
    count: int | None = None,
    workers: int = 1,
    progress: Progress = SILENT,
) -> int:
    """Write the labels of both ends of each cable of a book; return their number.

    Parameters
    ----------
    first, count
        Which cables of the book, in plan order.
    workers
        Processes; the file is the same for any number.

    Raises
    ------
    InfeasibleError
        No cable is left.
    OutputError
        The file cannot be written.
    """
    rows = book.rows.slice(first, count)
    if rows.is_empty():
        raise InfeasibleError(f"no cable is left: the plan has {book.rows.height:,}, labels were to start at {first:,}")
    each = COLUMNS * LINES // 2
    table = replace(book, rows=rows).sheet().select("cable", "a_label", "z_label", "part", "length_m").rows()
    pages = [table[i : i + each] for i in range(0, len(table), each)]
    drawn = Engine(workers=workers, progress=progress).map(draw_page, pages, "label pages")
    write_bytes(path, _pdf(drawn))
    return 2 * len(table)


def draw_page(rows: list[Row]) -> bytes:
    """Return the compressed drawing of one page: two labels a cable, side by side."""
    out = []
    for i, (cable, a, z, part, metres) in enumerate(rows):
        code = _code(cable)
        for side, (here, there) in enumerate(((a, z), (z, a))):
            line, column = divmod(2 * i + side, COLUMNS)
            x = MARGIN[0] + column * LABEL[0]
            y = PAGE[1] - MARGIN[1] - (line + 1) * LABEL[1]
            out.append(_label(x, y, code, [here], [f"to {there}", cable, f"{part} {metres:g} m"]))
    return zlib.compress("".join(out).encode("latin-1", "replace"), 6)


def _code(text: str) -> str:
    """Return the modules of a QR code as an image mask of hexadecimal digits."""
    small = len(text) <= MOST_SMALL and all(c in ALPHANUMERIC for c in text)
    code = segno.make_qr(text, error="m", version=2 if small else None, mask=MASK, boost_error=False)
    bits = np.array(code.matrix, np.uint8)
    n = len(bits)
    data = np.packbits(bits, axis=1).tobytes().hex()
    return f"BI /W {n} /H {n} /BPC 1 /IM true /D [1 0] /F /AHx ID {data}> EI"


def _label(x: float, y: float, code: str, bold: list[str], plain: list[str]) -> str:
    """Draw one label: the code at the left, texts beside it, long ones on two lines."""
    modules = int(code.split(None, 3)[2])
    side = QR_PT * modules / (modules + 2 * QUIET)
    rim = (QR_PT - side) / 2
    drawn = [f"q {side:.2f} 0 0 {side:.2f} {x + rim:.2f} {y + (LABEL[1] - side) / 2:.2f} cm {code} Q\nBT "]
    room = LABEL[0] - QR_PT - 2.0
    lines = [("F2", TEXT_PT, t) for b in bold for t in _fit(b, room, "bold", TEXT_PT)]
    lines += [("F1", SMALL_PT, t) for p in plain for t in _fit(p, room, "regular", SMALL_PT)]
    top = y + LABEL[1] / 2 + LEAD * (len(lines) / 2 - 0.75)
    for i, (font, size, text) in enumerate(lines):
        safe = text.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")
        drawn.append(f"/{font} {size} Tf 1 0 0 1 {x + QR_PT:.2f} {top - i * LEAD:.2f} Tm ({safe}) Tj ")
    return "".join([*drawn, "ET\n"])


def _fit(text: str, room_pt: float, font: str, size_pt: float) -> list[str]:
    """Cut a text into lines that fit; text is never made smaller than its size."""
    most = len(text)
    while most > 1 and width_pt(text[:most], font, size_pt) > room_pt:
        most -= 1
    if len(text) <= most:
        return [text]
    cut = max(text.rfind(c, 1, most) for c in "/: -") + 1 or most
    return [text[:cut].rstrip(), *_fit(text[cut:], room_pt, font, size_pt)]


def _pdf(pages: list[bytes]) -> bytes:
    """Return a document of drawn pages."""
    first = 9
    kids = " ".join(f"{first + 2 * i} 0 R" for i in range(len(pages)))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>".encode(),
        *font_objects(3),
    ]
    for i, page in enumerate(pages):
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {PAGE[0]} {PAGE[1]}] /Contents {first + 2 * i + 1} 0 R "
            "/Resources << /Font << /F1 3 0 R /F2 6 0 R >> >> >>".encode()
        )
        objects.append(b"<< /Filter /FlateDecode /Length %d >>\nstream\n%s\nendstream" % (len(page), page))
    out, places = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n"), []
    for number, text in enumerate(objects, start=1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, text)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)
    return bytes(out)
