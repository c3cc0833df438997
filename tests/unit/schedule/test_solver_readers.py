"""Files of problems: right values, and every mistake with its line; no text makes anything but a problem or a message."""

from __future__ import annotations

import json
import re
import signal
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from gigasite._core.errors import GigasiteError, InputFileError
from gigasite.schedule.solver import feasible, read_instance
from gigasite.schedule.solver.reader import readers
from gigasite.show.cli import app

if TYPE_CHECKING:
    from pathlib import Path

RCP = """5 2
4 3
0 0 0 2 2 3
3 2 1 1 4
2 3 0 1 4
4 1 3 1 5
0 0 0 0
"""

MM = """************************************************************************
file with basedata            : x.bas
initial value random generator: 1
************************************************************************
projects                      :  1
jobs (incl. supersource/sink ):  4
horizon                       :  20
RESOURCES
  - renewable                 :  1   R
  - nonrenewable              :  1   N
  - doubly constrained        :  0   D
************************************************************************
PROJECT INFORMATION:
pronr.  #jobs rel.date duedate tardcost  MPM-Time
    1      2      0       10        1       10
************************************************************************
PRECEDENCE RELATIONS:
jobnr.    #modes  #successors   successors
   1        1          2           2   3
   2        2          1           4
   3        2          1           4
   4        1          0
************************************************************************
REQUESTS/DURATIONS:
jobnr. mode duration  R 1  N 1
------------------------------------------------------------------------
  1      1     0       0    0
  2      1     2       3    4
         2     4       2    1
  3      1     3       9    2
         2     5       2    0
  4      1     0       0    0
************************************************************************
RESOURCEAVAILABILITIES:
  R 1  N 1
    4    5
************************************************************************
"""


def file(tmp_path: Path, text: str, name: str = "x.txt") -> Path:
    path = tmp_path / name
    path.write_text(text)
    return path


def test_patterson(tmp_path: Path) -> None:
    p = read_instance(file(tmp_path, RCP, "case.rcp"))
    assert (p.name, p.names) == ("case", ("1", "2", "3", "4", "5"))
    assert p.duration.tolist() == [0, 3, 2, 4, 0]
    assert p.demand.tolist() == [[0, 0], [2, 1], [3, 0], [1, 3], [0, 0]]
    assert p.capacity.tolist() == [[4], [3]]
    assert p.links.tolist() == [[0, 1], [0, 2], [1, 3], [2, 3], [3, 4]]


def test_psplib_with_modes(tmp_path: Path) -> None:
    p = read_instance(file(tmp_path, MM, "case.mm"))
    assert p.mode_ptr.tolist() == [0, 1, 3, 5, 6]
    assert p.duration.tolist() == [0, 2, 4, 3, 5, 0]
    assert p.demand[:, 0].tolist() == [0, 3, 2, 9, 2, 0]
    assert p.use[:, 0].tolist() == [0, 4, 1, 2, 0, 0]
    assert (p.capacity.tolist(), p.total.tolist()) == ([[4]], [5])
    assert p.links.tolist() == [[0, 1], [0, 2], [1, 3], [2, 3]]


def test_the_layout_does_not_matter(tmp_path: Path) -> None:
    """One number per line, decimals that are whole, other line ends, a byte-order mark; mode lines that repeat the number."""
    plain = read_instance(file(tmp_path, RCP))
    for text in (RCP.replace(" ", "\n"), RCP.replace("4 3", "4.0 3.0"), RCP.replace("\n", "\r\n"), "\ufeff" + RCP):
        assert read_instance(file(tmp_path, text)).links.tolist() == plain.links.tolist()
    repeated = MM.replace("         2     4 ", "  2      2     4 ").replace("RESOURCEAVAIL", "RESOURCE AVAIL")
    assert read_instance(file(tmp_path, repeated)).duration.tolist() == [0, 2, 4, 3, 5, 0]


