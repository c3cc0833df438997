"""Compile every kernel once, so that the first run of a user is not the slow one: `python -m gigasite._core.warm`."""

from __future__ import annotations

import importlib
import pkgutil

import gigasite


def warm() -> list[str]:
    """Call `warm()` of every module named `kernels` (or `*_kernels`) in the package; return their names.

    Kernels that only other kernels call are compiled by these: their modules have no `warm`.
    """
    done = []
    for found in pkgutil.walk_packages(gigasite.__path__, "gigasite."):
        if found.name.rsplit(".", 1)[-1].endswith("kernels"):
            module = importlib.import_module(found.name)
            if hasattr(module, "warm"):
                module.warm()
                done.append(found.name)
    return done


if __name__ == "__main__":
    warm()
