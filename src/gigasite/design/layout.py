"""Where everything stands: servers to racks, racks to rows, rows to halls, halls to the shell; switches to racks.

Coordinates: x east along the rows, y north across them, from the south-west corner of hall 1. A hall is one or two
banks of rows; a row is racks side by side with its end-of-row positions (CDUs, network racks) at its east end; rows
are a rack's depth plus an aisle apart.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from gigasite._core.errors import InfeasibleError
from gigasite.design.types import RACKS, Hall

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gigasite.campus.schema import Campus

SWITCH_RACK_UNITS = 32  # of 48 units: the rest is for patching and air; estimate
CROSS_AISLE_M = 3.0  # between banks, and around the rows of a hall, for moving racks; estimate
HALL_GAP_M = 6.0  # corridor between halls; estimate
STORAGE_GPUS_PER_RACK = 512  # Llama 3 had 2 TB/s for 16,384 GPUs = 0.125 GB/s each; a flash rack gives 64 GB/s; derived
STORAGE_NODES_PER_RACK = 4  # file servers with links of their own in a storage rack; estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """How many of what; the arithmetic before the geometry."""

    servers: int
    compute_racks: int
    arrays: int
    storage_racks: int
    storage_nodes: int


def counts(campus: Campus) -> Counts:
    """Return the counts that follow from GPUs and rack sizes."""
    c = campus.compute
    server = campus.catalogue.servers[c.server]
    servers = -(-c.gpus // server.gpus)
    racks = -(-servers // c.servers_per_rack)
    storage = -(-c.gpus // STORAGE_GPUS_PER_RACK) if campus.network.storage_links else 0
    return Counts(
        servers=servers,
        compute_racks=racks,
        arrays=-(-racks // c.racks_per_array),
        storage_racks=storage,
        storage_nodes=storage * STORAGE_NODES_PER_RACK,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Halls, the racks table, and rack ids by use."""

    halls: tuple[Hall, ...]
    racks: pl.DataFrame
    compute: NDArray[np.int32]
    """Rack ids of compute racks, in order of servers."""
    network: NDArray[np.int32]
    storage: NDArray[np.int32]


def rows_of(campus: Campus) -> tuple[NDArray[np.int64], NDArray[np.int64], int]:
    """Return the row of compute racks, counted over all halls, of each compute rack and near each storage rack.

    Storage stands behind the compute rows of its hall: the last of these is near it. The third value is the number of
    rows.
    """
    n = counts(campus)
    halls = [_compute_rows(campus, n, first, count) for first, count in _arrays(campus, n)]
    lengths = [len(row) for rows in halls for row in rows]
    last = np.cumsum([len(rows) for rows in halls]) - 1
    stored = _stored(campus, n)
    return np.repeat(np.arange(len(lengths)), lengths), np.repeat(last, stored), len(lengths)


def layout(campus: Campus, network: NDArray[np.int64]) -> Layout:
    """Place every rack.

    Parameters
    ----------
    campus
        The campus.
    network
        (n,) network racks at the end of each row of compute racks, over all halls.
    """
    n = counts(campus)
    compute_rows = [_compute_rows(campus, n, first, count) for first, count in _arrays(campus, n)]
    columns = _columns(campus, compute_rows, network.tolist(), _storage_rows(campus, n))
    racks, halls = _placed(campus, columns)
    kind = racks["kind"].to_numpy()
    ids = racks["rack_id"].to_numpy()
    return Layout(
        halls=halls,
        racks=RACKS.check(racks),
        compute=ids[kind == "compute"],
        network=ids[kind == "network"],
        storage=ids[kind == "storage"],
    )


