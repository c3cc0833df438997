"""Speed and memory, recorded, never judged here: `make bench` prints them beside their budgets."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = [pytest.mark.bench, pytest.mark.timeout(900)]


def measured(args: list[str]) -> tuple[float, float, float, int]:
    """Return wall s, CPU s, peak GiB of one run of the command line, and its exit code."""
    begin = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "gigasite.show.cli", *args], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)  # it has been waited for: wait4 also tells its memory
    return time.perf_counter() - begin, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 2**20, process.returncode


@pytest.mark.parametrize(("name", "wall_s", "gib"), [("lab", 10, 1), ("memphis", 30, 4), ("next", 180, 10)])
def test_plan(
    name: str, wall_s: float, gib: float, tmp_path: Path, campuses: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wall, cpu, peak, code = measured(["plan", str(campuses / f"{name}.yaml"), "--out", str(tmp_path), "--json"])
    size = sum(p.stat().st_size for p in tmp_path.iterdir()) / 1e6
    with capsys.disabled():
        print(
            f"\nplan {name}: {wall:.1f} s wall (budget {wall_s}), {cpu:.1f} s CPU, {peak:.2f} GiB (budget {gib}), {size:,.0f} MB written"
        )
    assert code in {0, 1}


def test_help(capsys: pytest.CaptureFixture[str]) -> None:
    runs = [measured(["--help"])[1] for _ in range(5)]
    with capsys.disabled():
        print(
            f"\n--help: {min(runs):.2f} s CPU (budget 0.30), 5 runs up to {max(runs):.2f}; this process {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.2f} GiB"
        )
    assert runs
