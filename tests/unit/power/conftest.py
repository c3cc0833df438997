"""A small whole campus for the tests of this room."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gigasite.campus import load
from gigasite.design import design

if TYPE_CHECKING:
    from pathlib import Path

    from gigasite.campus.schema import Campus
    from gigasite.design.types import Design


@pytest.fixture(scope="session")
def lab(campuses: Path) -> tuple[Campus, Design]:
    campus = load(campuses / "lab.yaml")
    return campus, design(campus)
