"""What every style of labels keeps."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from gigasite.cabling import plan
from gigasite.cabling.label import styles
from gigasite.cabling.naming import directory, places
from gigasite.campus import load, reference
from gigasite.design import design


@pytest.mark.parametrize("name", styles.names())
def test_labels_are_unique_and_short_and_plain(name: str) -> None:
    d = design(load(reference("memphis")))
    ports = pl.concat([pl.Series(d.links.a_port), pl.Series(d.links.z_port)])
    labels = styles[name]().label(places(directory(d), ports))
    assert labels.null_count() == 0
    assert labels.n_unique() == len(np.unique(ports.to_numpy()))
    assert labels.str.len_chars().max() <= 40
    assert labels.str.contains(r"^[A-Za-z0-9.:/_-]+$").all()


@pytest.mark.parametrize("name", styles.names())
def test_a_campus_may_choose_any_style(name: str) -> None:
    import dataclasses

    campus = load(reference("lab"))
    cabling = dataclasses.replace(campus.network.cabling, label=name)
    campus = dataclasses.replace(campus, network=dataclasses.replace(campus.network, cabling=cabling))
    assert plan(campus, design(campus)).label == name
