"""Measured power traces: nvidia-smi logs, and plain CSV with a unit in the header.

`read_trace` gives what was measured, `scaled` makes it the load of a campus; `calibrate.py`
compares it with the levels of the synthetic job.
"""

from __future__ import annotations

import csv
import gzip
import io
import re
import zlib
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from gigasite._core.errors import InfeasibleError, InputFileError
from gigasite._core.files import read_bytes
from gigasite._core.finding import Finding, Severity
from gigasite.training.columns import WATTS, columns_of, power_unit
from gigasite.training.step import step
from gigasite.training.types import LoadTrace

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from gigasite.campus.schema import Campus
    from gigasite.design.types import Design

MOST_BYTES = 512 * 1024**2  # about 10 million rows of eight GPUs: a day at 0.1 s
MOST_ROWS = 10_000_000
FEWEST_ROWS = 4
MOST_GPUS = 1024  # of one scan: more is no scan of one node or rack
GAP = 10.0
"""A step so many times the usual one is a gap."""
NVML_GRID_S = 0.1
# Hopper's meter reports about a 1-s average: estimate; less than 2 % of the energy of fluctuation
# in public logs lies above 1 Hz.
NVML_RESOLUTION_S = 1.0
_NUMBER = re.compile(r"([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*([A-Za-z%]*)")
_ZERO = datetime(2000, 1, 1, tzinfo=UTC)  # only differences are used
MOST_W = 1e12
"""No site draws a terawatt: a slip of a unit, or a damaged file."""
LATEST_S = 1e11
"""Numbers above it in a time column without a unit are counts of ms or us since 1970, not seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Columns of a file and the line of each row."""

    file: str
    line: NDArray[np.int64]
    t_s: NDArray[np.float64]
    power_w: NDArray[np.float64]
    dated: bool = False
    """Time was given as dates, which need no unit."""


def read_trace(path: str | Path, *, gpus: int | None = None) -> LoadTrace:
    """Read a measured trace.

    Parameters
    ----------
    path
        CSV in UTF-8 (comma, semicolon or tab), may be gzipped; or Parquet with the columns of the second
        kind. Either an nvidia-smi log (`timestamp, power.draw [W], ...`, rows of the GPUs in turn) or a table
        with a time column (`t_s`, `t_ms`, `time [s]`, or `timestamp` with dates) and a power column whose header
        names its unit (`power_w`, `p_kw`, `load [MW]`).
    gpus
        GPUs that were measured; default: those of an nvidia-smi scan, else 1.

    Returns
    -------
    LoadTrace
        `kind="samples"`, power [W] of what was measured, time from its first sample on.

    Raises
    ------
    InputFileError
        With file and line: not a table, no unit, time that runs back, negative power, NaN, above 1 TW, too
        short, too large, damaged.
    """
    place = Path(path)
    if gpus is not None and not 1 <= gpus <= 10_000_000:
        raise InputFileError(str(place), 0, f"cannot be of {gpus} GPUs")
    if place.suffix.lower() == ".parquet":
        from gigasite.training.trace_parquet import read_parquet  # noqa: PLC0415  # it imports this module

        rows, found = read_parquet(place)
        return _from_rows(place, rows, gpus, found)
    text = _text(place)
    if not text.strip():
        raise InputFileError(str(place), 0, "is empty; a header and rows of samples are needed")
    cells = _cells(place, text)
    _, first = next(cells)
    header = [h.strip() for h in first]
    if any(h.startswith("power.draw") for h in header):
        return _nvidia_smi(place, header, cells, gpus)
    return _table(place, header, cells, gpus)


