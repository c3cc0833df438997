"""A year of outside air: EPW files, NREL's raw TMY3 files, or a synthetic year from a climate summary."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from gigasite._core.errors import InputFileError
from gigasite._core.files import read_bytes
from gigasite._core.streams import stream
from gigasite.cooling.calendar import HOURS, one_year
from gigasite.cooling.humid import wet_bulb
from gigasite.cooling.types import Weather

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gigasite._core.finding import Finding
    from gigasite.campus.schema import Campus, Climate

    Floats = NDArray[np.float64]

MOST_BYTES = 64 * 1024**2
# column -> (position in EPW, lowest, highest that the format allows for a present value)
_EPW = {
    "dry bulb": (6, -70.0, 70.0),
    "humidity": (8, 0.0, 110.0),
    "pressure": (9, 31_000.0, 120_000.0),
}
_TMY3 = {"dry bulb": "Dry-bulb (C)", "humidity": "RHum (%)", "pressure": "Pressure (mbar)"}


def weather_of(campus: Campus, path: str | Path | None = None) -> Weather:
    """Return the weather of a campus: the given file, else the campus's own, else a synthetic year."""
    if path is not None:
        return read_weather(path)
    if campus.site.weather is not None:
        return read_weather(Path(campus.file).parent / campus.site.weather)
    return synthetic(campus.site.climate, campus.seed, campus.site.elevation_m)


def read_weather(path: str | Path) -> Weather:
    """Read an EPW file or NREL's raw TMY3 CSV.

    Raises
    ------
    InputFileError
        With line: not such a file, not 8,760 hours, a missing or impossible value.
    """
    place = Path(path)
    try:
        text = read_bytes(place, MOST_BYTES).decode("utf-8-sig")
    except UnicodeDecodeError:
        text = read_bytes(place, MOST_BYTES).decode("latin-1")  # place names carry accents in older files
    lines = text.splitlines()
    if lines and lines[0].startswith("LOCATION,"):
        columns, found = _epw(place, lines)
        return _weather(place, lines[0].split(",")[1].strip(), columns, found)
    if len(lines) > 2 and "Dry-bulb (C)" in lines[1]:
        return _weather(place, lines[0].split(",")[1].strip(' "'), _tmy3(place, lines), [])
    raise InputFileError(str(place), 1, "is neither an EPW file (LOCATION,... first) nor a TMY3 file")


def _epw(place: Path, lines: list[str]) -> tuple[list[Floats], list[Finding]]:
    rows, found = one_year(place, [r for r in _cells(place, lines[8:], 9) if r], 9)
    return [_column(place, rows, at, name, low, high, 9) for name, (at, low, high) in _EPW.items()], found


def _cells(place: Path, lines: list[str], first: int) -> list[list[str]]:
    """Return rows of cells; quotes that are never closed are named."""
    reader = csv.reader(lines)
    try:
        return list(reader)
    except csv.Error as error:
        raise InputFileError(str(place), first + reader.line_num, f"is no table of commas: {error}") from error


def _tmy3(place: Path, lines: list[str]) -> list[Floats]:
    header = _cells(place, [lines[1]], 2)[0]
    rows = _cells(place, lines[2:], 3)
    out = []
    for name, (_, low, high) in _EPW.items():
        title = _TMY3[name]
        if title not in header:
            raise InputFileError(str(place), 2, f"has no column '{title}'")
        scale = 100.0 if name == "pressure" else 1.0
        out.append(scale * _column(place, rows, header.index(title), name, low / scale, high / scale, 3))
    return out


def _column(place: Path, rows: list[list[str]], at: int, name: str, low: float, high: float, first: int) -> Floats:
    rows = [r for r in rows if r]
    if len(rows) != HOURS:
        raise InputFileError(
            str(place),
            first + len(rows),
            f"has {len(rows)} hours, not {HOURS}; is the file cut off?",
        )
    out = np.empty(HOURS)
    for i, row in enumerate(rows):
        try:
            value = float(row[at])
        except (IndexError, ValueError):
            value = float("nan")
        if not low <= value <= high:
            found = row[at][:20] if at < len(row) else "nothing"
            raise InputFileError(
                str(place),
                first + i,
                f"{name} '{found}' is missing or impossible ({low:g} to {high:g})",
            )
        out[i] = value
    return out


