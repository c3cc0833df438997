"""Trays and routes: the closed form against Dijkstra on the graph of the trays; geometry, symmetry, fill."""

from __future__ import annotations

import dataclasses
from functools import cache

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import dijkstra

from gigasite.cabling import full_plan, plan
from gigasite.cabling.fill import tray_height
from gigasite.cabling.routes import pieces
from gigasite.cabling.trays import KINDS, Trays, trays
from gigasite.campus import Campus, load, reference
from gigasite.design import Design, design
from gigasite.design.types import PORT_BITS


@cache
def campus_of(halls: int, gpus_per_hall: int, per_row: int) -> tuple[Campus, Design, Trays]:
    campus = load(reference("lab"))
    compute = dataclasses.replace(
        campus.compute, halls=halls, gpus=halls * gpus_per_hall, racks_per_row=per_row, racks_per_array=2
    )
    network = dataclasses.replace(campus.network, leaf="sn5600", spine="sn5600", core="sn5600")
    made = dataclasses.replace(campus, compute=compute, network=network)
    d = design(made)
    return made, d, trays(d)


def shortest(t: Trays, d: Design, a: int, z: int) -> float:
    """Walk the graph of all trays but those of halls in which the cable does not end."""
    hall = d.racks["hall"].to_numpy().astype(int)
    allowed = np.isin(t.hall, [0, hall[a], hall[z]])
    along_x = np.isin(t.kind, [KINDS.index("row"), KINDS.index("corridor")])
    x = np.where(along_x[t.stop_run], t.stop_m, t.at_m[t.stop_run])
    y = np.where(along_x[t.stop_run], t.at_m[t.stop_run], t.stop_m)
    keep = allowed[t.stop_run]
    # stops of runs that cross lie at one point; corridors and rows are at one y only where they are one
    point = np.unique(np.round(np.column_stack([x, y]), 2), axis=0, return_inverse=True)[1].reshape(-1)
    at = t.segments()
    at = at[keep[at]]
    length = t.stop_m[at + 1] - t.stop_m[at]
    n = int(point.max()) + 1
    graph = coo_matrix((length, (point[at], point[at + 1])), shape=(n, n)).tocsr()
    px, py = d.racks["x_m"].to_numpy(), d.racks["y_m"].to_numpy()
    start, end = (point[np.argmin(np.hypot(x - px[r], y - py[r]) + 1e6 * ~keep)] for r in (a, z))
    return float(dijkstra(graph, directed=False, indices=start)[end])


@settings(max_examples=60)
@given(
    shape=st.sampled_from([(1, 512, 4), (2, 1024, 3), (4, 640, 4), (5, 512, 2), (7, 256, 2)]),
    pick=st.integers(0, 2**31),
)
def test_the_closed_form_is_the_shortest_way_over_the_trays(shape: tuple[int, int, int], pick: int) -> None:
    _, d, t = campus_of(*shape)
    racks = d.racks.height
    a, z = pick % racks, pick // racks % racks
    x, y = d.racks["x_m"].to_numpy(), d.racks["y_m"].to_numpy()
    hall = d.racks["hall"].to_numpy().astype(np.int64) - 1
    way = float(pieces(t, x, y, hall, np.array([a]), np.array([z])).length_m()[0])
    back = float(pieces(t, x, y, hall, np.array([z]), np.array([a])).length_m()[0])
    assert way == back
    assert way == pytest.approx(shortest(t, d, a, z), abs=0.05)
    assert way >= np.hypot(x[a] - x[z], y[a] - y[z]) - 1e-6


@pytest.mark.parametrize("shape", [(1, 512, 4), (5, 512, 2)])
def test_tray_fill_is_the_sum_over_cables_and_no_route_is_under_the_straight_line(shape: tuple[int, int, int]) -> None:
    campus, d, t = campus_of(*shape)
    cables = plan(campus, d)
    s, table = cables.segments, cables.cables
    length = (s["x1_m"] - s["x0_m"]) + (s["y1_m"] - s["y0_m"])
    rack = d.devices["rack_id"].to_numpy()
    a, z = (rack[table[e].to_numpy() >> PORT_BITS].astype(np.int64) for e in ("a_port", "z_port"))
    x, y = d.racks["x_m"].to_numpy(), d.racks["y_m"].to_numpy()
    hall = d.racks["hall"].to_numpy().astype(np.int64) - 1
    flat = pieces(t, x, y, hall, a, z).length_m()
    assert float((length * s["cables"]).sum()) == pytest.approx(flat.sum(), rel=1e-9)
    catalogue = campus.catalogue
    area = []
    for name in cables.parts:
        cable = catalogue.cables[name]
        diameter = catalogue.fibres[cable.fibre].diameter_m if cable.fibre else cable.diameter_m
        area.append(np.pi / 4 * (diameter or 0.0) ** 2)
    each = np.array(area)[table["part"].to_numpy()]
    assert float((length * s["area_m2"]).sum()) == pytest.approx(float((flat * each).sum()), rel=1e-6)
    u = d.devices["u"].to_numpy() * 0.04445
    rise = u[table["a_port"].to_numpy() >> PORT_BITS] - u[table["z_port"].to_numpy() >> PORT_BITS]
    straight = np.sqrt((x[a] - x[z]) ** 2 + (y[a] - y[z]) ** 2 + rise**2)
    assert (table["length_m"].to_numpy() >= straight).all()
    assert (table["route_m"].to_numpy() >= straight - 1e-3).all()
    assert tray_height(campus) > u.max()


def test_a_hall_more_moves_no_hall_and_renames_no_cable() -> None:
    few, many = campus_of(4, 512, 4)[1], campus_of(5, 512, 4)[1]
    for old, new in zip(few.halls, many.halls, strict=False):
        assert (old.x_m, old.y_m) == (new.x_m, new.y_m)
        assert old.racks <= new.racks  # the top tier grows with the campus, in its own rows
    old, new = (d.racks.filter(pl.col("kind") == "compute").select("label", "x_m", "y_m") for d in (few, many))
    assert old.join(new, on=["label", "x_m", "y_m"], how="anti").is_empty()
    (c4, d4, _), (c5, d5, _) = campus_of(4, 512, 4), campus_of(5, 512, 4)
    before, after = (
        full_plan(d, plan(c, d)).filter(pl.col("cable").str.contains("-SERVER-")) for c, d in ((c4, d4), (c5, d5))
    )
    both = before.join(after, on="cable", how="left", maintain_order="left")
    assert both["a_label_right"].null_count() == 0
    assert (both["a_label"] == both["a_label_right"]).all()  # every server's cable has its name and its end
