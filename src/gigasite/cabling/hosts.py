"""Which devices are adapters of one server, and in which order ports stand."""

from __future__ import annotations

import re

_ADAPTER = re.compile(r"(.+?)[ /](?:(?:mlx\d+|mlx5_(?:bond|ib)|hfi1|irdma|bnxt_re|ibp\w*?)_?\d*|HCA-\d+)(?:/.*)?")
_NUMBER = re.compile(r"\d+")


def host_name(node: str) -> str:
    """Return the server of a network adapter that is named as InfiniBand tools do, else the device's own name.

    >>> host_name("gpu0001 mlx5_3"), host_name("gpu0001 HCA-1"), host_name("leaf-003")
    ('gpu0001', 'gpu0001', 'leaf-003')
    """
    found = _ADAPTER.fullmatch(node)
    return found[1] if found else node


def natural(text: str) -> str:
    """Return a text that sorts as people count.

    >>> sorted(["swp10", "swp2", "swp1s1"], key=natural)
    ['swp1s1', 'swp2', 'swp10']
    """
    return _NUMBER.sub(lambda m: m[0].lstrip("0").zfill(12), text)
