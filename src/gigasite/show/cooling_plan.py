"""A hall's pipes from above: runs as lines, supports, drains and vents as points, in a frame of the report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from collections.abc import Callable

    from gigasite.cooling.plant_network import FacilityLoop

    Way = Callable[[np.ndarray], list[float]]

WIDE, EDGE = 900.0, 20.0  # of the frame, in its units
MOST_POINTS = 4_000  # of a kind; a hall has some hundreds to some thousands
APART_M = 0.4  # supply and return are drawn beside each other: they lie one over the other
WIDTH_PER_M, THIN = 8.0, 0.6  # of a stroke by the pipe's bore


def hall_plan(loop: FacilityLoop, points: pl.DataFrame) -> dict[str, Any]:
    """Return lines and points of the first hall in the frame's units, and what is left out."""
    p, r = loop.piping, loop.piping.laid.routes
    hall, x, y = p.laid.halls[0], np.array(r.x_m), np.array(r.y_m)
    mine = np.flatnonzero(np.array(r.hall) == hall)
    s, e = np.array(r.start)[mine], np.array(r.end)[mine]
    every = np.r_[s, e]
    left, low = float(x[every].min()), float(y[every].min())
    scale = (WIDE - 2 * EDGE) / max(float(x[every].max()) - left, 1.0)
    height = (float(y[every].max()) - low) * scale + 2 * EDGE

    def across(at: np.ndarray) -> list[float]:
        out: list[float] = np.round(EDGE + (at - left) * scale, 1).tolist()
        return out

    def down(at: np.ndarray) -> list[float]:
        out: list[float] = np.round(height - EDGE - (at - low) * scale, 1).tolist()  # north is up
        return out

    hot = np.array(["-r" in r.name[i] or r.name[i].endswith("-return") for i in mine.tolist()])
    aside, bore = np.where(hot, APART_M, 0.0), p.sizes.inner_m[p.size[mine]]
    ends = (across(x[s] + aside), down(y[s] + aside), across(x[e] + aside), down(y[e] + aside))
    width = np.round(np.maximum(bore * WIDTH_PER_M, THIN), 1).tolist()
    lines = [
        {"x1": a, "y1": b, "x2": c, "y2": d, "w": w, "kind": "hot" if h else "cold"}
        for a, b, c, d, w, h in zip(*ends, width, hot.tolist(), strict=True)
    ]
    return {"hall": hall, "height": round(height), "lines": _joined(lines)} | _dots(points, hall, across, down)


def _dots(points: pl.DataFrame, hall: int, across: Way, down: Way) -> dict[str, Any]:
    """Return the points of a hall by kind; supports of drops stand under those of their row."""
    here = points.filter(pl.col("pipe").str.starts_with(f"H{hall}-"))
    here = here.filter((pl.col("kind") != "support") | ~pl.col("pipe").str.ends_with("-drop"))
    out: dict[str, Any] = {"counts": {}, "left_out": 0}
    for kind in ("support", "drain", "vent"):
        t = here.filter(pl.col("kind") == kind)
        shown = t.head(MOST_POINTS)
        out[f"{kind}s"] = list(zip(across(shown["x_m"].to_numpy()), down(shown["y_m"].to_numpy()), strict=True))
        out["counts"][kind] = len(t)
        out["left_out"] += len(t) - len(shown)
    return out


def _joined(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Join pieces that go on in line at the same width: a row is drawn as a few strokes."""
    out: list[dict[str, Any]] = []
    for line in lines:
        last = out[-1] if out else None
        if last is None or (last["kind"], last["w"]) != (line["kind"], line["w"]) or not _level(last, line):
            out.append(line)
        elif line["x1"] == last["x2"]:
            last["x2"] = line["x2"]
        elif line["x2"] == last["x1"]:
            last["x1"] = line["x1"]
        else:
            out.append(line)
    return out


def _level(a: dict[str, Any], b: dict[str, Any]) -> bool:
    return bool(a["y1"] == a["y2"] == b["y1"] == b["y2"])
