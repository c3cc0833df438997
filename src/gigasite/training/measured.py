"""Measured power traces: nvidia-smi logs of the GPUs of one server, and plain CSV with a unit in the header."""

from __future__ import annotations

import gzip
import io
import re
import zlib
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from gigasite._core.errors import InputFileError
from gigasite._core.files import read_bytes
from gigasite._core.finding import Finding, Severity
from gigasite.training.step import step
from gigasite.training.types import LoadTrace

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gigasite.campus.schema import Campus
    from gigasite.design.types import Design

MOST_BYTES = 1024**3
MOST_ROWS = 50_000_000
NVML_GRID_S = 0.1
NVML_RESOLUTION_S = 1.0  # Hopper's meter reports about a 1-s average; estimate, content above 1 Hz is below 2 %
FEWEST_ROWS = 4
_FACTOR = {"w": 1.0, "kw": 1e3, "mw": 1e6}
_NUMBER = re.compile(r"\s*([-+]?[\d.]+(?:[eE][-+]?\d+)?)\s*([A-Za-z%]*)\s*")


def read_trace(path: str | Path, *, gpus: int | None = None) -> LoadTrace:
    """Read a measured trace.

    Parameters
    ----------
    path
        CSV, may be gzipped. Either an nvidia-smi log (`timestamp, power.draw [W], ...`, rows of the GPUs in turn) or
        a table with a time column (`t_s`, `time_s`, `t`, `time`) and a power column whose header names its unit
        (`power_w`, `load [MW]`, `p_kw`).
    gpus
        GPUs that were measured; default: those of an nvidia-smi scan, else 1.

    Returns
    -------
    LoadTrace
        `kind="samples"`, power [W] of what was measured.

    Raises
    ------
    InputFileError
        With file and line: not a table, no unit, time that runs back, negative power, NaN, too short.
    """
    place = Path(path)
    text = _text(place)
    lines = text.splitlines()
    if not lines:
        raise InputFileError(str(place), 0, "is empty")
    header = [h.strip() for h in lines[0].split(",")]
    if len(lines) - 1 > MOST_ROWS:
        raise InputFileError(str(place), 0, f"has {len(lines) - 1:,} rows; at most {MOST_ROWS:,} are read")
    if any(h.startswith("power.draw") for h in header):
        return _nvidia_smi(place, header, lines, gpus)
    return _table(place, header, lines, gpus)


def _text(place: Path) -> str:
    data = read_bytes(place, MOST_BYTES)
    if data[:2] == b"\x1f\x8b":
        try:
            with gzip.open(io.BytesIO(data)) as packed:
                data = packed.read(MOST_BYTES + 1)
        except (OSError, EOFError, zlib.error) as error:
            raise InputFileError(str(place), 0, f"is a damaged gzip file: {error}") from error
        if len(data) > MOST_BYTES:
            raise InputFileError(str(place), 0, "unpacks to more than 1 GB; cut it or thin it")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise InputFileError(str(place), line, "is not text in UTF-8") from error


def _nvidia_smi(place: Path, header: list[str], lines: list[str], gpus: int | None) -> LoadTrace:
    column = next(i for i, h in enumerate(header) if h.startswith("power.draw"))
    if "[w]" not in header[column].lower():
        raise InputFileError(str(place), 1, f"column '{header[column]}' must be in [W]")
    times, power = [], []
    for number, line in enumerate(lines[1:], start=2):
        if not line.strip():
            continue
        cells = line.split(",")
        if len(cells) < len(header):
            raise InputFileError(str(place), number, f"has {len(cells)} of {len(header)} columns; is the file cut off?")
        times.append(_clock(place, number, cells[0].strip()))
        power.append(_watts(place, number, cells[column], "w"))
    count = gpus or _gpus_per_scan(np.array(times))
    scans = len(times) // count
    if scans < FEWEST_ROWS:
        raise InputFileError(str(place), 0, f"has {scans} scans of {count} GPUs; {FEWEST_ROWS} or more are needed")
    t = np.array(times[: scans * count]).reshape(scans, count).mean(axis=1)
    p = np.array(power[: scans * count]).reshape(scans, count).sum(axis=1)
    _ascending(place, t, count)
    grid = np.arange(0.0, t[-1] - t[0], NVML_GRID_S)
    return _trace(place, grid, np.interp(grid, t - t[0], p), count, NVML_RESOLUTION_S, [_blind(place)])


def _blind(place: Path) -> Finding:
    return Finding(
        severity=Severity.warning, chapter="training", where=place.name,
        what="this meter averages over about a second: what swings faster than 0.5 Hz is not in the trace",
        limit="0.5 Hz", found=f"{NVML_RESOLUTION_S:g} s averages",
        remedy="take battery power from the synthetic job or from a millisecond recording",
    )


def _gpus_per_scan(times: NDArray[np.float64]) -> int:
    """Return rows per scan: rows of one scan lie within a few milliseconds of each other."""
    gaps = np.diff(times[: min(len(times), 4000)])
    big = np.flatnonzero(gaps > 0.5 * np.quantile(gaps, 0.99)) if len(gaps) else np.array([])
    if len(big) < 2:
        return 1
    sizes, counts = np.unique(np.diff(big), return_counts=True)
    return int(sizes[np.argmax(counts)])


