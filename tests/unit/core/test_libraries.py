"""Libraries that must live in one process: the schedule and walks use OR-Tools, the battery's bound HiGHS."""

from __future__ import annotations

import subprocess
import sys

import pytest

HIGHS = "import highspy; h = highspy.Highs(); h.setOptionValue('output_flag', False); h.addVar(0, 1); h.run()"
ORTOOLS = "from ortools.constraint_solver import pywrapcp; from ortools.sat.python import cp_model"


@pytest.mark.parametrize("order", [(HIGHS, ORTOOLS), (ORTOOLS, HIGHS)], ids=["highs-first", "ortools-first"])
def test_solvers_share_a_process(order: tuple[str, str]) -> None:
    """Both bring a HiGHS of their own; shared libraries of one name would shut the other out."""
    done = subprocess.run(
        [sys.executable, "-c", "; ".join(order)], capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert not done.stdout
