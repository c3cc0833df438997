"""Seeded random streams: one per chapter and task index, the same whatever the number of workers."""

from __future__ import annotations

from hashlib import blake2b

import numpy as np


def stream(seed: int, chapter: str, task: int = 0) -> np.random.Generator:
    """Return the generator of one task of one chapter.

    Parameters
    ----------
    seed
        The campus's seed, >= 0.
    chapter
        Any name; streams of different names are independent.
    task
        Index of the task, >= 0.

    Examples
    --------
    >>> bool(stream(1, "schedule", 2).random() == stream(1, "schedule", 2).random())
    True
    """
    return np.random.Generator(np.random.PCG64DXSM(np.random.SeedSequence([seed, word(chapter), task])))


def word(name: str) -> int:
    """Return 64 bits that stand for a name, in every process and on every machine the same.

    >>> word("flush-row: H1-R01") == word("flush-row: H1-R02")
    False
    """
    return int.from_bytes(blake2b(name.encode(), digest_size=8).digest(), "big")
