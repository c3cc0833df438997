"""How long one optimiser step takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gigasite.training.types import Step

if TYPE_CHECKING:
    from gigasite.campus.schema import Campus


def flop_per_step(active: float, tokens: float) -> float:
    """Return the floating-point operations of one step: 6 per parameter and token (forward 2, backward 4).

    References
    ----------
    Kaplan et al., arXiv:2001.08361, section 2.1; the Llama 3 paper (arXiv:2407.21783) gives 3.8e25 for 405e9
    parameters and 15.6e12 tokens.

    Examples
    --------
    >>> f"{flop_per_step(405e9, 15.6e12):.2e}"
    '3.79e+25'
    """
    return 6.0 * active * tokens


def step(campus: Campus, gpus: int) -> Step:
    """Return the step of the campus's job on `gpus` GPUs.

    Step time = 6 N T / (G F MFU); the exposed share of it is communication in which all GPUs wait.
    """
    t = campus.training
    gpu = campus.catalogue.gpus[campus.catalogue.servers[campus.compute.server].gpu]
    flop = flop_per_step(t.model.active or t.model.parameters, t.tokens_per_step)
    step_s = flop / (gpus * gpu.dense_flop_per_s * t.mfu_frac)
    wait_s = step_s * t.exposed_frac
    return Step(
        step_s=step_s, compute_s=step_s - wait_s, communication_s=wait_s, flop=flop,
        tokens_per_s=t.tokens_per_step / step_s, frequency_hz=1.0 / step_s,
    )
