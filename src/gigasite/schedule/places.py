"""Where activities take place: names by what they are repeated for, which lies in which, and counts of the design."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gigasite._core.registry import unknown
from gigasite.design.types import FABRICS
from gigasite.schedule.trade import REFERENCE_GPUS
from gigasite.schedule.trades.orders import battery_names, genset_names

if TYPE_CHECKING:
    from collections.abc import Callable

    import polars as pl
    from numpy.typing import NDArray

    from gigasite.schedule.trade import Builder, Ids

    Floats = NDArray[np.float64]

SINGLE = ("campus", "intake", "any-genset", "any-battery")


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Names of places by key, and for each place of a key the number of the place of another key that it lies in."""

    names: dict[str, list[str]]
    at: dict[str, dict[str, Ids]]

    def pairs(self, before: str, after: str) -> tuple[Ids, Ids]:
        """Return which places of `before` each place of `after` waits for, as two equally long lists of numbers.

        The same place; else the one that it lies in, or those that lie in it; else, where nothing is known (units that
        feed rows, cells that serve halls), evenly shared, so that each has at least one partner.
        """
        n, m = len(self.names[before]), len(self.names[after])
        if n == 1 or m == 1 or not n or not m:
            i, j = np.meshgrid(np.arange(n), np.arange(m), indexing="ij")
            return i.ravel(), j.ravel()
        if before == after:
            return np.arange(n), np.arange(n)
        if after in (own := self.at.get(before, {})):
            return np.arange(n), own[after]
        if before in (own := self.at.get(after, {})):
            return own[before], np.arange(m)
        rack = self.at["rack"]
        if before in rack and after in rack:
            known: Ids = np.unique(np.column_stack([rack[before], rack[after]]), axis=0)
            return known[:, 0], known[:, 1]
        i = np.concatenate([np.arange(m) * n // m, np.arange(n)])
        j = np.concatenate([np.arange(m), np.arange(n) * m // n])
        both: Ids = np.unique(np.column_stack([i, j]), axis=0)
        return both[:, 0], both[:, 1]


def places(b: Builder) -> Places:
    """Return the places of a design."""
    racks = b.design.racks.filter(b.design.racks["kind"] == "compute")
    hall = racks["hall"].to_numpy().astype(np.int64) - 1
    rows, row = np.unique(racks.select("hall", "row").to_numpy().astype(np.int64), axis=0, return_inverse=True)
    array = racks["array"].to_numpy().astype(np.int64)
    first = np.unique(array, return_index=True)[1]
    cdus, cdu_row = _cdus(b, rows)
    names = _names(b) | {
        "row": [f"H{h}-R{r:02d}" for h, r in rows.tolist()],
        "rack": racks["label"].to_list(),
        "cdu": cdus,
    }
    at = {
        "rack": {"row": row.reshape(-1).astype(np.int64), "array": array, "hall": hall},
        "array": {"hall": hall[first]},
        "row": {"hall": rows[:, 0] - 1},
        "cdu": {"row": cdu_row, "hall": rows[cdu_row, 0] - 1},
    }
    return Places(names=names, at=at)


def _names(b: Builder) -> dict[str, list[str]]:
    """Return the places that need no table of racks."""
    plant, chain = b.design.cooling, b.design.power
    halls = [f"H{h.hall}" for h in b.design.halls]
    gensets, batteries = genset_names(b), battery_names(b)
    return {
        "campus": ["campus"],
        "intake": ["intake"],
        "hall": halls,
        "new-shell": [] if b.campus.site.shell.reuse else halls,
        "array": [f"array {i + 1}" for i in range(b.design.arrays)],
        "line-up": [f"line-up {i + 1}" for i in range(chain.switchgear)],
        "unit": [f"unit substation {i + 1}" for i in range(chain.transformers)],
        "genset": gensets,
        "any-genset": ["campus"] * bool(gensets),
        "battery": batteries,
        "any-battery": ["campus"] * bool(batteries),
        "tower": [f"heat rejection {i + 1}" for i in range(plant.towers + plant.dry_coolers)],
        "chiller": [f"chiller {i + 1}" for i in range(plant.chillers)],
    }


def _cdus(b: Builder, rows: Ids) -> tuple[list[str], Ids]:
    """Return the row CDUs and the row of racks that each serves: its own, or the next one that has racks."""
    cdus = b.design.racks.filter(b.design.racks["kind"] == "cdu")
    far = 1_000_000
    key = cdus["hall"].to_numpy().astype(np.int64) * far + cdus["row"].to_numpy().astype(np.int64)
    at = np.minimum(np.searchsorted(rows[:, 0] * far + rows[:, 1], key), len(rows) - 1)
    return cdus["label"].to_list(), at.astype(np.int64)


def measure(b: Builder, where: Places, name: str, text: str) -> Floats | float:
    """Return the units of work at each place: a number, or a count of the design.

    Raises
    ------
    UnknownPartError
        There is no such count.
    """
    try:
        return float(text)
    except ValueError:
        pass
    if text not in MEASURES:
        raise unknown(f"quantity of activity {name}", text, MEASURES)
    return MEASURES[text](b, where)


def _ends(b: Builder, racks: pl.DataFrame, *, management: bool) -> Floats:
    links = b.design.links
    mine = (links.tier == 0) & ((links.fabric == FABRICS.index("management")) == management)
    share = racks["gpus"].to_numpy() / b.campus.compute.gpus
    out: Floats = 2.0 * float(mine.sum()) * share
    return out


def _racks(b: Builder) -> pl.DataFrame:
    return b.design.racks.filter(b.design.racks["kind"] == "compute")


def _switch_ends(b: Builder, where: Places) -> Floats:
    """Return plugs between switches, shared evenly among the arrays."""
    arrays = len(where.names["array"])
    return np.full(arrays, 2.0 * float((b.design.links.tier > 0).sum()) / arrays)


def _dock_racks(b: Builder, where: Places) -> Floats:
    """Return racks of an array per dock: a campus larger than the reference has more docks, a smaller one no fewer."""
    docks = max(b.campus.compute.gpus / REFERENCE_GPUS, 1.0)
    count = np.bincount(where.at["rack"]["array"], minlength=len(where.names["array"]))
    out: Floats = count / docks
    return out


def _main_inches(b: Builder) -> Floats:
    """Return weld inches of each hall's mains; none where no water flows."""
    pipes = b.design.pipes
    return np.array([pipes.inches_at(h.hall) if pipes else 0.0 for h in b.design.halls])


def _row_inches(b: Builder, where: Places) -> Floats:
    """Return weld inches of the branches and drops of each row of racks."""
    pipes = b.design.pipes
    found = {} if pipes is None else dict(zip(map(tuple, pipes.place.tolist()), pipes.inches.tolist(), strict=True))
    keys = [tuple(int(x) for x in name[1:].split("-R")) for name in where.names["row"]]
    return np.array([found.get(key, 0.0) for key in keys])


MEASURES: dict[str, Callable[[Builder, Places], Floats]] = {
    "hall-area": lambda b, _: np.array([h.length_m * h.width_m for h in b.design.halls]) / 10_000.0,
    "dock-racks": _dock_racks,
    "main-weld-inches": lambda b, _: _main_inches(b),
    "row-weld-inches": _row_inches,
    "rack-fibre-ends": lambda b, _: _ends(b, _racks(b), management=False),
    "rack-fibre-links": lambda b, _: _ends(b, _racks(b), management=False) / 2.0,
    "rack-copper-ends": lambda b, _: _ends(b, _racks(b), management=True),
    "array-switch-ends": _switch_ends,
    "array-switch-links": lambda b, where: _switch_ends(b, where) / 2.0,
}
