"""Studies over many plans: build or lease, which site.

In: a `Plan` (or a campus and candidate sites). Out: options with NPV and days, break-evens, a ranking of
sites with the filter that stops each. Open `lease.py` for money, `sites.py` for sites.
"""

from gigasite.decide.lease import Decision, Option, lease_or_build
from gigasite.decide.sites import SiteResult, rank_sites

__all__ = ["Decision", "Option", "SiteResult", "lease_or_build", "rank_sites"]
