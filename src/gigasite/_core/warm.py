"""Compile every kernel once, so that the first run of a user is not the slow one: `python -m gigasite._core.warm`."""

from __future__ import annotations

import importlib
import pkgutil

import gigasite


def warm() -> list[str]:
    """Call `warm()` of every module named `kernels` (or `*_kernels`) in the package; return their names."""
    done = []
    for module in pkgutil.walk_packages(gigasite.__path__, "gigasite."):
        if module.name.rsplit(".", 1)[-1].endswith("kernels"):
            importlib.import_module(module.name).warm()
            done.append(module.name)
    return done


if __name__ == "__main__":
    warm()
