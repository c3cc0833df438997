"""Fixtures of all tests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).resolve().parents[1]

# Shared machines stall: a deadline on one example would fail for reasons that are not the code's.
# Inputs that are refused are part of what is tried: their share is no fault of a test.
CALM = [HealthCheck.too_slow, HealthCheck.filter_too_much]
# The same examples at every run, so that a gate does not fall by chance; `GIGASITE_RANDOM=1` and `make test-long` try others.
settings.register_profile("gigasite", deadline=None, suppress_health_check=CALM, derandomize=True)
settings.register_profile("random", deadline=None, suppress_health_check=CALM, print_blob=True)
settings.load_profile("random" if os.environ.get("GIGASITE_RANDOM") else "gigasite")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the stories: a test of a minute that comes last leaves the other process idle."""
    items.sort(key=lambda item: "stories" not in item.path.parts)  # stable: the rest keeps its order


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
