"""Fixtures of all tests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).resolve().parents[1]

# Shared machines stall: a deadline on one example would fail for reasons that are not the code's.
settings.register_profile("gigasite", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("gigasite")


@pytest.fixture(scope="session")
def root() -> Path:
    """Folder of the checkout."""
    return ROOT


@pytest.fixture(scope="session")
def campuses() -> Path:
    """Folder of the reference campuses."""
    return ROOT / "campuses"


@pytest.fixture(scope="session")
def shared() -> Path:
    """Folder of outside data beside the checkout; tests that need it skip where it is absent."""
    place = Path(os.environ.get("GIGASITE_SHARED", ROOT.parent / "shared"))
    if not (place / "data").is_dir():
        pytest.skip(f"no outside data at {place}/data (set GIGASITE_SHARED)")
    return place / "data"