def _weather(place: Path, name: str, columns: list[Floats], found: list[Finding]) -> Weather:
    dry, humidity, pressure = columns
    wet = wet_bulb(dry, np.minimum(humidity / 100.0, 1.0), pressure)
    return Weather(
        dry_bulb_degc=dry,
        wet_bulb_degc=wet,
        pressure_pa=pressure,
        place=name,
        source=place.name,
        synthetic=False,
        findings=tuple(found),
    )


def synthetic(climate: Climate, seed: int, elevation_m: float) -> Weather:
    """Make a year whose mean and 0.4 % design values are the summary's.

    A season (coldest in mid January), a day (warmest at 15 h) and weather of some days (first-order autoregression);
    stretched above and below the middle until mean and design values fit. For energy over a year; not for a date.
    """
    hour = np.arange(HOURS)
    rng = stream(seed, "weather")
    dry = _fitted(_base(hour, rng, day=0.35), climate.winter_degc, climate.mean_degc, climate.summer_degc)
    # the wet bulb moves less over a day; the summary leaves its cold end open, so that a straight line does
    z = _base(hour, rng, day=0.12)
    aim, top = climate.mean_wet_degc, climate.summer_wet_degc
    wet = dry
    for _ in range(12):  # cutting at the dry bulb lowers the mean: aim higher until it fits
        slope = (top - aim) / (float(np.quantile(z, 0.996)) - float(z.mean()))
        line = aim + slope * (z - z.mean())
        wet = np.minimum(np.where(line > top, top + PEAK * (line - top), line), dry)
        aim = min(aim + climate.mean_wet_degc - float(wet.mean()), top - 0.1)
    pressure = np.full(HOURS, 101_325.0 * (1 - 2.25577e-5 * elevation_m) ** 5.2559)  # standard atmosphere
    return Weather(
        dry_bulb_degc=dry,
        wet_bulb_degc=wet,
        pressure_pa=pressure,
        place="synthetic year",
        source=f"synthetic: made from {climate.source}",
        synthetic=True,
    )


# Wet bulbs hardly rise above their 0.4 % point (air then rains out): 1.0 K at Memphis and 0.8 K at Houston, where a
# normal tail would give 2.5 K; derived from their typical years.
PEAK = 0.4


def _base(hour: NDArray[np.int64], rng: np.random.Generator, day: float) -> Floats:
    season = -np.cos(2 * np.pi * (hour / 24.0 - 15.0) / 365.0)
    daily = day * np.cos(2 * np.pi * (hour % 24 - 15.0) / 24.0)
    noise = rng.standard_normal(HOURS)
    slow = np.empty(HOURS)
    slow[0] = noise[0]
    keep = np.exp(-1.0 / 60.0)  # weather changes over about 60 h; estimate
    for i in range(1, HOURS):
        slow[i] = keep * slow[i - 1] + np.sqrt(1 - keep**2) * noise[i]
    out: Floats = season + daily + 0.35 * slow
    return out


def _fitted(z: Floats, low: float, mean: float, high: float) -> Floats:
    """Stretch z so that its 0.4 % and 99.6 % points are `low` and `high` and its mean is `mean`.

    x = a + b z + c (z^2 - 1) with three conditions; kept monotone by limiting c.
    """
    q_low, q_high = np.quantile(z, [0.004, 0.996])
    m1, m2 = z.mean(), (z**2 - 1).mean()
    rows = np.array([[1, q_low, q_low**2 - 1], [1, m1, m2], [1, q_high, q_high**2 - 1]])
    a, b, c = np.linalg.solve(rows, np.array([low, mean, high]))
    limit = abs(b) / (2 * max(abs(z.min()), abs(z.max()))) * 0.95
    if abs(c) > limit:  # too lopsided for a parabola: hold the ends, let the mean go where it must
        c = float(np.clip(c, -limit, limit))
        b = (high - low - c * (q_high**2 - q_low**2)) / (q_high - q_low)
        a = high - b * q_high - c * (q_high**2 - 1)
    out: Floats = a + b * z + c * (z**2 - 1)
    return out
