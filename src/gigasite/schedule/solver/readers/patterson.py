"""Patterson's format (.rcp, .txt): Patterson, Management Science 30 (1984) 854-867; also RG300 and other RanGen sets.

Whole numbers in any white space: `n R`, R capacities, then per activity its duration, R demands, the number of its
successors and these, counted from 1. First and last activity are dummies.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from gigasite._core.errors import InputFileError
from gigasite.schedule.solver.problem import plain_problem
from gigasite.schedule.solver.reader import Words, readers

if TYPE_CHECKING:
    from gigasite.schedule.solver.problem import Problem


@readers.part("patterson")
class Patterson:
    """One mode per activity, finish-start links."""

    suffixes = (".rcp", ".txt")

    def sniff(self, text: str, /) -> bool:
        """Return whether the first words are numbers."""
        return re.match(r"\s*\d+\s+\d+\s+[\d.]", text) is not None

    def read(self, text: str, file: str, /) -> Problem:
        """Return the problem; see `Reader`."""
        words = Words(file, text.splitlines())
        n, kinds = words.number("the number of activities", 1), words.number("the number of resources")
        capacity = words.numbers(kinds, "the capacity of a resource")
        duration, demand, links = [], [], []
        for i in range(n):
            duration.append(words.number(f"the duration of activity {i + 1}"))
            demand.append(words.numbers(kinds, f"a demand of activity {i + 1}"))
            short = [r for r in range(kinds) if demand[i][r] > capacity[r] and duration[i]]
            if short:
                found = f"activity {i + 1} needs {demand[i][short[0]]} of resource {short[0] + 1}"
                raise InputFileError(file, words.line, f"{found}, which has {capacity[short[0]]}; correct one of them")
            links += [(i, z) for z in words.successors(i, n)]
        words.end()
        return plain_problem(
            np.array(duration, np.int64),
            np.array(demand, np.int64).reshape(n, kinds),
            np.array(capacity, np.int64).reshape(kinds, 1),
            np.array(sorted(set(links)), np.int64).reshape(-1, 2),
            name=Path(file).stem,
        )