def _text(place: Path) -> str:
    data = read_bytes(place, MOST_BYTES)
    if data[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        raise InputFileError(str(place), 1, "is text in UTF-16; save it as UTF-8")
    if data[:2] == b"\x1f\x8b":
        try:
            with gzip.open(io.BytesIO(data)) as packed:
                data = packed.read(MOST_BYTES + 1)
        except (OSError, EOFError, zlib.error) as error:
            raise InputFileError(str(place), 0, f"is a damaged gzip file: {error}") from error
        if len(data) > MOST_BYTES:
            most = f"{MOST_BYTES / 1e6:.0f} MB"
            raise InputFileError(str(place), 0, f"unpacks to more than {most}; cut or thin it")
    if b"\0" in data:
        line = data.count(b"\n", 0, data.index(b"\0")) + 1
        raise InputFileError(str(place), line, "is a binary file, not a table of text")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise InputFileError(str(place), line, "is not text in UTF-8") from error


def _cells(place: Path, text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield line number and cells of every row that is not blank."""
    head = text.lstrip().split("\n", 1)[0]
    mark = next((m for m in (",", ";", "\t") if m in head), ",")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=mark, skipinitialspace=True)
    count = 0
    try:
        for row in reader:
            if not any(cell.strip() for cell in row):
                continue
            count += 1
            if count > MOST_ROWS + 1:
                what = f"has more than {MOST_ROWS:,} rows; cut or thin it"
                raise InputFileError(str(place), reader.line_num, what)
            yield reader.line_num, row
    except csv.Error as error:
        raise InputFileError(str(place), reader.line_num, f"is no CSV: {error}") from error


def _rows(
    place: Path, cells: Iterator[tuple[int, list[str]]], columns: tuple[int, int], unit: str, scale: float = 1.0
) -> Rows:
    """Read time (in `scale` seconds) and power; every bad cell is an error with its line."""
    time, power = columns
    lines: list[int] = []
    dated = False
    t: list[float] = []
    p: list[float] = []
    for number, row in cells:
        if len(row) <= max(time, power):
            what = f"has {len(row)} columns, not {max(time, power) + 1} or more; is it cut off?"
            raise InputFileError(str(place), number, what)
        dated = dated or (not lines and not _is_number(row[time]))
        t.append(seconds(place, number, row[time].strip(), scale))
        p.append(_watts(place, number, row[power].strip(), unit))
        lines.append(number)
    if len(t) < FEWEST_ROWS:
        what = f"has {len(t)} rows; {FEWEST_ROWS} or more are needed"
        raise InputFileError(str(place), 0, what)
    return Rows(file=str(place), line=np.array(lines, np.int64), t_s=np.array(t), power_w=np.array(p), dated=dated)


def _nvidia_smi(place: Path, header: list[str], cells: Iterator[tuple[int, list[str]]], gpus: int | None) -> LoadTrace:
    power = next(i for i, h in enumerate(header) if h.startswith("power.draw"))
    if "timestamp" not in header:
        raise InputFileError(str(place), 1, "has no column 'timestamp': log it with nvidia-smi")
    if power_unit(header[power]) != "W":
        what = f"column '{header[power][:40]}' must be in [W]: log without 'nounits'"
        raise InputFileError(str(place), 1, what)
    rows = _rows(place, cells, (header.index("timestamp"), power), "W")
    count = gpus or _gpus_per_scan(rows)
    scans = len(rows.t_s) // count
    if scans < FEWEST_ROWS:
        what = f"has {scans} scans of {count} GPUs; {FEWEST_ROWS} or more are needed"
        raise InputFileError(str(place), 0, what)
    used = scans * count
    t = rows.t_s[:used].reshape(scans, count).mean(axis=1)
    p = rows.power_w[:used].reshape(scans, count).sum(axis=1)
    _forward(rows.file, t, rows.line[:used:count])
    points = int((t[-1] - t[0]) / NVML_GRID_S + 1e-9) + 1
    grid = np.asarray(np.arange(points) * NVML_GRID_S, dtype=np.float64)
    if len(grid) < FEWEST_ROWS:
        raise InputFileError(str(place), 0, f"lasts {t[-1] - t[0]:g} s; 0.4 s or more are needed")
    if len(grid) > 2 * MOST_ROWS:
        raise InputFileError(str(place), 0, f"spans {t[-1] - t[0]:,.0f} s; cut it")
    power_w = np.asarray(np.interp(grid, t - t[0], p), dtype=np.float64)
    return _trace(place, grid, power_w, (count, NVML_RESOLUTION_S), [_blind(place)])


def _blind(place: Path) -> Finding:
    return Finding(
        severity=Severity.warning,
        chapter="training",
        where=place.name,
        what="this meter averages over about a second: swings above 0.5 Hz are not in the trace",
        limit="0.5 Hz",
        found=f"{NVML_RESOLUTION_S:g} s averages",
        remedy="take battery power from the synthetic job or from a millisecond recording",
    )


def _gpus_per_scan(rows: Rows) -> int:
    """Return rows per scan: rows of one scan follow each other closely, then comes a pause.

    A scan is at times torn (its rows spread over a second), so the commonest distance between two
    pauses is taken. The pause is told by the larger of two groups of gaps, split half way.
    """
    gaps = np.diff(rows.t_s[: 16 * MOST_GPUS])
    if not len(gaps) or gaps.max() <= 0.0:
        return 1
    pause = float(np.quantile(gaps, 0.99))
    long = np.flatnonzero(gaps > 0.5 * pause)
    if len(long) < FEWEST_ROWS - 1:
        return 1
    sizes, counts = np.unique(np.diff(long), return_counts=True)
    return int(sizes[np.argmax(counts)])


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _clock(place: Path, number: int, text: str) -> float:
    try:
        moment = datetime.fromisoformat(text.replace("/", "-"))
        zoned = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
        return (zoned - _ZERO).total_seconds()
    except (ValueError, OverflowError):
        what = f"'{text[:40]}' is no time: write a number, or a date such as 2025-07-27 00:22:27.858"
        raise InputFileError(str(place), number, what) from None


def seconds(place: Path, number: int, text: str, scale: float = 1.0) -> float:
    """Read a moment [s]: a number in `scale` seconds, or a date; line `number` is for the message."""
    try:
        value = float(text) * scale
    except ValueError:
        return _clock(place, number, text)
    if not np.isfinite(value):
        raise InputFileError(str(place), number, f"time '{text[:20]}' is not finite")
    return value


def _watts(place: Path, number: int, text: str, unit: str) -> float:
    found = _NUMBER.fullmatch(text)
    given = (found[2] or unit) if found else ""
    value = float(found[1]) * WATTS.get(given, np.nan) if found else np.nan
    if not np.isfinite(value):
        comma = ": write decimals with a point" if re.fullmatch(r"\s*-?\d+,\d+.*", text) else ""
        raise InputFileError(str(place), number, f"'{text[:40]}' is no power in {unit}{comma}")
    if value < 0:
        what = f"power {text[:40]} is negative; a load is positive"
        raise InputFileError(str(place), number, what)
    if value > MOST_W:
        raise InputFileError(str(place), number, too_large(value))
    return value


def too_large(power_w: float) -> str:
    """Say that no site draws so much."""
    return f"{power_w / 1e6:.3g} MW is above {MOST_W / 1e6:,.0f} MW, which no site draws: is the unit right?"


def _table(place: Path, header: list[str], cells: Iterator[tuple[int, list[str]]], gpus: int | None) -> LoadTrace:
    c = columns_of(str(place), header)
    rows = _rows(place, cells, (c.time, c.power), c.unit, c.seconds)
    return _from_rows(place, rows, gpus, [*c.findings, *([] if c.named or rows.dated else without_unit(place, rows))])


def without_unit(place: Path, rows: Rows) -> list[Finding]:
    """Say that a time column without a unit was read as seconds; refuse it where it can be none.

    Raises
    ------
    InputFileError
        Its numbers are counts since 1970 of something finer than seconds.
    """
    if abs(rows.t_s[0]) > LATEST_S:
        what = "time cannot be in seconds: name the unit in the header, such as t_ms or t_us"
        raise InputFileError(rows.file, int(rows.line[0]), what)
    return [
        Finding(
            severity=Severity.note,
            chapter="training",
            where=place.name,
            what="the header gives no unit of time: numbers are read as seconds",
            remedy="name it, such as t_s or t_ms",
        )
    ]


def _from_rows(place: Path, rows: Rows, gpus: int | None, found: Sequence[Finding]) -> LoadTrace:
    _forward(rows.file, rows.t_s, rows.line)
    steps = np.diff(rows.t_s)
    dt = float(np.median(steps))
    return _trace(place, rows.t_s - rows.t_s[0], rows.power_w, (gpus or 1, dt), [*found, *_gaps(rows, steps, dt)])


def _gaps(rows: Rows, steps: NDArray[np.float64], dt: float) -> list[Finding]:
    """Say where samples are missing: power is a straight line there, and no limit sees what it did."""
    wide = np.flatnonzero(steps > GAP * dt)
    if not len(wide):
        return []
    worst = int(wide[np.argmax(steps[wide])])
    return [
        Finding(
            severity=Severity.warning,
            chapter="training",
            where=f"{Path(rows.file).name}:{int(rows.line[worst + 1])}",
            what=f"{len(wide)} gaps in the recording; a straight line is drawn over the longest",
            limit=f"{GAP * dt:g} s",
            found=f"{steps[worst]:g} s",
            remedy="record without gaps, or cut the trace there",
        )
    ]


def _forward(file: str, t: NDArray[np.float64], line: NDArray[np.int64]) -> None:
    back = np.flatnonzero(np.diff(t) <= 0)
    if len(back):
        what = "time does not go forward here; sort the rows and drop repeats"
        raise InputFileError(file, int(line[back[0] + 1]), what)


def _trace(
    place: Path,
    t: NDArray[np.float64],
    p: NDArray[np.float64],
    meter: tuple[int, float],
    found: Sequence[Finding],
) -> LoadTrace:
    duration = float(t[-1])
    return LoadTrace(
        kind="samples",
        at_s=t,
        power_w=p,
        before_w=float(p[0]),
        edge_s=0.0,
        duration_s=duration,
        resolution_s=meter[1],
        source=place.name,
        gpus=meter[0],
        phases=((0.0, duration, "measured"),),
        step=None,
        findings=tuple(found),
    )


def scaled(trace: LoadTrace, campus: Campus, design: Design, gpus: int | None = None) -> LoadTrace:
    """Return the load of the campus as if each of its GPUs behaved like the measured ones.

    IT power = measured power per GPU x GPUs + the rest of servers and racks, which is the design's
    typical power less `compute_tdp` of the GPUs. It assumes that the rest does not swing and that
    all GPUs are in step (the eight GPUs of one node are, to a correlation of 0.96-0.999).

    Parameters
    ----------
    trace
        Power of GPUs alone.
    campus, design
        The campus and its design.
    gpus
        GPUs that run; default: all.

    Raises
    ------
    InfeasibleError
        More GPUs than the campus has, or none.
    """
    count = campus.compute.gpus if gpus is None else gpus
    one = step(campus, count)
    gpu = campus.catalogue.gpus[campus.catalogue.servers[campus.compute.server].gpu]
    if trace.gpus < 1:
        raise InfeasibleError(f"{trace.source} does not say how many GPUs it measures")
    typical = design.power.it_typical_w * count / campus.compute.gpus
    rest = max(typical - campus.training.compute_tdp_frac * gpu.tdp_w * count, 0.0)
    factor = count / trace.gpus
    return replace(
        trace,
        power_w=trace.power_w * factor + rest,
        before_w=trace.before_w * factor + rest,
        gpus=count,
        step=one,
    )
