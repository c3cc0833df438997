"""Every cable planned; what is really cabled, read and compared.

In: a `Campus` and its `Design`; what switches and hosts say of their neighbours; edited sheets. Out: a `CablePlan` with
routes, lengths, parts, modules, tray fill and labels; changes between plans; files for those who order, pull and check;
a `Comparison` of plan and sightings; a `Diagnosis`: causes, fewest moves, work orders. Open `plan.py` first, then
`routes.py` and `trays.py` for lengths, `choose.py` for parts, `rules/` and `exports/` to add one of a kind, `readers/`
to add a format, `match.py` for who is who, `diagnose.py` for causes and moves, `faults/` to add a class of faults;
`measure.py` and `tomography.py` for links that lose packets, `snapshots.py` for the bring-up from day to day.
"""

from gigasite.cabling.compare import compare, read_plan_csv
from gigasite.cabling.diagnose import Diagnosis, diagnose
from gigasite.cabling.diff import apply, diff
from gigasite.cabling.diff import full as full_plan
from gigasite.cabling.match import Bound, bind
from gigasite.cabling.naming import named, pull_sheet
from gigasite.cabling.plan import plan
from gigasite.cabling.reader import observe
from gigasite.cabling.store import read_plan
from gigasite.cabling.types import CablePlan, Comparison, Observed

__all__ = [
    "Bound",
    "CablePlan",
    "Comparison",
    "Diagnosis",
    "Observed",
    "apply",
    "bind",
    "compare",
    "diagnose",
    "diff",
    "full_plan",
    "named",
    "observe",
    "plan",
    "pull_sheet",
    "read_plan",
    "read_plan_csv",
]