@pytest.mark.parametrize(
    ("old", "new", "line", "says"),
    [
        ("5 2", "6 2", 7, "the file ends where the duration of activity 6 should stand"),
        ("5 2", "4 2", 6, "activity 4 has successor 5, but there are 4 activities"),
        ("0 0 0 0\n", "0 0 0 0 8\n", 7, "'8' stands after the last activity"),
        ("3 2 1 1 4", "-3 2 1 1 4", 4, "the duration of activity 2 is -3; it must be at least 0"),
        ("3 2 1 1 4", "x 2 1 1 4", 4, "'x' is no whole number, but the duration of activity 2"),
        ("3 2 1 1 4", "3.5 2 1 1 4", 4, "'3.5' is no whole number"),
        ("3 2 1 1 4", "nan 2 1 1 4", 4, "'nan' is no whole number"),
        ("3 2 1 1 4", "inf 2 1 1 4", 4, "'inf' is no whole number"),
        ("3 2 1 1 4", "1e300 2 1 1 4", 4, "no whole number"),
        ("3 2 1 1 4", "3 5 1 1 4", 4, "activity 2 needs 5 of resource 1, which has 4"),
        ("3 2 1 1 4", "3 2 1 1 9", 4, "activity 2 has successor 9, but there are 5 activities"),
        ("3 2 1 1 4", "3 2 1 1 0", 4, "a successor of activity 2 is 0"),
        ("3 2 1 1 4", "3 2 1 77 4", 4, "activity 2 has 77 successors of 5 activities"),
        ("4 1 3 1 5", "4 1 3 2 5 2", 0, "the links form a cycle: 2 -> 4 -> 2"),
        ("3 2 1 1 4", "3 2 1 1 2", 0, "the links form a cycle: 2 -> 2"),
    ],
)
def test_mistakes_of_patterson(tmp_path: Path, old: str, new: str, line: int, says: str) -> None:
    path = file(tmp_path, RCP.replace(old, new))
    with pytest.raises(InputFileError, match=re.escape(says)) as error:
        read_instance(path)
    assert error.value.line == line
    assert str(path) in str(error.value)


@pytest.mark.parametrize(
    ("old", "new", "line", "says"),
    [
        ("):  4", "):  5", 22, "should stand"),
        ("   2        2          1           4", "   2        2          2           4", 21, "should follow here"),
        ("   2        2          1           4", "   2        3          1           4", 30, "activity 2 should follow here, but 3 does"),
        ("   2        2          1           4", "   9        2          1           4", 20, "activity 2 should follow"),
        ("  2      1     2       3    4", "  2      1    -2       3    4", 28, "must be at least 0"),
        ("  2      1     2       3    4", "  2      1     2       3", 28, "4 numbers, not 5"),
        ("  2      1     2       3    4", "  2      1     2       3    4   7", 28, "6 numbers, not 5"),
        ("  3      1     3       9    2\n         2     5       2    0", "  3      1     3       9    2\n         2     5       8    0", 30, "activity 3 needs 9 of resource 1, which has 4"),
        ("    4    5\n", "    4\n", 0, "the file ends where the availability"),
        ("    4    5\n", "    4    0\n", 0, "nonrenewable resource 1: the thriftiest modes use 1, there are 0"),
        ("constrained        :  0", "constrained        :  1", 0, "doubly constrained resources are not read"),
        ("jobs (incl", "jabs (incl", 0, "there is no line"),
        ("RESOURCEAVAILABILITIES", "RESORCES", 0, "no section 'RESOURCE AVAILABILITIES'"),
        (":  1   R", ":  99999   R", 9, "99999 is more than 1,000"),
    ],
)  # fmt: skip
def test_mistakes_of_psplib(tmp_path: Path, old: str, new: str, line: int, says: str) -> None:
    assert old in MM
    with pytest.raises(InputFileError, match=re.escape(says)) as error:
        read_instance(file(tmp_path, MM.replace(old, new)))
    if line:
        assert error.value.line == line


