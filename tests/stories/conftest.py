"""The small campus, planned into a folder by a process of its own, once for all stories."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def lab_folder(tmp_path_factory: pytest.TempPathFactory, campuses: Path) -> Path:
    """Return a folder with `out`, what `gigasite plan lab.yaml --out out --json` wrote, and `said.json`, what it printed.

    All processes of the tests share it: the first one makes it, others wait. Nobody writes into it.
    """
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "lab"
    folder.mkdir(exist_ok=True)
    said = folder / "said.json"
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not said.exists():
            words = ["plan", str(campuses / "lab.yaml"), "--out", str(folder / "out"), "--json"]
            command = [sys.executable, "-m", "gigasite.show.cli", *words]
            done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
            assert done.returncode == 0, done.stderr
            said.write_text(done.stdout)
    return folder
