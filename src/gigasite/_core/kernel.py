"""Compiled kernels: one decorator, cached on disk, still callable as plain Python by `.py_func`."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar, cast

import numba

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

F = TypeVar("F", bound="Callable[..., Any]")


def kernel(function: F) -> F:
    """Compile `function` with numba (nopython, cached, GIL released). Plain Python stays at `.py_func`."""
    return cast("F", numba.njit(cache=True, nogil=True, error_model="numpy")(function))


def tight(function: F) -> F:
    """Compile a kernel that makes no array: without reference counts, whose atomic steps cost more than small loops do."""
    return cast("F", numba.njit(cache=True, nogil=True, error_model="numpy", _nrt=False, forceinline=True)(function))
