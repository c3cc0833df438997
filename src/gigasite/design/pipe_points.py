"""Where pipes are held, drained and vented: points with coordinates, for the erector and for the hall's model.

Supports stand no farther apart than the span of their size (catalogue, MSS SP-58), counted along each run, and at its
end. Runs lie level over the racks: air gathers at their dead ends, water stays in the drops and at the plant.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from gigasite._core.table import Column, Schema
from gigasite.design.pipe_routes import DROP_M, OVER_M, ROW

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gigasite.design.piping import Piping

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

POINTS = Schema(
    "pipe points",
    (
        Column("kind", "String", "support, drain, vent"),
        Column("pipe", "String", "as in the pipe list"),
        Column("size", "String", "catalogue name of that pipe"),
        Column("x_m", "Float64", "campus coordinates"),
        Column("y_m", "Float64", ""),
        Column("z_m", "Float64", "over the racks' connections"),
    ),
)


def pipe_points(p: Piping) -> pl.DataFrame:
    """Return supports, drains and vents (`POINTS`), in the order of the pipes."""
    parts = [
        ("support", *_along(p)), ("support", *_ends(p, dead=False)), ("support", *_drops(p)),
        ("drain", *_plants(p)), ("drain", *_low(p)), ("vent", *_ends(p, dead=True)),
    ]  # fmt: skip
    kind = np.concatenate([np.full(len(pipe), k) for k, pipe, _, _, _ in parts])
    pipe, x, y, z = (np.concatenate([part[i] for part in parts]) for i in range(1, 5))
    r = p.laid.routes
    racks = [r.nodes[i].removesuffix("-supply") for i in p.laid.rack_supply.tolist()]
    names = np.array([*r.name, *(f"{x}-drop" for x in racks), *(f"H{h}-strainer" for h in p.laid.halls)])
    order = np.argsort(pipe, kind="stable")
    made = {"kind": kind, "pipe": names[pipe], "size": np.array(p.sizes.name)[p.size[pipe]], "x_m": x, "y_m": y,
            "z_m": z}  # fmt: skip
    return POINTS.check(pl.DataFrame({k: v[order] for k, v in made.items()}, schema=POINTS.polars()))


def _places(p: Piping) -> tuple[Floats, Floats, Ints, Ints]:
    """Return x and y of nodes, and near and far node of each laid piece, seen from the head of its run."""
    r = p.laid.routes
    s, e, back = np.array(r.start), np.array(r.end), np.array(r.back)
    return np.array(r.x_m), np.array(r.y_m), np.where(back, e, s), np.where(back, s, e)


def _along(p: Piping) -> tuple[Ints, Floats, Floats, Floats]:
    """Return supports along runs: the first half a span from the head, then one a span."""
    x, y, near, far = _places(p)
    m, run = len(near), np.array(p.laid.routes.run)
    spans = p.length_m[:m] / p.sizes.support_m[p.size[:m]]
    total = np.cumsum(spans)
    head = np.flatnonzero(np.r_[True, run[1:] != run[:-1]])
    begun = np.repeat(np.r_[0.0, total][head], np.diff(np.r_[head, m]))
    last = total - begun
    first = last - spans
    n = (np.floor(last + 0.5) - np.floor(first + 0.5)).astype(np.int64)
    pipe = np.repeat(np.arange(m), n)
    k = np.arange(len(pipe)) - np.repeat(np.cumsum(n) - n, n)
    share = (np.floor(first + 0.5)[pipe] + 0.5 + k - first[pipe]) / spans[pipe]
    share = np.clip(share, 0.0, 1.0)
    at_x = x[near][pipe] + share * (x[far] - x[near])[pipe]
    at_y = y[near][pipe] + share * (y[far] - y[near])[pipe]
    return pipe, at_x, at_y, np.full(len(pipe), OVER_M)


def _ends(p: Piping, *, dead: bool) -> tuple[Ints, Floats, Floats, Floats]:
    """Return the last node of each run; with `dead` the end where air gathers: of rows and of mains that feed rows."""
    x, y, near, far = _places(p)
    r, run = p.laid.routes, np.array(p.laid.routes.run)
    last = np.flatnonzero(np.r_[run[1:] != run[:-1], True])
    if not dead:
        return last, x[far[last]], y[far[last]], np.full(len(last), OVER_M)
    head = np.flatnonzero(np.r_[True, run[1:] != run[:-1]])
    feeds = np.array([r.kind[i] == ROW or "-main-" in r.name[i] for i in head.tolist()], bool)
    # a reverse return begins at its dead end
    reverse = np.array(["-r1" in r.name[i] and not r.back[i] for i in head.tolist()], bool)
    at, node = np.where(reverse, head, last), np.where(reverse, near[head], far[last])
    return at[feeds], x[node[feeds]], y[node[feeds]], np.full(int(feeds.sum()), OVER_M)


def _drops(p: Piping) -> tuple[Ints, Floats, Floats, Floats]:
    """Return supports of drops, both ways."""
    t, m = p.terminals, len(p.laid.routes.start)
    span = p.sizes.support_m[p.size[m : m + len(t.rack)]]
    n = np.maximum(np.ceil(DROP_M / span).astype(np.int64) - 1, 0)
    at = np.repeat(np.arange(len(t.rack)), n)
    k = np.arange(len(at)) - np.repeat(np.cumsum(n) - n, n)
    z = np.maximum(OVER_M * (1.0 - (k + 1.0) / (n[at] + 1.0)), 0.0)
    return np.repeat(m + at, 2), np.repeat(t.x_m[at], 2), np.repeat(t.y_m[at], 2), np.repeat(z, 2)


def _low(p: Piping) -> tuple[Ints, Floats, Floats, Floats]:
    """Return a drain at the foot of each drop."""
    t, m = p.terminals, len(p.laid.routes.start)
    return m + np.arange(len(t.rack)), t.x_m, t.y_m, np.zeros(len(t.rack))


def _plants(p: Piping) -> tuple[Ints, Floats, Floats, Floats]:
    """Return two drains at each hall's plant, supply and return."""
    x, y, h = np.array(p.laid.routes.x_m), np.array(p.laid.routes.y_m), len(p.laid.halls)
    node = np.r_[p.laid.plant_supply, p.laid.plant_return]
    first = len(p.size) - h
    return np.tile(first + np.arange(h), 2), x[node], y[node], np.zeros(2 * h)
