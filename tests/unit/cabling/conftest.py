"""The small campus, designed and cabled once."""

from __future__ import annotations

import pytest

from gigasite.cabling import CablePlan, plan
from gigasite.campus import Campus, load, reference
from gigasite.design import Design, design


@pytest.fixture(scope="session")
def made() -> tuple[Campus, Design, CablePlan]:
    campus = load(reference("lab"))
    d = design(campus)
    return campus, d, plan(campus, d)
