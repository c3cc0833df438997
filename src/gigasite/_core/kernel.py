"""Compiled kernels: one decorator, cached on disk, still callable as plain Python by `.py_func`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, cast

import numba

if TYPE_CHECKING:
    from collections.abc import Callable

F = TypeVar("F", bound="Callable[..., Any]")


def kernel(function: F) -> F:
    """Compile `function` with numba (nopython, cached, GIL released). Plain Python stays at `.py_func`."""
    return cast("F", numba.njit(cache=True, nogil=True, error_model="numpy")(function))


def tight(function: F) -> F:
    """Compile a kernel that makes no array: without reference counts, which cost more than a small loop itself."""
    # `_nrt` is an option that numba knows and does not announce
    options: dict[str, Any] = {"cache": True, "nogil": True, "error_model": "numpy", "forceinline": True, "_nrt": False}
    return cast("F", numba.njit(**options)(function))
