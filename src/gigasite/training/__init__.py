"""The training job as a load on the plant.

In: a `Campus` and its `Design`, or a measured power trace. Out: a `LoadTrace` that renders power
at any time step, and goodput figures. Open `load.py` for the phases of a job, `measured.py` for
readers of measured traces, `calibrate.py` for their levels, `goodput.py` for failures.
"""

from gigasite.training.calibrate import Calibration, calibrate
from gigasite.training.goodput import Goodput, goodput, goodput_of
from gigasite.training.load import load_trace
from gigasite.training.measured import read_trace, scaled
from gigasite.training.types import LoadTrace, Step

__all__ = [
    "Calibration",
    "Goodput",
    "LoadTrace",
    "Step",
    "calibrate",
    "goodput",
    "goodput_of",
    "load_trace",
    "read_trace",
    "scaled",
]
