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
    assert changes.height < 0.003 * before.height  # the last, incomplete pods of the other networks fill up
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
