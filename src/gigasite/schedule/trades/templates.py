"""Trades as data: the catalogue's activities, each repeated for what it is for and linked to what it waits for."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from gigasite._core.errors import InfeasibleError
from gigasite._core.registry import unknown
from gigasite.schedule.places import Places, measure, places
from gigasite.schedule.trade import trades

if TYPE_CHECKING:
    from gigasite.campus.build_parts import Activity
    from gigasite.schedule.trade import Builder, Ids

AFTER = re.compile(r"(?P<name>(?:order )?[\w.-]+)(?P<first> first)?(?: \+ (?P<hours>\d+(?:\.\d+)?) h)?")


@trades.part("templates")
class Templates:
    """The trades of `catalogue/activities`: all activities, then all links, so that their order does not matter."""

    rank = 10

    def __call__(self, b: Builder, /) -> None:
        """Add the activities."""
        where = places(b)
        lines = b.campus.catalogue.activities
        ids, seen = {}, set(b.names)
        for name, line in lines.items():
            ids[name] = _add(b, where, name, line)
            _tell_apart(b, name, ids[name], seen)
        for name, line in lines.items():
            if line.chain:
                b.link(ids[name][:-1], ids[name][1:])
            for text in line.after:
                _link(b, where, (text, name), ids)
            if line.made:
                b.made[line.made] = np.concatenate([b.made.get(line.made, np.zeros(0, np.int64)), ids[name]])
        b.made["rack array"] = where.at["rack"]["array"]


def _add(b: Builder, where: Places, name: str, line: Activity) -> Ids:
    if line.each not in where.names:
        raise unknown(f"place of activity {name}", line.each, where.names)
    names = where.names[line.each]
    quantity = measure(b, where, name, line.quantity) if names else 1.0
    return b.work(line.trade, line.rate, names, quantity=quantity, gang=line.gang or None, level=line.level)


def _tell_apart(b: Builder, name: str, ids: Ids, seen: set[str]) -> None:
    """Add the activity's own name where one of the same rate stands at the same place already.

    Actuals, saved baselines and the luck of samples go by the names.
    """
    for i in ids.tolist():
        if b.names[i] in seen:
            title = b.names[i].removesuffix(f": {b.places[i]}")
            b.names[i] = f"{title} ({name}): {b.places[i]}"
        seen.add(b.names[i])


def _link(b: Builder, where: Places, link: tuple[str, str], ids: dict[str, Ids]) -> None:
    """Let activity `link[1]` wait for what `link[0]` says, place by place."""
    text, name = link
    found = AFTER.fullmatch(text)
    if found is None:
        raise InfeasibleError(f"activity {name}: cannot read '{text[:60]}'; write NAME, NAME first or NAME + 24 h")
    lines = b.campus.catalogue.activities
    own = lines[name].each
    if found["name"].startswith("order "):
        item = found["name"].removeprefix("order ")
        known = {lead.item for lead in b.campus.catalogue.lead_times.values()}
        if item not in known:
            raise unknown(f"long-lead item before {name}", item, known)
        before = b.made.get(f"order {item}", np.zeros(0, np.int64))
        key = own if len(before) == len(ids[name]) and item in where.names else "campus"
    elif found["name"] in ids:
        before, key = ids[found["name"]], lines[found["name"]].each
    else:
        raise unknown(f"activity before {name}", found["name"], ids)
    if found["first"]:
        before, key = before[:1], "campus"
    if not len(before) or not len(ids[name]):
        return
    i, j = where.pairs(key, own)
    if found["hours"]:
        b.wait(float(found["hours"]), before[i], ids[name][j])
    else:
        b.links.append(np.column_stack([before[i], ids[name][j]]))
