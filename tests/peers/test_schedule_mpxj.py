"""What we write, read by mpxj (LGPL, needs Java): same activities, relations, crews."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from gigasite.campus import load
from gigasite.design import design
from gigasite.schedule import schedule
from gigasite.schedule.exchange_campus import exchange
from gigasite.schedule.format import formats


@pytest.mark.parametrize(("name", "suffix"), [("xer", ".xer"), ("mspdi", ".xml")])
def test_mpxj_reads_the_same_project(name: str, suffix: str, campuses: Path, tmp_path: Path) -> None:
    if shutil.which("java") is None:
        pytest.skip("no Java")
    jpype = pytest.importorskip("jpype", reason="mpxj and JPype1 are not installed")
    pytest.importorskip("mpxj", reason="mpxj is not installed")
    campus = load(campuses / "lab.yaml")
    d = design(campus)
    x = exchange(campus, d, schedule(campus, d, drivers=False))
    file = tmp_path / f"lab{suffix}"
    file.write_bytes(formats[name]().write(x))
    if not jpype.isJVMStarted():
        jpype.startJVM()
    reader = jpype.JClass("org.mpxj.reader.UniversalProjectReader")()
    got = reader.read(str(file))
    tasks = [t for t in got.getTasks() if not t.getSummary()]
    assert sorted(str(t.getName()) for t in tasks) == sorted(x.activities["name"])
    assert sum(len(list(t.getPredecessors())) for t in tasks) == x.relations.height
    assert len(list(got.getResourceAssignments())) == x.assignments.height
