"""Cooling: plant cells, mains of each hall, branches and flushing of each row."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gigasite.schedule.trade import halls, trades

if TYPE_CHECKING:
    from gigasite.schedule.trade import Builder


@trades.part("cooling")
class CoolingTrade:
    """Cooling: plant cells, mains of each hall, branches and flushing of each row."""

    rank = 40

    def __call__(self, b: Builder, /) -> None:
        """Add the activities."""
        plant, names = b.design.cooling, halls(b)
        mains = b.work("cooling", "pipe-main", names)
        b.link(b.made["hall"], mains)
        start = b.work("cooling", "plant-start", names)
        b.link(mains, start)
        kinds = [
            ("tower", "heat rejection", plant.towers + plant.dry_coolers),
            ("chiller", "chiller", plant.chillers),
        ]
        for item, word, count in kinds:
            if not count:
                continue
            places = [f"{word} {i + 1}" for i in range(count)]
            hall = np.arange(count, dtype=np.int64) * len(names) // count
            setting = b.work("cooling", "plant-cell", places)
            b.link(b.delivery(item, ["campus"]), setting)
            b.link(b.made["permits"], setting)
            pipe = b.work("cooling", "plant-pipe", places)
            b.link(setting, pipe)
            # a hall starts up with its own cells; halls that got none share their neighbour's
            b.join(pipe, start, hall)
            for h in sorted(set(range(len(names))) - set(hall.tolist())):
                b.link(pipe[min(h * count // len(names), count - 1)], start[h])
        self._rows(b, mains)
        b.made["plant"] = start

    def _rows(self, b: Builder, mains: np.ndarray) -> None:
        racks = b.design.racks
        mine = racks.filter(racks["kind"] == "compute").select("hall", "row").to_numpy().astype(np.int64)
        rows = np.unique(mine, axis=0)
        names = [f"H{h}-R{r:02d}" for h, r in rows]
        branch = b.work("cooling", "branch-row", names)
        b.link(mains[rows[:, 0] - 1], branch)
        flush = b.work("cooling", "flush-row", names)
        arrive = b.delivery("cdu", ["campus"])
        if (racks["kind"] == "cdu").any():
            cdus = racks.filter(racks["kind"] == "cdu").select("hall", "row").to_numpy().astype(np.int64)
            each = np.array([((cdus == r).all(axis=1)).sum() for r in rows], dtype=np.float64)
            setting = b.work("cooling", "cdu-set", names, quantity=np.maximum(each, 1.0))
            b.link(arrive, setting)
            b.link(branch, setting)
            b.link(setting, flush)
        else:
            b.link(arrive, flush)
        b.link(branch, flush)
        hold = b.work("cooling", "flush-hold", names)
        b.link(flush, hold)
        b.made["row water"] = hold
