"""The two fonts of label sheets: widths of texts, and the objects that carry them inside a PDF.

Printers of labels want fonts inside the file. DejaVu Sans Condensed stands in `fonts/` with its licence, cut down to
Latin-1; `metrics.json` there has the widths of the characters 32 to 255, in thousandths of the size.
"""

from __future__ import annotations

import json
import zlib
from functools import cache
from importlib import resources
from typing import Any

FONTS = ("regular", "bold")
FIRST = 32
STEM = {"regular": 80, "bold": 140}
"""Width of upright strokes [1/1000]; readers use it only where they must replace the font."""


@cache
def _metrics() -> dict[str, Any]:
    text = resources.files("gigasite.cabling").joinpath("fonts", "metrics.json").read_text(encoding="ascii")
    made: dict[str, Any] = json.loads(text)
    return made


@cache
def _widths(font: str) -> tuple[int, ...]:
    return tuple(_metrics()[font]["widths"])


def width_pt(text: str, font: str, size_pt: float) -> float:
    """Return how wide a text is [pt]; signs beyond Latin-1 are drawn as a question mark.

    >>> round(width_pt("0000", "regular", 10.0), 2)
    22.88
    """
    widths = _widths(font)
    total = sum(widths[code - FIRST] for code in text.encode("latin-1", "replace") if code >= FIRST)
    return total * size_pt / 1000


def font_objects(first: int) -> list[bytes]:
    """Return font, descriptor and file of both fonts as bodies of PDF objects, numbered from `first` on."""
    out = []
    for i, font in enumerate(FONTS):
        m = _metrics()[font]
        data = resources.files("gigasite.cabling").joinpath("fonts", m["file"]).read_bytes()
        packed, at = zlib.compress(data, 9), first + 3 * i
        widths = " ".join(map(str, m["widths"]))
        box = " ".join(map(str, m["bbox"]))
        out += [
            f"<< /Type /Font /Subtype /TrueType /BaseFont /{m['name']} /Encoding /WinAnsiEncoding /FirstChar {FIRST} "
            f"/LastChar 255 /Widths [{widths}] /FontDescriptor {at + 1} 0 R >>".encode(),
            f"<< /Type /FontDescriptor /FontName /{m['name']} /Flags 32 /FontBBox [{box}] /ItalicAngle 0 /Ascent "
            f"{m['ascent']} /Descent {m['descent']} /CapHeight {m['cap']} /StemV {STEM[font]} /FontFile2 {at + 2} 0 R "
            ">>".encode(),
            b"<< /Filter /FlateDecode /Length %d /Length1 %d >>\nstream\n%s\nendstream"
            % (len(packed), len(data), packed),
        ]
    return out
