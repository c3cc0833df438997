"""A campus file read with the names of all parts of the code known, so that a typing error gets its "did you mean"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gigasite.campus import load as load_campus
from gigasite.cooling.scheme import schemes
from gigasite.design.fabric import fabrics
from gigasite.power.controller import controllers
from gigasite.power.limit import limits

if TYPE_CHECKING:
    from pathlib import Path

    from gigasite.campus import Campus


def known() -> dict[str, list[str]]:
    """Return known names by key of the campus file."""
    return {
        "network.fabric": fabrics.names(),
        "power.controller.kind": controllers.names(),
        "power.limits[].kind": limits.names(),
        "cooling.scheme": schemes.names(),
    }


def load(path: str | Path) -> Campus:
    """Read a campus file; as `gigasite.campus.load`, with every name checked.

    Raises
    ------
    CampusFileError
        With every mistake.
    """
    return load_campus(path, known())
