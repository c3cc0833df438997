"""Health checks that need the longest path or the status date: DCMA points 6, 7, 11, 12, 13 and 14.

Source: Defense Contract Management Agency, Earned Value Management System Program Analysis Pamphlet (2012), section 4.
Floats are working time along relations as if all calendars were one; a deadline is a "finish no later" or a mandatory
finish. What the pamphlet counts against the baseline is counted against the planned dates that a file holds.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from gigasite._core.finding import Severity
from gigasite.schedule import kernels
from gigasite.schedule.exchange import finding
from gigasite.schedule.graph import rows

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gigasite._core.finding import Finding
    from gigasite.schedule.exchange import Exchange

    Ints = NDArray[np.int64]

HIGH_FLOAT_S = 44 * 8 * 3600  # point 6: more than 44 working days
SHARE = 0.05  # tolerated by points 6 and 11
INDEX = 0.95  # CPLI and BEI below are a warning
DEADLINES = ("finish no later", "mandatory finish")
MOST_NAMES = 5


def paths(x: Exchange) -> list[Finding]:
    """Return what floats, deadlines and the status date say; nothing where relations form a cycle."""
    found = [*_negative(x), *_missed(x), *_execution(x)]
    if x.activities.height and x.relations.height:
        float_s = _floats(x)
        if float_s is not None:
            found += [*_high(x, float_s), *_test(x, float_s)]
    return found


def _floats(x: Exchange) -> Ints | None:
    """Return total floats [s] of what is left, nothing when there is a cycle."""
    a, r = x.activities, x.relations
    n = a.height
    idle = (a["actual_finish"] != "") | (a["kind"] == "level of effort")
    left = np.where(idle.to_numpy(), 0, np.maximum(a["remaining_s"].to_numpy(), 0)).astype(np.int64)
    before, after = (r[c].to_numpy().astype(np.int64) for c in ("before", "after"))
    kind, lag = r["kind"].to_numpy(), r["lag_s"].to_numpy().astype(np.int64)
    # from start to start, whatever the relation joins
    from_ = np.where((kind == "FS") | (kind == "FF"), left[before], 0)
    to = np.where((kind == "FF") | (kind == "SF"), left[after], 0)
    over = idle.to_numpy()[before]  # what is over holds nothing up
    keep = ~over
    offset = (lag + from_ - to)[keep]
    before, after = before[keep], after[keep]
    ptr, idx = rows(before, after, n)
    sort = np.lexsort((after, before))
    topo = kernels.topological(ptr, idx, np.bincount(after, minlength=n).astype(np.int64))
    if len(topo) < n:
        return None
    early, late = kernels.passes(topo, ptr, idx, offset[sort].astype(np.int64), left)
    out: Ints = late - early
    return out


def _named(x: Exchange, bad: NDArray[np.bool_], what: str, remedy: str, **more: str) -> list[Finding]:
    codes = x.activities["code"].filter(pl.Series(bad)).to_list()
    if not codes:
        return []
    rest = f" and {len(codes) - MOST_NAMES:,} more" if len(codes) > MOST_NAMES else ""
    where = ", ".join(codes[:MOST_NAMES]) + rest
    found = f"{len(codes):,} of {x.activities.height:,} activities"
    return [finding(Severity.warning, where, what, remedy, found=found, **more)]


def _open(x: Exchange) -> NDArray[np.bool_]:
    a = x.activities
    out: NDArray[np.bool_] = ((a["actual_finish"] == "") & (a["kind"] != "level of effort")).to_numpy()
    return out


def _high(x: Exchange, float_s: Ints) -> list[Finding]:
    """Point 6: much float often is a missing successor."""
    left = _open(x)
    bad = left & (float_s > HIGH_FLOAT_S)
    if bad.sum() <= SHARE * max(int(left.sum()), 1):
        return []
    return _named(x, bad, "total float above 352 h (44 days of 8 h); more than 5 %", "look for missing successors")


def _negative(x: Exchange) -> list[Finding]:
    """Point 7: planned to finish after a deadline."""
    a = x.activities
    late = a["constraint"].is_in(DEADLINES) & (a["constraint_date"] != "") & (a["finish"] > a["constraint_date"])
    bad = late.to_numpy() & _open(x)
    return _named(
        x, bad, "negative float: planned to finish after the deadline", "shorten its path or move the deadline"
    )


def _test(x: Exchange, float_s: Ints) -> list[Finding]:
    """Points 12 and 13: whether logic sets the end, and whether there is room to the deadline."""
    a, left = x.activities, _open(x)
    finish = a["finish"].to_list()
    ends = [i for i in np.flatnonzero(left).tolist() if finish[i]]
    if not ends:
        return []
    last = max(ends, key=lambda i: (finish[i], -int(float_s[i])))
    out = []
    tied = [i for i in ends if finish[i] == finish[last]]
    if min(int(float_s[i]) for i in tied) > 0:
        text = "critical path test: what ends last is not the end of the longest chain; dates or constraints, not logic"
        out.append(finding(Severity.warning, a["code"][last], text, "link it to what really holds it up"))
    limits = a.filter(a["constraint"].is_in(DEADLINES) & (a["constraint_date"] != ""))["constraint_date"]
    begin = x.status or x.start
    if limits.len() and begin and finish[last] > begin:
        length = _days(begin, finish[last])
        room = _days(finish[last], str(limits.max()))
        index = (length + room) / length
        if index < INDEX:
            text = "critical path length index (CPLI): days left to the deadline over days left to do"
            remedy = "shorten the critical path or move the deadline"
            out.append(finding(Severity.warning, a["code"][last], text, remedy, found=f"{index:.2f}", limit=f"{INDEX}"))
    return out


def _days(begin: str, end: str) -> float:
    return (datetime.fromisoformat(end) - datetime.fromisoformat(begin)).total_seconds() / 86400.0


def _due(x: Exchange) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return which tasks were to finish by the status date, and which of them did in time."""
    a = x.activities
    due = (a["kind"] == "task") & (a["finish"] != "") & (a["finish"] <= x.status)
    done = (a["actual_finish"] != "") & (a["actual_finish"] <= a["finish"])
    return due.to_numpy(), (due & done).to_numpy()


def _missed(x: Exchange) -> list[Finding]:
    """Point 11: tasks that should be finished and are not, or finished late."""
    if not x.status:
        return []
    due, kept = _due(x)
    bad = due & ~kept
    if bad.sum() <= SHARE * max(int(due.sum()), 1):
        return []
    return _named(
        x, bad, "missed: planned to finish by the status date and not finished in time; more than 5 %", "re-plan"
    )


def _execution(x: Exchange) -> list[Finding]:
    """Point 14: finished tasks over tasks that should be finished."""
    if not x.status:
        return []
    due, _ = _due(x)
    tasks = x.activities["kind"] == "task"
    done = int(((x.activities["actual_finish"] != "") & tasks).sum())
    index = done / int(due.sum()) if due.any() else 1.0
    if index >= INDEX:
        return []
    text = "baseline execution index (BEI): finished tasks over tasks planned to be finished"
    return [finding(Severity.warning, "progress", text, "finish or re-plan", found=f"{index:.2f}", limit=f"{INDEX}")]
