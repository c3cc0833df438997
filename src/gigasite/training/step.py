"""How long one optimiser step takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gigasite._core.errors import InfeasibleError
from gigasite.training.types import Step

if TYPE_CHECKING:
    from gigasite.campus.schema import Campus


def flop_per_step(active: float, tokens: float) -> float:
    """Return the floating-point operations of one step: 6 per parameter and token.

    Forward takes 2, backward 4. The attention term, which grows with the length of the sequence,
    is left out.

    References
    ----------
    Kaplan et al., arXiv:2001.08361, section 2.1; the Llama 3 paper (arXiv:2407.21783) gives 3.8e25
    for 405e9 parameters and 15.6e12 tokens.

    Examples
    --------
    >>> f"{flop_per_step(405e9, 15.6e12):.2e}"
    '3.79e+25'
    """
    return 6.0 * active * tokens


def step_seconds(*, flop: float, gpus: int, flop_per_s: float, mfu_frac: float) -> float:
    """Return the time of one step [s]: 6 N T / (G F MFU).

    Parameters
    ----------
    flop
        Of one step.
    gpus
        GPUs that share it.
    flop_per_s
        Dense peak of one GPU.
    mfu_frac
        Model FLOP utilisation.

    Examples
    --------
    >>> one = flop_per_step(405e9, 16.78e6)
    >>> f"{step_seconds(flop=one, gpus=8192, flop_per_s=989e12, mfu_frac=0.435):.1f}"
    '11.6'
    """
    return flop / (gpus * flop_per_s * mfu_frac)


def step(campus: Campus, gpus: int) -> Step:
    """Return the step of the campus's job on `gpus` GPUs.

    The exposed share of it is communication in which all GPUs wait.

    Raises
    ------
    InfeasibleError
        `gpus` is below 1 or more than the campus has.
    """
    if not 1 <= gpus <= campus.compute.gpus:
        raise InfeasibleError(f"{gpus} GPUs cannot run: the campus has {campus.compute.gpus}")
    t = campus.training
    gpu = campus.catalogue.gpus[campus.catalogue.servers[campus.compute.server].gpu]
    flop = flop_per_step(t.model.active or t.model.parameters, t.tokens_per_step)
    step_s = step_seconds(flop=flop, gpus=gpus, flop_per_s=gpu.dense_flop_per_s, mfu_frac=t.mfu_frac)
    wait_s = step_s * t.exposed_frac
    return Step(
        step_s=step_s,
        compute_s=step_s - wait_s,
        communication_s=wait_s,
        flop=flop,
        tokens_per_s=t.tokens_per_step / step_s,
        frequency_hz=1.0 / step_s,
    )
