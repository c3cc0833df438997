from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gigasite._core.errors import GigasiteError, InputFileError
from gigasite.training import read_trace, scaled

if TYPE_CHECKING:
    from pathlib import Path

    from gigasite.campus.schema import Campus
    from gigasite.design.types import Design

SMI = "timestamp, power.draw [W], utilization.gpu [%]\n"


def smi_log(scans: int = 30, gpus: int = 4) -> str:
    rows = [
        f"2025/07/27 00:22:{27 + (k * 100 + g) // 1000:02d}.{(k * 100 + g) % 1000:03d}, {70 + k + g:.2f} W, 0 %\n"
        for k in range(scans)
        for g in range(gpus)
    ]
    return SMI + "".join(rows)


def write(folder: Path, text: str | bytes, name: str = "x.csv") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_smi_log_sums_gpus_on_a_grid_and_says_what_it_cannot_show(tmp_path: Path) -> None:
    trace = read_trace(write(tmp_path, smi_log()))
    assert trace.gpus == 4
    np.testing.assert_allclose(np.diff(trace.at_s), 0.1)
    np.testing.assert_allclose(trace.power_w[:3], [286.0, 290.0, 294.0])  # 4 x 70 + 6 + 4 k
    assert trace.resolution_s == 1.0
    assert "0.5 Hz" in trace.findings[0].what


def test_gzip_and_byte_order_mark_read_the_same(tmp_path: Path) -> None:
    plain = read_trace(write(tmp_path, smi_log()))
    packed = write(tmp_path, gzip.compress(smi_log().encode("utf-8-sig")), "x.csv.gz")
    np.testing.assert_array_equal(read_trace(packed).power_w, plain.power_w)


@pytest.mark.parametrize(
    ("header", "factor"),
    [
        ("t_s,power_w", 1.0),
        ("time,load [MW]", 1e6),
        ("timestamp,p_kw", 1e3),
        ("t_s,p_mw", 1e6),
        ("t,power [mW]", 1e-3),
        ("Time [s],Power (kW)", 1e3),
        ("t_s,other,power W", 1.0),
    ],
)
def test_plain_tables_name_their_unit(tmp_path: Path, header: str, factor: float) -> None:
    middle = ",9" if "other" in header else ""
    rows = "".join(f"{k / 10 + 5},{middle[1:] + ',' if middle else ''}{k}\r\n" for k in range(6))
    trace = read_trace(write(tmp_path, f"{header}\r\n{rows}"), gpus=2)
    np.testing.assert_allclose(trace.power_w, factor * np.arange(6))
    np.testing.assert_allclose(trace.at_s, np.arange(6) / 10, atol=1e-12)
    assert (trace.gpus, trace.resolution_s) == (2, pytest.approx(0.1))


ROWS = "0,1\n1,2\n2,3\n3,4\n"
BAD = [
    ("", 0, "empty"),
    ("\n\n  \n", 0, "empty"),
    ("t_s,power\n" + ROWS, 1, "power column with its unit"),
    ("when,power_w\n" + ROWS, 1, "time column"),
    ("t_s,power_w\n0,1\n1,2\n2,3\n", 0, "has 3 rows"),
    ("t_s,power_w\n0,1\n1,2\n0.5,3\n3,4\n", 4, "forward"),
    ("t_s,power_w\n0,1\n\n1,2\n1,3\n3,4\n", 5, "forward"),
    ("t_s,power_w\n0,1\n1,nan\n2,3\n3,4\n", 3, "no power"),
    ("t_s,power_w\n0,1\n1,-5\n2,3\n3,4\n", 3, "negative"),
    ("t_s,power_w\n0,1\n1\n2,3\n3,4\n", 3, "cut off"),
    ("t_s,power_w\n0,1\nx,2\n2,3\n3,4\n", 3, "no time"),
    ("t_s,power_w\n0,1\ninf,2\n2,3\n3,4\n", 3, "not finite"),
    ("t_s,power_w\n0,1\n1,3 V\n2,3\n3,4\n", 3, "no power"),
    ("t_s,power_w\n0,1\n1,1e999\n2,3\n3,4\n", 3, "no power"),
    (SMI + "2025/07/27 00:22:27.858, [N/A], 0 %\n", 2, "no power"),
    (SMI.replace("[W]", ""), 1, r"\[W\]"),
    ("power.draw [W]\n1 W\n", 1, "timestamp"),
    (b"\x00\x01\x02binary\xff", 1, "binary"),
    (b"t_s,power_w\n0,1\n1,\xff\n", 3, "UTF-8"),
    (gzip.compress(smi_log().encode())[:-30], 0, "damaged gzip"),
    (b"\x1f\x8bnonsense", 0, "damaged gzip"),
]


@pytest.mark.parametrize(("text", "line", "message"), BAD)
def test_bad_files_name_file_and_line(tmp_path: Path, text: str | bytes, line: int, message: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(InputFileError, match=message) as caught:
        read_trace(path)
    assert (caught.value.file, caught.value.line) == (str(path), line)


def test_absent_file_and_folder(tmp_path: Path) -> None:
    for path in (tmp_path / "none.csv", tmp_path):
        with pytest.raises(InputFileError, match="cannot be read"):
            read_trace(path)


@given(where=st.integers(0, 3000), text=st.text(max_size=5), cut=st.integers(0, 4000))
def test_any_damage_reads_or_is_an_input_error(
    tmp_path_factory: pytest.TempPathFactory, where: int, text: str, cut: int
) -> None:
    log = smi_log()
    damaged = (log[:where] + text + log[where:])[:cut]
    folder = tmp_path_factory.mktemp("damaged")
    path = folder / "x.csv"
    path.write_bytes(damaged.encode("utf-8", "surrogatepass"))
    try:
        trace = read_trace(path)
    except GigasiteError:
        return
    assert (trace.power_w >= 0).all()
    assert (np.diff(trace.at_s) > 0).all()


def test_scaled_adds_the_rest_of_the_servers(tmp_path: Path, lab: tuple[Campus, Design]) -> None:
    campus, design = lab
    n = campus.compute.gpus
    gpu = campus.catalogue.gpus[campus.catalogue.servers[campus.compute.server].gpu]
    plateau_w = campus.training.compute_tdp_frac * gpu.tdp_w
    rows = "".join(f"{k},{4 * plateau_w}\n" for k in range(5))
    trace = read_trace(write(tmp_path, f"t_s,power_w\n{rows}"), gpus=4)
    # a node whose GPUs compute all the time makes the campus's typical power
    whole = scaled(trace, campus, design)
    np.testing.assert_allclose(whole.power_w, design.power.it_typical_w)
    half = scaled(trace, campus, design, n // 2)
    np.testing.assert_allclose(half.power_w, design.power.it_typical_w / 2)
    assert (whole.gpus, half.gpus, whole.resolution_s) == (n, n // 2, trace.resolution_s)
