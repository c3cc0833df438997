"""What a load of a case is: settings in, a `LoadTrace` out. A part is one file in `loads/`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from gigasite._core.registry import Registry

if TYPE_CHECKING:
    from pathlib import Path

    from gigasite.training.types import LoadTrace


class LoadKind(Protocol):
    """One way to say what the load does."""

    def trace(self, duration_s: float, seed: int, folder: Path, /) -> LoadTrace:
        """Return the load; `folder` is that of the case file, for files that it names."""
        ...


loads: Registry[type[Any]] = Registry("gigasite.training.loads", "load")
