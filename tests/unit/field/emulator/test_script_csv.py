"""Scripts of faults as CSV: the same as in YAML, every mistake with its line, and no text that ends in a traceback."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gigasite._core.errors import CampusFileError, GigasiteError, InputFileError
from gigasite.campus.battery_emulator import EmulatorFault
from gigasite.field.emulator.fault import fault_of, faults
from gigasite.field.emulator.load import load_fleet
from gigasite.field.emulator.script_csv import faults_of, read_faults

GOOD = """# a night at the site
Time,Kind,Units,For,by,jitter,code,only_soc,point,to,behaviour,factor,
10 s,black-hole,10 %,5 s
30 s,slow,3,,300 ms,100 ms
1 min,exception,"1-3, 7",2 s,,,6
70 s,frozen,all,1 s,,,,yes

80 s,torn,,1 s,,,,,704.WSet
90 s,soc,2,1 s,,,,,,101 %
95 s,watchdog,2,1 s,,,,,,,late,2.5,
"""


def test_a_table_is_a_script(tmp_path: Path) -> None:
    path = tmp_path / "night.CSV"
    path.write_text("\ufeff" + GOOD.replace("\n", "\r\n"), encoding="utf-8")
    table = read_faults(path)
    assert [f.fault.kind for f in table.faults] == [
        "black-hole", "slow", "exception", "frozen", "torn", "soc", "watchdog",
    ]  # fmt: skip
    assert table.lines == (3, 4, 5, 6, 8, 9, 10)
    assert table.faults[2] == EmulatorFault(at_s=60.0, for_s=2.0, units="1-3, 7", fault=table.faults[2].fault)
    assert (table.faults[1].for_s, table.faults[4].units) == (None, "all")
    frozen: Any = fault_of(table.faults[3].fault)
    watchdog: Any = fault_of(table.faults[6].fault)
    assert (frozen.only_soc, watchdog.behaviour, watchdog.factor) == (True, "late", 2.5)
    load_fleet(None, path, {"units": "10"}, lockstep=True)


HEAD = "time,kind,units,for,by,point,model,only_soc\n"


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("", 1, "needs a column 'time'"),
        ("# nothing\n\n", 1, "needs a column 'time'"),
        ("time,units\n", 1, "needs a column 'kind'"),
        ("time,kind,colour\n", 1, "no column is called 'colour'"),
        ("time,kind,jiter\n", 1, "did you mean 'jitter'"),
        ("time,at,kind\n", 1, "two columns for 'time'"),
        ("for,duration,time,kind\n", 1, "two columns for 'for'"),
        (HEAD + "1 s,sloow\n", 2, "did you mean 'slow'"),
        (HEAD + "1 s,\n1 s,,all\n", 3, "kind: is missing"),
        (HEAD + "10,slow\n", 2, "time: "),
        (HEAD + "-1 s,slow\n", 2, "time: "),
        (HEAD + "1e9 s,slow\n", 2, "at most"),
        (HEAD + ",slow\n", 2, "such as 10 s"),
        (HEAD + "1 s,slow,,5\n", 2, "for: "),
        (HEAD + "1 s,slow,,,300\n", 2, "by: "),
        (HEAD + "1 s,slow,,,100 s\n", 2, "must lie between"),
        (HEAD + "1 s,silent,,,1 s\n", 2, "by: unknown setting"),
        (HEAD + "1 s,frozen,,,,,,perhaps\n", 2, "true or false"),
        (HEAD + "1 s,slow,,,,,,,too,many\n", 2, "more cells"),
        (HEAD + '1 s,trip\n"1\ns",slow,9\n2 s,trip,9\n', 3, "names no units of 1 to 2"),
        (HEAD + "1 s,trip\n1 s,register,,,,WSet,704\n", 3, "is what clients write"),
        (HEAD + "1 s,torn,,,,704.WSett\n", 2, "did you mean '704.WSet'"),
    ],
)
def test_every_mistake_has_its_line(tmp_path: Path, text: str, line: int, words: str) -> None:
    path = tmp_path / "night.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(CampusFileError) as told:
        load_fleet(None, path, {"units": "2"})
    assert told.value.problems[0 if line != 3 or "missing" not in words else -1].line == line
    assert words in str(told.value)
    assert f"night.csv:{line}: " in str(told.value)


def test_all_mistakes_are_told_at_once_and_what_is_no_csv_by_its_line(tmp_path: Path) -> None:
    with pytest.raises(CampusFileError) as told:
        faults_of(HEAD + "1,slow,,5,1\n1 s,nothing\n", "n.csv")
    assert [(p.line, p.key) for p in told.value.problems] == [(2, "by"), (2, "for"), (2, "time"), (3, "kind")]
    for text, line in (
        (HEAD + '1 s,"slow\n', 2),
        (HEAD + '1 s,trip\n1 s,"sl"ow\n', 3),
        (HEAD + "1 s," + "x" * 200_000, 2),
    ):
        with pytest.raises(InputFileError, match="no CSV") as found:
            faults_of(text, "n.csv")
        assert found.value.line == line
    with pytest.raises(InputFileError, match="one row too many"):
        faults_of(HEAD + "1 s,trip\n" * 10_001, "n.csv")
    (tmp_path / "n.csv").write_bytes(b"time,kind\n1 s,\xff\xfe")
    with pytest.raises(InputFileError, match="UTF-8"):
        read_faults(tmp_path / "n.csv")
    with pytest.raises(InputFileError, match="cannot be read"):
        read_faults(tmp_path / "absent.csv")


SETTINGS: list[tuple[str, dict[str, Any]]] = [
    ("trip", {}), ("slow", {"by": "300 ms", "jitter": "1 s"}), ("exception", {"code": 11}), ("lossy", {"share": "5 %"}),
    ("frozen", {"only_soc": True}), ("register", {"model": 701, "point": "W", "value": 32767}), ("soc", {"to": "101 %"}),
    ("second-master", {"set": "-100 kW", "every": "1 s"}), ("watchdog", {"behaviour": "late", "factor": 0.5}),
    ("torn", {"point": "704.WSet", "share": 0.5}), ("frequency", {"to": "0 Hz"}),
]  # fmt: skip
rows = st.tuples(
    st.sampled_from(SETTINGS),
    st.integers(0, 10**9),
    st.none() | st.integers(0, 10**9),
    st.sampled_from(["", "all", "3", "1-4", "1-2, 5", "20 %"]),
)


@given(st.lists(rows, max_size=8), st.randoms(use_true_random=False))
def test_what_a_table_says_is_what_a_settings_file_says(
    tmp_path_factory: pytest.TempPathFactory, script: list[Any], dice: Any
) -> None:
    folder = tmp_path_factory.mktemp("both")
    columns = ["time", "kind", "units", "for", *sorted({k for (_, s), *_ in script for k in s})]
    dice.shuffle(columns)
    text = io.StringIO()
    writer = csv.DictWriter(text, columns)
    writer.writeheader()
    lines = []
    for (kind, settings), at, lasts, units in script:
        cells = {k: str(v) for k, v in settings.items()}
        row = {"time": f"{at} ms", "kind": kind, "units": units, "for": "" if lasts is None else f"{lasts} ms"}
        writer.writerow(row | cells)
        own = ", ".join(f"{k}: {'true' if v is True else repr(v)}" for k, v in settings.items())
        more = f", units: {units!r}" * bool(units) + (f", for: {lasts} ms" if lasts is not None else "")
        lines.append(f"  - {{at: {at} ms{more}, fault: {{kind: {kind}{', ' * bool(own)}{own}}}}}\n")
    (folder / "n.csv").write_text(text.getvalue(), encoding="utf-8", newline="")
    (folder / "n.yaml").write_text("faults:\n" + "".join(lines) if lines else "faults: []\n", encoding="utf-8")
    fleets = [load_fleet(None, folder / name, {"units": "5"}, lockstep=True) for name in ("n.csv", "n.yaml")]
    assert fleets[0]._script._heap == fleets[1]._script._heap
    assert len(fleets[0]._script._heap) == len(script)


@given(cut=st.integers(0, len(GOOD)), junk=st.text(max_size=12), at=st.integers(0, len(GOOD)), gone=st.integers(0, 30))
def test_a_damaged_table_is_read_or_refused_by_line(cut: int, junk: str, at: int, gone: int) -> None:
    text = GOOD[:at] + junk + GOOD[at + gone :]
    for damaged in (text, text[:cut]):
        try:
            table = faults_of(damaged, "n.csv")
        except GigasiteError as error:
            assert str(error).startswith("n.csv:")
        else:
            assert len(table.lines) == len(table.faults)
            for f in table.faults:
                assert f.fault.kind in faults
                assert fault_of(f.fault) is not None


@given(st.text(max_size=200))
def test_any_text_is_refused_as_a_file(text: str) -> None:
    with pytest.raises(GigasiteError, match=r"^n\.csv:"):
        faults_of(text, "n.csv")