def _arrays(campus: Campus, n: Counts) -> list[tuple[int, int]]:
    """Return the first array of each hall and how many it has: alike in all halls, and a small rest in the last.

    An array more lengthens the last hall and leaves what stands in the others in its place, until the rest is more than
    an eighth of a hall: then the last halls have one more each. With `arrays_per_hall` the last takes any rest.

    Raises
    ------
    InfeasibleError
        A hall would be empty.
    """
    halls, fixed = campus.compute.halls, campus.compute.arrays_per_hall
    each = fixed or n.arrays // halls
    if each < 1 or each * (halls - 1) >= n.arrays:
        raise InfeasibleError(f"{halls} halls of {max(each, 1)} arrays leave halls empty: there are {n.arrays} arrays")
    rest = n.arrays - each * halls
    spread = rest if not fixed and rest > max(1, each // 8) else 0
    edges = [each * i + max(i - halls + spread, 0) for i in range(halls)] + [n.arrays]
    return [(edges[i], edges[i + 1] - edges[i]) for i in range(halls)]


def _stored(campus: Campus, n: Counts) -> list[int]:
    """Return the storage racks of each hall: each stands in the hall of the first GPUs that it serves."""
    c = campus.compute
    per_array = c.racks_per_array * c.servers_per_rack * campus.catalogue.servers[c.server].gpus
    array = np.arange(n.storage_racks) * STORAGE_GPUS_PER_RACK // per_array
    ends = np.array([first + count for first, count in _arrays(campus, n)])
    hall = np.searchsorted(ends, array, side="right")
    return [int(count) for count in np.bincount(hall, minlength=c.halls)]


def _compute_rows(campus: Campus, n: Counts, first: int, count: int) -> list[NDArray[np.int32]]:
    """Return the array number of each rack, row by row, for the arrays of one hall."""
    c = campus.compute
    racks = np.arange(first * c.racks_per_array, min((first + count) * c.racks_per_array, n.compute_racks))
    arrays = (racks // c.racks_per_array).astype(np.int32)
    return [arrays[i : i + c.racks_per_row] for i in range(0, len(arrays), c.racks_per_row)]


def _storage_rows(campus: Campus, n: Counts) -> list[list[int]]:
    """Return for each hall the lengths of its storage rows."""
    out = []
    for count in _stored(campus, n):
        full, rest = divmod(count, campus.compute.racks_per_row)
        out.append([campus.compute.racks_per_row] * full + ([rest] if rest else []))
    return out


def _cdus_per_row(campus: Campus, racks: int) -> int:
    cdu = campus.catalogue.cdus[campus.cooling.cdu]
    if cdu.in_rack == "yes" or cdu.capacity_w <= 0:
        return 0
    heat_w = racks * rack_power(campus)[2]
    return math.ceil(heat_w / cdu.capacity_w) + 1 if heat_w else 0  # N + 1 per row


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    hall: int
    row: int
    kinds: list[str]
    arrays: list[int]
    position: NDArray[np.int64]
    """Of each rack, from 1."""

    @property
    def length(self) -> int:
        """Return positions of the row, free ones within it included."""
        return int(self.position[-1])


def _columns(
    campus: Campus,
    compute: list[list[NDArray[np.int32]]],
    network: list[int],
    storage: list[list[int]],
) -> list[_Row]:
    rows: list[_Row] = []
    k = 0
    for hall, (hall_rows, hall_storage) in enumerate(zip(compute, storage, strict=True), start=1):
        number = 0
        full = max(len(arrays) for arrays in hall_rows)
        behind = full + _cdus_per_row(campus, full)  # a short row keeps the places of its further racks and CDUs free
        for arrays in hall_rows:
            cdus = _cdus_per_row(campus, len(arrays))
            kinds = ["compute"] * len(arrays) + ["cdu"] * cdus + ["network"] * network[k]
            starts = ((0, len(arrays)), (full, cdus), (behind, network[k]))
            position = np.concatenate([np.arange(first, first + count) for first, count in starts]) + 1
            number, k = number + 1, k + 1
            groups = [*arrays.tolist(), *[-1] * (len(kinds) - len(arrays))]
            rows.append(_Row(hall=hall, row=number, kinds=kinds, arrays=groups, position=position))
        for length in hall_storage:
            number += 1
            position = np.arange(1, length + 1)
            rows.append(
                _Row(hall=hall, row=number, kinds=["storage"] * length, arrays=[-1] * length, position=position)
            )
    return rows


def _placed(campus: Campus, rows: list[_Row]) -> tuple[pl.DataFrame, tuple[Hall, ...]]:
    rack = campus.catalogue.racks[campus.compute.rack]
    pitch_m = rack.depth_m + campus.compute.aisle_m
    halls = _halls(campus, rows, rack.width_m, pitch_m)
    by_number = {h.hall: h for h in halls}
    x, y = [], []
    for row in rows:
        hall = by_number[row.hall]
        per_bank = max(1, round((hall.width_m - 2 * CROSS_AISLE_M) / pitch_m))
        bank, line = divmod(row.row - 1, per_bank)
        longest = max(r.length for r in rows if r.hall == row.hall) if bank else 0
        x0 = hall.x_m + CROSS_AISLE_M + bank * (longest * rack.width_m + CROSS_AISLE_M)
        x.append(x0 + (row.position - 0.5) * rack.width_m)
        y.append(np.full(len(row.kinds), hall.y_m + CROSS_AISLE_M + (line + 0.5) * pitch_m))
    return _table(campus, rows, np.concatenate(x), np.concatenate(y)), halls


def _halls(campus: Campus, rows: list[_Row], width_m: float, pitch_m: float) -> tuple[Hall, ...]:
    """Size each hall for its rows in the banks that come nearest to the wanted aspect; lay halls in a grid."""
    sizes: list[tuple[float, float, tuple[float, ...]]] = []
    for number in range(1, campus.compute.halls + 1):
        mine = [r for r in rows if r.hall == number]
        longest_m = max(r.length for r in mine) * width_m
        sizes.append(_hall_size(len(mine), longest_m, pitch_m, campus.site.shell.aspect))
    step_x = max(s[0] for s in sizes) + HALL_GAP_M
    step_y = max(s[1] for s in sizes) + HALL_GAP_M
    per_rack = campus.compute.servers_per_rack * campus.catalogue.servers[campus.compute.server].gpus
    out = []
    for i, (length, width, crosses) in enumerate(sizes):
        mine = [r for r in rows if r.hall == i + 1]
        racks = sum(len(r.kinds) for r in mine)
        gpus = per_rack * sum(r.kinds.count("compute") for r in mine)
        column, line = _grid(i)
        out.append(
            Hall(
                hall=i + 1,
                x_m=column * step_x,
                y_m=line * step_y,
                length_m=length,
                width_m=width,
                rows=len(mine),
                racks=racks,
                gpus=gpus,
                cross_x_m=tuple(column * step_x + x for x in crosses),
            )
        )
    return tuple(out)


def _grid(number: int) -> tuple[int, int]:
    """Return column and line of a hall: squares grow by a column and a line, so that no hall moves when one is added.

    >>> [_grid(i) for i in range(6)]
    [(0, 0), (1, 0), (0, 1), (1, 1), (2, 0), (2, 1)]
    """
    side = math.isqrt(number)
    rest = number - side * side
    return (side, rest) if rest < side else (rest - side, side)


def _hall_size(rows: int, longest_m: float, pitch_m: float, aspect: float) -> tuple[float, float, tuple[float, ...]]:
    """Return length, width and where the cross aisles are, for the number of banks nearest to the aspect."""
    best: tuple[float, float, float, tuple[float, ...]] | None = None
    for banks in range(1, rows + 1):
        length = banks * longest_m + (banks + 1) * CROSS_AISLE_M
        width = math.ceil(rows / banks) * pitch_m + 2 * CROSS_AISLE_M
        miss = abs(math.log(length / width / aspect))
        if best is None or miss < best[0]:
            step = longest_m + CROSS_AISLE_M
            best = (
                miss,
                length,
                width,
                tuple(CROSS_AISLE_M / 2 + b * step for b in range(banks + 1)),
            )
    assert best is not None
    return best[1], best[2], best[3]


def rack_power(campus: Campus) -> tuple[float, float, float, float]:
    """Return typical, nameplate, typical liquid heat [W] and weight [kg] of a full compute rack."""
    server = campus.catalogue.servers[campus.compute.server]
    rack = campus.catalogue.racks[campus.compute.rack]
    n = campus.compute.servers_per_rack
    typical = n * server.typical_w + rack.extra_w
    liquid = (n * server.typical_w + rack.extra_w) * server.liquid_frac
    return (
        typical,
        n * server.nameplate_w + rack.extra_w,
        liquid,
        rack.weight_kg + n * server.weight_kg,
    )


def _table(campus: Campus, rows: list[_Row], x_m: NDArray[np.float64], y_m: NDArray[np.float64]) -> pl.DataFrame:
    kind = np.concatenate([np.array(r.kinds) for r in rows])
    lengths = [len(r.kinds) for r in rows]
    hall = np.repeat([r.hall for r in rows], lengths)
    row = np.repeat([r.row for r in rows], lengths)
    position = np.concatenate([r.position for r in rows])
    servers = _servers(campus, kind)
    server, rack = (
        campus.catalogue.servers[campus.compute.server],
        campus.catalogue.racks[campus.compute.rack],
    )
    storage, bare = campus.catalogue.racks["storage"], campus.catalogue.racks["network-rack"]
    extra = np.select([kind == "compute", kind == "storage"], [rack.extra_w, storage.extra_w], 0.0)
    weight = np.select([kind == "compute", kind == "storage"], [rack.weight_kg, storage.weight_kg], bare.weight_kg)
    typical = servers * server.typical_w + extra
    liquid = np.where(kind == "compute", typical * server.liquid_frac, 0.0)
    gpus = np.minimum(servers * server.gpus, campus.compute.gpus)
    return pl.DataFrame(
        {
            "rack_id": np.arange(len(kind), dtype=np.int32),
            "label": [f"H{h}-R{r:02d}.{p:02d}" for h, r, p in zip(hall, row, position, strict=True)],
            "kind": kind.tolist(),
            "hall": hall.astype(np.int16),
            "row": row.astype(np.int16),
            "position": position.astype(np.int16),
            "array": np.concatenate([np.array(r.arrays, dtype=np.int32) for r in rows]),
            "x_m": x_m,
            "y_m": y_m,
            "servers": servers.astype(np.int32),
            "gpus": gpus.astype(np.int32),
            "typical_w": typical,
            "nameplate_w": servers * server.nameplate_w + extra,
            "liquid_w": liquid,
            "weight_kg": weight + servers * server.weight_kg,
        },
        schema=RACKS.polars(),
    )


def _servers(campus: Campus, kind: NDArray[np.str_]) -> NDArray[np.int64]:
    """Fill compute racks in order; the last one may be part full."""
    per_rack, total = campus.compute.servers_per_rack, counts(campus).servers
    nth = np.cumsum(kind == "compute") - 1
    return np.where(kind == "compute", np.clip(total - nth * per_rack, 0, per_rack), 0).astype(np.int64)
