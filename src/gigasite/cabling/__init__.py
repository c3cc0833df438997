"""Every cable planned; what is really cabled, read and compared.

In: a `Campus` and its `Design`; dumps of lldpd and ibnetdiscover. Out: a `CablePlan` with lengths, parts and
labels, and a `Comparison` of plan and sightings. Open `plan.py` for lengths and parts, `routes.py` for the
trays, `readers/` to add a format, `compare.py` for the comparison.
"""

from gigasite.cabling.compare import compare, read_plan_csv
from gigasite.cabling.labels import named, pull_sheet
from gigasite.cabling.plan import plan
from gigasite.cabling.reader import observe
from gigasite.cabling.types import CablePlan, Comparison, Observed

__all__ = [
    "CablePlan",
    "Comparison",
    "Observed",
    "compare",
    "named",
    "observe",
    "plan",
    "pull_sheet",
    "read_plan_csv",
]
