"""A campus file read with the names of all parts of the code known, so that a typing error gets its "did you mean"."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from gigasite._core.settings import mistakes
from gigasite.cabling.label import styles
from gigasite.campus import load as load_campus
from gigasite.cooling.scheme import schemes
from gigasite.design.fabric import fabrics
from gigasite.power.controller import controllers
from gigasite.power.limit import limits
from gigasite.power.shaper import shapers

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from gigasite._core.registry import Registry
    from gigasite._core.settings import Choice
    from gigasite.campus import Campus


def known() -> dict[str, list[str]]:
    """Return known names by key of the campus file."""
    return {
        "network.fabric": fabrics.names(),
        "network.cabling.label": styles.names(),
        "power.controller.kind": controllers.names(),
        "power.limits[].kind": limits.names(),
        "power.shapers[].kind": shapers.names(),
        "cooling.scheme": schemes.names(),
    }


def settings() -> dict[str, Callable[[Choice], list[tuple[str, str]]]]:
    """Return what finds the mistakes in a chosen part's settings, by key of the campus file."""
    kinds = {"power.controller": controllers, "power.limits[]": limits, "power.shapers[]": shapers}
    return {key: partial(_mistakes, registry) for key, registry in kinds.items()}


def _mistakes(registry: Registry[type[Any]], choice: Choice) -> list[tuple[str, str]]:
    return mistakes(registry[choice.kind], choice.settings) if choice.kind in registry else []


def load(path: str | Path, changes: Sequence[str] = ()) -> Campus:
    """Read a campus file, with `KEY=VALUE` changes; as `gigasite.campus.load`, with every name checked.

    Raises
    ------
    CampusFileError
        With every mistake.
    """
    return load_campus(path, known(), settings(), changes)
