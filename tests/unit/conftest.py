"""Outside references that several rooms are compared with."""

from __future__ import annotations

from types import ModuleType

import pytest


@pytest.fixture(scope="session")
def air() -> ModuleType:
    """psychrolib in SI units, set once: every setting throws away what it has compiled (2 s)."""
    import psychrolib

    psychrolib.SetUnitSystem(psychrolib.SI)
    return psychrolib
