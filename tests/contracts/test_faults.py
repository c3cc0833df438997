"""What every class of faults keeps: it says what it is, and what it plants alone is found, and nothing else."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from gigasite._core.errors import InfeasibleError
from gigasite.cabling import diagnose
from gigasite.cabling.fault import Stage, faults
from gigasite.cabling.inject import inject

_spec = importlib.util.spec_from_file_location("plans", Path(__file__).parents[1] / "unit" / "cabling" / "plans.py")
assert _spec is not None
assert _spec.loader is not None
plans = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(plans)

UNPLANTED = {"loopback", "stale"}  # no cable; needs a second reading


@pytest.mark.parametrize("name", faults.names())
def test_it_says_what_it_is(name: str) -> None:
    part = faults[name]()
    assert isinstance(part.stage, Stage)
    for text in (part.signature, part.remedy, part.verify):
        assert len(text) > 10
        assert text.strip() == text
        assert not text.endswith(".")


@pytest.mark.parametrize("hca", [False, True])
@pytest.mark.parametrize("name", [n for n in faults.names() if n not in UNPLANTED])
def test_what_it_plants_is_found_and_nothing_else(name: str, *, hca: bool) -> None:
    ends = plans.two_tiers(hca=hca)
    for seed in range(5):
        try:
            drill = inject(ends, rate_frac=0.002, seed=seed, kinds=[name])
        except InfeasibleError:
            assert name == "one_way"
            assert hca
            continue
        d = diagnose(ends, drill.observed)
        planted = drill.lab.case.bound.ports.rows()
        rows = d.bound.ports.rows()
        want = sorted((p.kind, sorted(planted[i][:2] for i in p.ports)) for p in drill.lab.planted)
        got = sorted((c.kind, sorted(rows[i][:2] for i in c.ports)) for c in d.causes)
        assert got == want
        assert all(0 < c.confidence_frac <= 1 and c.evidence for c in d.causes)


@pytest.mark.parametrize("name", faults.names())
def test_a_plan_without_room_is_left_alone(name: str) -> None:
    ends = plans.two_tiers(2, rails=1, group=2, spines=1, mult=1)[:1]
    try:
        drill = inject(ends, rate_frac=0.5, seed=1, kinds=[name])
    except InfeasibleError:
        return
    assert np.all(drill.lab.real[drill.lab.real[drill.lab.real >= 0]] == np.flatnonzero(drill.lab.real >= 0))
