"""A campus that grows: what stands keeps its names, its labels and its cables."""

from __future__ import annotations

import dataclasses
from typing import Any

import polars as pl
import pytest

from gigasite.cabling import diff, full_plan, plan
from gigasite.campus import Campus, load, reference
from gigasite.design import design

ENDS = ["a_node", "a_port", "z_node", "z_port"]


def grown(campus: Campus, network: dict[str, Any] | None = None, **compute: Any) -> Campus:
    """Return Memphis in whole pods of 4,096 GPUs, six a hall, with settings changed."""
    whole = {"gpus": 98_304, "halls": 4} | compute
    return dataclasses.replace(
        campus,
        compute=dataclasses.replace(campus.compute, **whole),
        network=dataclasses.replace(campus.network, **(network or {})),
    )


@pytest.fixture(scope="module")
def memphis() -> Campus:
    return load(reference("memphis"))


def planned(campus: Campus) -> pl.DataFrame:
    d = design(campus)
    return full_plan(d, plan(campus, d))


@pytest.fixture(scope="module")
def before(memphis: Campus) -> pl.DataFrame:
    return planned(grown(memphis))


def moved(old: pl.DataFrame, new: pl.DataFrame) -> pl.DataFrame:
    """Return moves and removals; every cable with the same ends in both must have one name."""
    both = old.join(new, on=ENDS, suffix="_new")
    assert (both["cable"] == both["cable_new"]).all()
    return diff(old, new).filter(pl.col("kind").is_in(["move", "remove"]))


def test_a_hall_of_gpus_more_adds_and_renames_nothing(memphis: Campus, before: pl.DataFrame) -> None:
    after = planned(grown(memphis, gpus=122_880, halls=5))
    changes = moved(before, after)
    assert changes.filter(pl.col("cable").str.starts_with("GPU-")).is_empty()
    assert changes.filter(pl.col("kind") == "remove").is_empty()
    assert changes.height < 0.005 * before.height  # last pods of other networks fill; storage nodes get other leaves
    assert (changes["old_a_node"] == changes["new_a_node"]).all()
    joined = before.join(after, on="cable", suffix="_new")
    assert joined.height == before.height
    server = joined.filter(pl.col("a_node").str.starts_with("srv-"))
    assert (server["a_label"] == server["a_label_new"]).all()


def test_storage_and_in_band_added_move_nothing_of_the_other_networks(memphis: Campus, before: pl.DataFrame) -> None:
    more = moved(before, planned(grown(memphis, {"storage_links": 2})))
    assert more.filter(~pl.col("cable").str.starts_with("STORAGE-")).is_empty()
    assert moved(before, planned(grown(memphis, {"inband_links": 1}))).is_empty()


def test_the_power_chapter_changes_no_cable(memphis: Campus, before: pl.DataFrame) -> None:
    base = grown(memphis)
    other = dataclasses.replace(base, power=dataclasses.replace(base.power, gensets=(), batteries=()))
    assert diff(before, planned(other)).is_empty()


@pytest.fixture(scope="module")
def as_it_is(memphis: Campus) -> pl.DataFrame:
    return planned(memphis)


@pytest.mark.parametrize("gpus", [99_992, 100_008, 100_064])
def test_servers_more_or_less_move_no_cable(memphis: Campus, as_it_is: pl.DataFrame, gpus: int) -> None:
    after = planned(dataclasses.replace(memphis, compute=dataclasses.replace(memphis.compute, gpus=gpus)))
    changes = diff(as_it_is, after)
    assert set(changes["kind"]) == {"add" if gpus > 100_000 else "remove"}
    assert changes.height == abs(gpus - 100_000) // 8 * 10  # of each server eight rails, storage and management


def test_an_array_more_moves_only_what_hangs_on_the_last_pods(memphis: Campus, as_it_is: pl.DataFrame) -> None:
    changes = moved(
        as_it_is, planned(dataclasses.replace(memphis, compute=dataclasses.replace(memphis.compute, gpus=100_512)))
    )
    assert changes.filter(pl.col("cable").str.starts_with("GPU-SERVER")).is_empty()
    assert changes.height < 0.02 * as_it_is.height


def test_a_network_turned_off_moves_nothing_of_the_others(memphis: Campus, as_it_is: pl.DataFrame) -> None:
    def without(**network: int) -> pl.DataFrame:
        return moved(
            as_it_is, planned(dataclasses.replace(memphis, network=dataclasses.replace(memphis.network, **network)))
        )

    assert set(without(management_links=0)["cable"].str.extract("^([A-Z]+)").unique()) == {"MANAGEMENT"}
    storage = without(storage_links=0).filter(~pl.col("cable").str.contains("^STORAGE|STORAGE"))
    assert storage.height < 0.001 * as_it_is.height
    assert storage.filter(pl.col("cable").str.contains("SERVER|GPU")).is_empty()


def test_halls_may_be_given_their_arrays_so_that_growth_stays_in_the_last(memphis: Campus) -> None:
    def fixed(gpus: int) -> pl.DataFrame:
        compute = dataclasses.replace(memphis.compute, gpus=gpus, arrays_per_hall=40)
        return planned(dataclasses.replace(memphis, compute=compute))

    changes = moved(fixed(90_112), fixed(98_304))  # by whole pods
    assert changes.filter(pl.col("cable").str.starts_with("GPU-")).is_empty()


def test_the_seed_changes_no_cable(memphis: Campus, as_it_is: pl.DataFrame) -> None:
    assert diff(as_it_is, planned(dataclasses.replace(memphis, seed=memphis.seed + 1))).is_empty()