def _clock(place: Path, number: int, text: str) -> float:
    for shape in ("%Y/%m/%d %H:%M:%S.%f", "%Y-%m-%d %H:%M:%S.%f", "%Y-%m-%dT%H:%M:%S.%f"):
        try:
            moment = datetime.strptime(text, shape)  # noqa: DTZ007  # logs carry no zone; only differences are used
        except ValueError:
            continue
        return (moment - datetime(2000, 1, 1)).total_seconds()  # noqa: DTZ001  # as above
    raise InputFileError(str(place), number, f"'{text[:40]}' is no time such as 2025/07/27 00:22:27.858")


def _watts(place: Path, number: int, text: str, unit: str) -> float:
    found = _NUMBER.fullmatch(text)
    try:
        value = float(found[1]) if found else float("nan")
    except ValueError:
        value = float("nan")
    given = found[2].lower() if found and found[2] else unit
    if not np.isfinite(value) or given not in _FACTOR:
        raise InputFileError(str(place), number, f"'{text.strip()[:40]}' is no power in {unit.upper()}")
    if value < 0:
        raise InputFileError(str(place), number, f"power {text.strip()[:40]} is negative; a load is positive")
    return value * _FACTOR[given]


def _unit(header: str) -> str:
    found = re.search(r"(?:\[|_|\(| )(w|kw|mw)[\])]?$", header.strip().lower())
    return found[1] if found else ""


def _table(place: Path, header: list[str], lines: list[str], gpus: int | None) -> LoadTrace:
    names = [h.lower() for h in header]
    time = next((i for i, h in enumerate(names) if re.fullmatch(r"(t|time|timestamp)(_s| ?\[s\])?", h)), None)
    power = next((i for i, h in enumerate(names) if _unit(h) and i != time), None)
    if time is None or power is None:
        raise InputFileError(
            str(place), 1, "needs a column t_s and a power column whose header names its unit, such as power_w or "
            f"'load [MW]'; found: {', '.join(header)[:120]}"
        )
    t, p = [], []
    for number, line in enumerate(lines[1:], start=2):
        if not line.strip():
            continue
        cells = line.split(",")
        if len(cells) <= max(time, power):
            raise InputFileError(str(place), number, f"has {len(cells)} of {len(header)} columns; is the file cut off?")
        t.append(_seconds(place, number, cells[time]))
        p.append(_watts(place, number, cells[power], _unit(names[power])))
    if len(t) < FEWEST_ROWS:
        raise InputFileError(str(place), 0, f"has {len(t)} rows; {FEWEST_ROWS} or more are needed")
    at = np.array(t)
    _ascending(place, at, 1)
    dt = float(np.median(np.diff(at)))
    return _trace(place, at - at[0], np.array(p), gpus or 1, dt, [])


def _seconds(place: Path, number: int, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        return _clock(place, number, text.strip())
    if not np.isfinite(value):
        raise InputFileError(str(place), number, f"time '{text.strip()[:20]}' is not finite")
    return value


def _ascending(place: Path, t: NDArray[np.float64], rows_each: int) -> None:
    back = np.flatnonzero(np.diff(t) <= 0)
    if len(back):
        line = int(back[0] + 1) * rows_each + 2
        raise InputFileError(str(place), line, "time does not go forward here; sort the rows and drop repeats")


def _trace(
    place: Path, t: NDArray[np.float64], p: NDArray[np.float64], gpus: int, resolution: float, found: list[Finding]
) -> LoadTrace:
    duration = float(t[-1])
    return LoadTrace(
        kind="samples", at_s=t, power_w=p, before_w=float(p[0]), edge_s=0.0, duration_s=duration,
        resolution_s=resolution, source=place.name, gpus=gpus, phases=((0.0, duration, "measured"),), step=None,
        findings=tuple(found),
    )


def scaled(trace: LoadTrace, campus: Campus, design: Design, gpus: int | None = None) -> LoadTrace:
    """Return the load of the campus as if each of its GPUs behaved like the measured ones on average.

    IT power = (measured GPU power per GPU x GPUs) + the rest of the servers and racks, which is the design's typical
    power less `compute_tdp` of the GPUs. It assumes that the rest does not swing and that all GPUs are in step.
    """
    count = gpus or campus.compute.gpus
    gpu = campus.catalogue.gpus[campus.catalogue.servers[campus.compute.server].gpu]
    rest = design.power.it_typical_w * count / campus.compute.gpus
    rest = max(rest - campus.training.compute_tdp_frac * gpu.tdp_w * count, 0.0)
    power = trace.power_w / trace.gpus * count + rest
    return LoadTrace(
        kind=trace.kind, at_s=trace.at_s, power_w=power, before_w=float(power[0]), edge_s=trace.edge_s,
        duration_s=trace.duration_s, resolution_s=trace.resolution_s, source=trace.source, gpus=count,
        phases=trace.phases, step=step(campus, count), findings=trace.findings,
    )


def calibrate(trace: LoadTrace) -> dict[str, float]:
    """Return the levels that a trace shows, per GPU [W]: idle (2nd percentile of all), wait and compute (5th and 95th
    percentile while active), highest.

    Active is between the first and the last time the GPUs together exceed 150 W each.
    """
    each = trace.power_w / trace.gpus
    active = np.flatnonzero(each > 150.0)
    part = each[active[0] : active[-1] + 1] if len(active) else each
    return {
        "idle_w": float(np.quantile(each, 0.02)), "wait_w": float(np.quantile(part, 0.05)),
        "compute_w": float(np.quantile(part, 0.95)), "highest_w": float(each.max()),
    }
