"""Speed and memory of the cable plan, recorded, never judged here: `make bench` prints them beside their budgets."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = [pytest.mark.bench, pytest.mark.timeout(900)]

PLAN = """
import dataclasses, sys, time
from gigasite.cabling import plan
from gigasite.campus import load
from gigasite.design import design
campus = load(sys.argv[1])
network = dataclasses.replace(campus.network, storage_links=int(sys.argv[3]))
campus = dataclasses.replace(campus, network=network)
begin = time.process_time()
d = design(campus)
middle = time.process_time()
made = plan(campus, d)
end = time.process_time()
made.cables.write_parquet(sys.argv[2])
print(made.count, made.gpu_fabric_count, middle - begin, end - middle, time.process_time() - end)
"""


def measured(args: list[str]) -> tuple[float, float, float, str]:
    """Return wall s, CPU s (children too), peak GiB and output of one run."""
    begin = time.perf_counter()
    process = subprocess.Popen(args, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert process.stdout is not None
    text = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)  # it has been waited for: wait4 also tells its memory
    process.stdout.close()
    assert process.returncode in {0, 1}
    return time.perf_counter() - begin, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 2**20, text


@pytest.mark.parametrize(
    ("name", "storage_links", "cpu_s", "gib"), [("memphis", 1, 2, 1), ("next", 1, 20, 4), ("next", 3, 20, 4)]
)
def test_plan_of_every_cable(
    name: str,
    storage_links: int,
    cpu_s: float,
    gib: float,
    tmp_path: Path,
    campuses: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The second plan of `next` has three storage links a server: 4.6 million cables."""
    out = tmp_path / "cables.parquet"
    _, cpu, peak, text = measured(
        [sys.executable, "-c", PLAN, str(campuses / f"{name}.yaml"), str(out), str(storage_links)]
    )
    count, gpu, design, cables, write = text.split()
    with capsys.disabled():
        print(
            f"\ncables {name}: {int(count):,} planned, {int(gpu):,} of the GPU fabric; design {float(design):.2f} s CPU, "
            f"cables {float(cables):.2f} s CPU (budget {cpu_s}), {peak:.2f} GiB peak of the whole process (budget {gib}), "
            f"Parquet {out.stat().st_size / 1e6:.1f} MB (budget 150) in {float(write):.1f} s; with imports {cpu:.1f} s CPU"
        )
    assert int(count) > int(gpu) > 0


def test_labels(tmp_path: Path, campuses: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "labels.pdf"
    args = ["cables", "labels", str(campuses / "memphis.yaml"), "--count", "50000", "--workers", "2", "--out", str(out)]
    wall, cpu, peak, _ = measured([sys.executable, "-m", "gigasite.show.cli", *args])
    with capsys.disabled():
        print(
            f"\n100,000 labels: {wall:.0f} s wall on 2 workers (budget 180), {cpu:.0f} s CPU, {peak:.2f} GiB, "
            f"{out.stat().st_size / 1e6:.1f} MB"
        )
    assert out.read_bytes()[:5] == b"%PDF-"


@pytest.mark.parametrize("form", ["netbox", "cvt", "pull-sheets", "ptm"])
def test_exports_of_memphis(form: str, tmp_path: Path, campuses: Path, capsys: pytest.CaptureFixture[str]) -> None:
    args = ["cables", "export", str(campuses / "memphis.yaml"), "--format", form, "--out", str(tmp_path / "x")]
    _, cpu, peak, _ = measured([sys.executable, "-m", "gigasite.show.cli", *args])
    with capsys.disabled():
        print(f"\nexport {form} of memphis: {cpu:.1f} s CPU, {peak:.2f} GiB")
    assert any((tmp_path / "x").iterdir())
