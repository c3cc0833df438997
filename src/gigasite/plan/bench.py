"""The case of a campus: its plant at full size under its synthetic job, to study by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gigasite.power import plant_of
from gigasite.power.case_text import case_text, q
from gigasite.training.load import levels
from gigasite.training.step import step as step_of

if TYPE_CHECKING:
    from gigasite.campus.schema import Campus
    from gigasite.design.types import Design

DURATION_S = 600.0


def case_of(campus: Campus, design: Design) -> str:
    """Return the case file of a campus: the plant of its last grid step, its job, controller and limits."""
    gpus = campus.compute.gpus
    level = levels(campus, design, gpus)
    one = step_of(campus, gpus)
    t, p = campus.training, design.power
    extra_w = p.peak_w - p.it_typical_w
    plant = plant_of(campus, design, grid_w=campus.power.grid[-1].capacity_w if campus.power.grid else 0.0)
    job = {
        "kind": "job",
        "gpus": gpus,
        "high": q(level.compute_w / gpus, "_w"),
        "low": q(level.wait_w / gpus, "_w"),
        "idle": q(level.idle_w / gpus, "_w"),
        "period": q(max(one.step_s, 0.02), "_s"),
        "wait": min(t.exposed_frac, 0.95),
        "edge": q(t.edge_jitter_s, "_s"),
        "begin": "20 s",
        "checkpoint_every": q(min(t.checkpoint.every_s, 0.2 * DURATION_S), "_s"),
        "checkpoint": q(min(t.checkpoint.stall_s, 0.05 * DURATION_S), "_s"),
        "stop": q(DURATION_S - 60.0, "_s"),
    }
    return case_text(
        campus.name,
        plant,
        job,
        controller=campus.power.controller,
        limits=campus.power.limits,
        shapers=campus.power.shapers,
        extra_w=extra_w,
        duration_s=DURATION_S,
        seed=max(1, campus.seed),
        note=f"plant and job of the campus {campus.name} at full size",
    )
