"""Identity of cables: what a cable is called whatever else of the campus changes.

A cable is named by its lower end: fabric, kind of device, number of the device within its kind, and number of the port
within the ports that this fabric has on such a device. Every port holds at most one cable, so that names are unique;
halls, storage or management added elsewhere change none of them. The number packs the same four: 20 bits of a hash of
fabric and kind, 28 of the device, 15 of the port.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from gigasite._core.errors import InfeasibleError
from gigasite.design.types import FABRICS, PORT_BITS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gigasite.design.types import Design

HASH_BITS, DEVICE_BITS, LOCAL_BITS = 20, 28, 15
_PORT = (1 << PORT_BITS) - 1


def identities(design: Design) -> NDArray[np.int64]:
    """Return the number of each link's cable (n,).

    Raises
    ------
    InfeasibleError
        Two kinds of devices have the same hash: the fabric's name must change.
    """
    stem, code, index, local = _parts(design)
    high = np.array([_hash(s) for s in stem], np.int64)
    if len(set(high.tolist())) < len(high):
        raise InfeasibleError(f"cable ids of {', '.join(stem)} collide; rename one of these fabrics")
    return high[code] << (DEVICE_BITS + LOCAL_BITS) | index << LOCAL_BITS | local


def _hash(text: str) -> int:
    """Return 20 bits that hang on the text alone.

    >>> _hash("GPU-SERVER") == _hash("GPU-SERVER") < 2**20
    True
    """
    return int.from_bytes(blake2b(text.encode(), digest_size=4).digest(), "big") >> (32 - HASH_BITS)


def texts(devices: pl.DataFrame, ids: pl.Series) -> pl.Series:
    """Return the names of cables by their numbers: `GPU-SERVER-12-3` is server 12's fourth cable of the GPU fabric."""
    by_hash = pl.DataFrame(
        {"high": [_hash(s) for s in _stems(devices)], "stem": _stems(devices)},
        schema={"high": pl.Int64, "stem": pl.String},
    )
    number = ids.to_numpy()
    high = pl.DataFrame({"high": number >> (DEVICE_BITS + LOCAL_BITS)})
    stem = high.join(by_hash, on="high", how="left", maintain_order="left")["stem"]
    device = pl.Series(number >> LOCAL_BITS & ((1 << DEVICE_BITS) - 1)).cast(pl.String)
    return stem + "-" + device + "-" + pl.Series(number & ((1 << LOCAL_BITS) - 1)).cast(pl.String)


def _stems(devices: pl.DataFrame) -> list[str]:
    """Return every name that a fabric and a kind of lower device can make here."""
    kinds = devices["kind"].unique().sort().to_list()
    return sorted({_stem(f, k) for f in FABRICS for k in kinds})


def _stem(fabric: str, kind: str) -> str:
    """Return `GPU-SERVER`, `GPU-LEAF` (of the kind gpu-leaf), ...

    >>> _stem("gpu", "gpu-leaf"), _stem("storage", "server")
    ('GPU-LEAF', 'STORAGE-SERVER')
    """
    return f"{fabric}-{kind.removeprefix(f'{fabric}-')}".upper()


def _parts(design: Design) -> tuple[list[str], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return names of groups, group, device and port within the group of each link."""
    links = design.links
    column = design.devices["kind"]
    kinds = column.unique().sort().to_list()
    kind_of = column.replace_strict(kinds, range(len(kinds))).to_numpy().astype(np.int64)
    device, port = links.a_port >> PORT_BITS, links.a_port & _PORT
    both = links.fabric.astype(np.int64) * len(kinds) + kind_of[device]
    first = np.full(len(FABRICS) * len(kinds), 1 << PORT_BITS, np.int64)
    np.minimum.at(first, both, port)
    used = np.flatnonzero(first < 1 << PORT_BITS)
    stem = [_stem(FABRICS[b // len(kinds)], kinds[b % len(kinds)]) for b in used.tolist()]
    return (
        stem,
        np.searchsorted(used, both),
        design.devices["index"].to_numpy().astype(np.int64)[device],
        port - first[both],
    )