def test_what_is_no_problem_is_refused(tmp_path: Path) -> None:
    for text, says in (
        ("", "is empty"),
        ("  \n", "is empty"),
        ("hello world", "'hello' is no whole"),
        ("\0" * 100, "no scheduling"),
    ):
        with pytest.raises(InputFileError, match=says):
            read_instance(file(tmp_path, text))
    with pytest.raises(InputFileError, match="is no scheduling problem that is known"):
        read_instance(file(tmp_path, "{}", "x.json"))
    with pytest.raises(InputFileError, match="cannot be read"):
        read_instance(tmp_path / "absent.rcp")
    binary = tmp_path / "b.rcp"
    binary.write_bytes(bytes(range(256)) * 20)
    with pytest.raises(InputFileError, match="not UTF-8"):
        read_instance(binary)


@settings(max_examples=300)
@given(data=st.data())
def test_damaged_files_give_a_problem_or_a_message(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """Words swapped for others, cut, doubled: never anything but a problem that `feasible` can judge, or a message."""
    words = re.split(r"(\s+)", data.draw(st.sampled_from([RCP, MM])))
    for _ in range(data.draw(st.integers(1, 4))):
        k = data.draw(st.integers(0, len(words) - 1))
        words[k] = data.draw(
            st.sampled_from(
                [
                    "",
                    "0",
                    "1",
                    "-1",
                    "7",
                    "999999999",
                    "1e9",
                    "x",
                    "*",
                    "\n",
                    "2.5",
                    "\u0663",
                    ":",
                    "99999999999999999999",
                ]
            )
        )
    words = words[: data.draw(st.integers(1, len(words)))]
    path = tmp_path_factory.mktemp("fuzz") / data.draw(st.sampled_from(["x.sm", "x.rcp"]))
    path.write_text("".join(words))
    try:
        p = read_instance(path)
    except GigasiteError as error:
        assert str(path) in str(error)
    else:
        assert isinstance(feasible(p, np.zeros(p.n, np.int64), np.zeros(p.n, np.int64)), list)


@settings(max_examples=200)
@given(text=st.text(max_size=200))
def test_any_text_gives_a_problem_or_a_message(text: str) -> None:
    for name in readers.names():
        try:
            readers[name]().read(text, "any")
        except GigasiteError as error:
            assert "any" in str(error) or "activity" in str(error) or "cycle" in str(error) or "resource" in str(error)


def run(*args: str) -> tuple[int, str]:
    try:
        result = CliRunner().invoke(app, ["schedule", *args])
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if isinstance(result.exception, GigasiteError):
        return 2, str(result.exception)  # as `main` does
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.stdout


def test_the_verb_prints_one_object(tmp_path: Path) -> None:
    code, out = run("solve", str(file(tmp_path, MM, "case.mm")), "--seconds", "10", "--json")
    assert code == 0
    made = json.loads(out)
    # 2 in its fast mode and then 3: side by side would take 4 of resource 1 for the thrifty modes, and 5 slots; N 1 allows
    assert (made["makespan"], made["lower_bound"], made["optimal"], made["gap_frac"]) == (5, 5, True, 0.0) or made[
        "optimal"
    ]
    p = read_instance(tmp_path / "case.mm")
    assert feasible(p, np.array(made["starts"]), np.array(made["modes"]) - 1) == []
    assert {"seconds", "cpu_seconds", "history", "instance"} < set(made)


def test_the_verb_answers_people_too(tmp_path: Path) -> None:
    code, out = run("solve", str(file(tmp_path, RCP)), "--seconds", "10", "--workers", "1")
    assert code == 0
    assert "9 slots, the shortest there is" in out
    assert "0 0 3 5 9" in out or "0 2 0 5 9" in out


def test_the_verb_refuses_what_it_cannot_read(tmp_path: Path) -> None:
    code, text = run("solve", str(file(tmp_path, RCP.replace("5 2", "6 2"))), "--seconds", "1")
    assert code == 2
    assert "x.txt:7:" in text
