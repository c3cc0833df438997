"""Label sheets: codes that an independent decoder reads from the rendered page, text of 6 pt and more."""

from __future__ import annotations

import re
import shutil
import subprocess
import zlib
from pathlib import Path

import numpy as np
import pytest

from gigasite._core.errors import InfeasibleError
from gigasite.cabling import CablePlan, full_plan
from gigasite.cabling.export import Book, book
from gigasite.cabling.label_sheets import COLUMNS, LABEL, LINES, MARGIN, label_sheets
from gigasite.campus import Campus
from gigasite.design import Design

Made = tuple[Campus, Design, CablePlan]


@pytest.fixture(scope="module")
def whole(made: Made) -> Book:
    return book(*made)


@pytest.mark.skipif(shutil.which("pdftoppm") is None, reason="pdftoppm (poppler-utils) renders the page")
def test_codes_of_a_rendered_page_name_the_cables(whole: Book, tmp_path: Path) -> None:
    zxing = pytest.importorskip("zxingcpp", reason="zxing-cpp decodes the codes")
    path = tmp_path / "labels.pdf"
    assert label_sheets(whole, path, first=100, count=40) == 80
    subprocess.run(["pdftoppm", "-r", "200", "-gray", str(path), str(tmp_path / "page")], check=True)
    pages = sorted(tmp_path.glob("page*.pgm"))
    assert len(pages) == -(-80 // (COLUMNS * LINES))
    seen = [code.text for page in pages for code in zxing.read_barcodes(grey(page))]
    wanted = full_plan(whole.design, whole.cables)["cable"].slice(100, 40).to_list()
    assert sorted(seen) == sorted(2 * wanted)


def grey(path: Path) -> np.ndarray:
    """Read a binary PGM picture."""
    _, size, _, data = path.read_bytes().split(b"\n", 3)
    width, height = map(int, size.split())
    return np.frombuffer(data, np.uint8)[: width * height].reshape(height, width)


def test_text_is_never_below_six_points_and_every_label_is_there(whole: Book, tmp_path: Path) -> None:
    path = tmp_path / "labels.pdf"
    count = label_sheets(whole, path, count=30)
    streams = re.findall(rb">>\nstream\n(.*?)\nendstream", path.read_bytes(), re.DOTALL)
    drawn = b"".join(d for s in streams if (d := zlib.decompress(s))[:1] == b"q")  # the others are fonts
    sizes = {float(s) for s in re.findall(rb"/F\d ([\d.]+) Tf", drawn)}
    assert min(sizes) >= 6.0
    assert drawn.count(b"BI /W") == count == 60
    rows = full_plan(whole.design, whole.cables).head(30)
    for label in [*rows["a_label"], *rows["z_label"]]:
        assert f"({label})".encode() in drawn


@pytest.mark.skipif(shutil.which("pdffonts") is None, reason="pdffonts (poppler-utils) lists the fonts")
def test_fonts_are_inside_the_file(whole: Book, tmp_path: Path) -> None:
    label_sheets(whole, tmp_path / "x.pdf", count=3)
    done = subprocess.run(["pdffonts", str(tmp_path / "x.pdf")], check=True, capture_output=True, text=True)
    _, _, *rows = done.stdout.splitlines()
    assert sorted(r.split()[0] for r in rows) == ["DejaVuSansCondensed", "DejaVuSansCondensed-Bold"]
    assert all("TrueType" in r and r.split("WinAnsi")[1].split()[0] == "yes" for r in rows)


@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="pdftotext (poppler-utils) reads the text")
def test_texts_stand_inside_their_labels(whole: Book, tmp_path: Path) -> None:
    label_sheets(whole, tmp_path / "x.pdf", count=28)
    done = subprocess.run(
        ["pdftotext", "-bbox", str(tmp_path / "x.pdf"), "-"], check=True, capture_output=True, text=True
    )
    words = re.findall(r'xMin="([\d.]+)" yMin="[\d.]+" xMax="([\d.]+)"', done.stdout)
    assert len(words) > 28 * 2 * 4
    for low, high in ((float(a), float(b)) for a, b in words):
        assert (low - MARGIN[0]) // LABEL[0] == (high - MARGIN[0]) // LABEL[0]


def test_the_same_sheets_for_any_number_of_workers(whole: Book, tmp_path: Path) -> None:
    for workers in (1, 2):
        label_sheets(whole, tmp_path / f"{workers}.pdf", count=100, workers=workers)
    assert (tmp_path / "1.pdf").read_bytes() == (tmp_path / "2.pdf").read_bytes()


def test_no_cable_left_says_so(whole: Book, tmp_path: Path) -> None:
    with pytest.raises(InfeasibleError, match="no cable is left"):
        label_sheets(whole, tmp_path / "x.pdf", first=10**6)
    with pytest.raises(InfeasibleError, match="no hall 9"):
        book(whole.campus, whole.design, whole.cables, hall=9)
    with pytest.raises(InfeasibleError, match="name the hall"):
        book(whole.campus, whole.design, whole.cables, row=1)
