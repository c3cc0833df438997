"""Other programs that the bench is compared with; each lives in its own environment."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

# run by the peers' own interpreter, which has what they import
collect_ignore_glob = ["*_run.py"]


@pytest.fixture(scope="session")
def andes_python(root: Path) -> Path:
    """Return the interpreter that has ANDES (`make peers`)."""
    path = Path(os.environ.get("GIGASITE_ANDES_PYTHON", root / ".venv-peer" / "bin" / "python"))
    if not path.exists():
        pytest.skip("ANDES is not installed: make peers")
    return path


@pytest.fixture(scope="session")
def andes_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder where ANDES keeps its compiled models (8 s): one for all cases and all processes of the tests."""
    base = tmp_path_factory.getbasetemp()
    home = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "andes"
    home.mkdir(exist_ok=True)
    return home


@pytest.fixture(scope="session")
def water_python(andes_python: Path) -> Path:
    """Return the interpreter that has WNTR (EPANET 2.2) and pandapipes: the same environment."""
    packages = andes_python.parent.parent / "lib"
    if not any(packages.glob("python*/site-packages/wntr")):
        pytest.skip("WNTR and pandapipes are not installed: make peers")
    return andes_python
