"""Pipes as things to buy, weld, hang, drain and vent: counts by hand on a small comb, and laws on the campuses."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import polars as pl
import pytest

from gigasite._core.errors import InfeasibleError
from gigasite.campus import load, reference
from gigasite.campus.schema import Campus
from gigasite.design import design
from gigasite.design.pipe_bill import BILL, PipeBill
from gigasite.design.pipe_lines import coolant_m3, pipe_lines
from gigasite.design.pipe_points import pipe_points
from gigasite.design.pipe_routes import DROP_M
from gigasite.design.piping import piping
from gigasite.design.types import Design
from gigasite.schedule.network import network


@pytest.fixture(scope="module")
def lab() -> tuple[Campus, Design]:
    campus = load(reference("lab"))
    return campus, design(campus)


@pytest.fixture(scope="module")
def memphis() -> tuple[Campus, Design]:
    campus = load(reference("memphis"))
    return campus, design(campus)


def bill_of(d: Design) -> PipeBill:
    assert d.pipes is not None
    return d.pipes


def test_a_comb_is_counted_as_by_hand(lab: tuple[Campus, Design]) -> None:
    """Two rows of racks at one main: taps, ends, drops and valves, counted on paper."""
    p = bill_of(lab[1]).piping
    racks, rows = len(p.terminals.rack), len(np.unique(p.terminals.row))
    total = bill_of(lab[1]).bill.sum()
    branches = int(total["tees"][0] + total["outlets"][0])
    # each way: a run of n taps branches at all of them but the last, which turns; the main likewise
    assert branches == 2 * ((racks - rows) + (rows - 1))
    # each way: out of the plant, the corner, the end of the main and of each row; and two at each rack's exchanger
    assert int(total["elbows"][0]) == 2 * (1 + 1 + 1 + rows) + 2 * racks
    # three a rack, one at the head of each run (supply, return: to the corner, main, rows), four in the plant
    assert int(total["valves"][0]) == 3 * racks + 2 * (2 + rows) + 4


@pytest.mark.parametrize("name", ["lab", "memphis"])
def test_welds_follow_from_fittings_and_lengths(name: str, request: pytest.FixtureRequest) -> None:
    _, d = request.getfixturevalue(name)
    made = bill_of(d)
    bill = BILL.check(made.bill)
    two = bill["elbows"] + bill["reducers"] + bill["valves"]
    fittings = float((2 * two + 3 * bill["tees"] + bill["outlets"]).sum())
    welds = float(bill["welds"].sum())
    assert fittings <= welds <= fittings + float(bill["length_m"].sum()) / 6.0
    assert float(made.inches.sum()) == pytest.approx(float(bill["weld_inches"].sum()), rel=1e-12)
    halls = sum(made.inches_at(h.hall) for h in d.halls)
    rows = sum(made.inches_at(int(h), int(r)) for h, r in made.place.tolist() if r)
    assert halls + rows == pytest.approx(float(made.inches.sum()), rel=1e-12)


@pytest.mark.parametrize("reverse", [False, True])
def test_supports_keep_their_span_and_air_and_water_get_out(memphis: tuple[Campus, Design], *, reverse: bool) -> None:
    campus, d = memphis
    if reverse:
        cooling = dataclasses.replace(campus.cooling, piping="reverse-return")
        campus = dataclasses.replace(campus, cooling=cooling)
    p = piping(campus, d.halls, d.racks, d.cooling.air_w)
    points = pipe_points(p)
    r = p.laid.routes
    runs = pl.DataFrame({"pipe": r.name, "run": r.run, "span": p.sizes.support_m[p.size[: len(r.name)]]})
    on = points.filter(pl.col("kind") == "support").join(runs, on="pipe", how="inner", maintain_order="left")
    for (run,), group in on.group_by("run"):
        at = np.sort(group["x_m"].to_numpy() + group["y_m"].to_numpy())  # runs lie along x or y
        widest = float(runs.filter(pl.col("run") == run)["span"].max())  # type: ignore[arg-type]
        assert np.diff(at).max(initial=0.0) <= widest + 1e-9
    assert on["run"].n_unique() == len(set(r.run))
    vents, rows = (
        points.filter(pl.col("kind") == "vent"),
        len({(h, k) for h, k in zip(r.hall, r.row, strict=True) if k}),
    )
    banks = len({n.split("-main-")[0] for n in r.name if "-main-" in n})
    assert len(vents) == 2 * rows + 2 * banks
    drains = points.filter(pl.col("kind") == "drain")
    assert len(drains) == len(p.terminals.rack) + 2 * len(p.laid.halls)
    assert (drains["z_m"] == 0.0).all()
    assert (vents["z_m"] > 0.0).all()
    # the vent of a row hangs over its last rack, in both ways of return
    last = {(h, k): p.terminals.x_m[(p.terminals.hall == h) & (p.terminals.row == k)] for h, k in [(1, 1)]}
    seen = vents.filter(pl.col("pipe").str.starts_with("H1-R01-"))
    ends = {float(last[1, 1].max()), float(last[1, 1].min())} if reverse else {float(last[1, 1].max())}
    assert set(seen["x_m"].to_list()) == ends


def test_the_bill_of_materials_holds_what_is_laid(memphis: tuple[Campus, Design]) -> None:
    campus, d = memphis
    made, bom = bill_of(d), d.bom
    pipe = bom.filter(pl.col("item") == "pipe")
    for size, count, usd in pipe.select("part", "count", "likely_usd").iter_rows():
        metres = float(made.bill.filter(pl.col("size") == size)["length_m"][0])
        assert metres <= count < metres + 1
        assert usd == pytest.approx(count * campus.catalogue.pipes[size].price_usd_per_m)
    assert set(bom["item"]) >= {"pipe", "pipe-fitting", "pipe-valve", "coolant"}
    assert "insulation" not in set(bom["item"])  # water of 32 degC does not drip
    cold = dataclasses.replace(campus, cooling=dataclasses.replace(campus.cooling, supply_degc=12.0))
    lines = {line.part: line.count for line in pipe_lines(cold, made, d.racks)}
    assert lines["pipe_insulation"] == int(np.ceil(made.bill["outside_m2"].sum()))
    assert lines["coolant_pg25"] == int(np.ceil(coolant_m3(campus, d.racks)))
    low, likely, high = (
        float(bom.filter(pl.col("part") == "coolant_pg25")[c][0]) for c in ("low_usd", "likely_usd", "high_usd")
    )
    price = campus.catalogue.prices["coolant_pg25"]
    assert (low / likely, high / likely) == pytest.approx((price.low / price.likely, price.high / price.likely))


def test_twice_the_campus_takes_twice_the_pipes(lab: tuple[Campus, Design]) -> None:
    campus, d = lab
    compute = dataclasses.replace(campus.compute, gpus=2 * campus.compute.gpus, halls=2 * campus.compute.halls)
    two = bill_of(design(dataclasses.replace(campus, compute=compute)))
    one = bill_of(d)
    for column in ("length_m", "weld_inches", "price_usd"):
        # not all racks are for computing, so that halves are not quite alike
        assert float(two.bill[column].sum()) == pytest.approx(2 * float(one.bill[column].sum()), rel=0.35)
    heat = float(two.piping.terminals.liquid_w.sum()) / float(one.piping.terminals.liquid_w.sum())
    assert heat == pytest.approx(2.0, rel=1e-9)


def test_pipe_fitters_are_planned_by_weld_inches(memphis: tuple[Campus, Design]) -> None:
    campus, d = memphis
    net = network(campus, d, dict[str, str](campus.schedule.modes))
    rates = campus.catalogue.rates
    hours = {name: float(h[1]) for name, h in zip(net.names, net.hours, strict=True)}
    main = hours[f"{rates['pipe-main'].title}: H2"] / hours[f"{rates['pipe-main'].title}: H1"]
    assert main == pytest.approx(bill_of(d).inches_at(2) / bill_of(d).inches_at(1), rel=1e-9)
    row = hours[f"{rates['branch-row'].title}: H1-R05"] / hours[f"{rates['branch-row'].title}: H1-R01"]
    assert row == pytest.approx(bill_of(d).inches_at(1, 5) / bill_of(d).inches_at(1, 1), rel=1e-9)
    assert rates["pipe-main"].likely * rates["pipe-main"].people == pytest.approx(0.45)  # Page: man-hours an inch


def test_a_campus_without_heat_to_water_has_no_pipes(lab: tuple[Campus, Design]) -> None:
    campus, d = lab
    cold = d.racks.with_columns(liquid_w=pl.lit(0.0), typical_w=pl.lit(0.0))
    with pytest.raises(InfeasibleError, match="no rack gives heat to water"):
        piping(campus, d.halls, cold, 0.0)


def test_a_drop_is_held_where_it_is_longer_than_its_span(lab: tuple[Campus, Design]) -> None:
    p = piping(lab[0], lab[1].halls, lab[1].racks, lab[1].cooling.air_w)
    points: Any = pipe_points(p).filter(pl.col("pipe").str.ends_with("-drop") & (pl.col("kind") == "support"))
    m = len(p.laid.routes.start)
    spans = p.sizes.support_m[p.size[m : m + len(p.terminals.rack)]]
    assert len(points) == int(2 * (np.ceil(DROP_M / spans) - 1).sum())
