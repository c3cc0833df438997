"""Label sheets as PDF."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gigasite.cabling.export import exports
from gigasite.cabling.label_sheets import label_sheets

if TYPE_CHECKING:
    from pathlib import Path

    from gigasite.cabling.export import Book


@exports.part("labels")
class Labels:
    """Two labels a cable, one for each end; see also `gigasite cables labels`."""

    title = "label sheets with QR codes (labels.pdf)"

    def write(self, book: Book, folder: Path, /) -> None:
        """Write labels.pdf."""
        label_sheets(book, folder / "labels.pdf")
