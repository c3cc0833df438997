"""`gigasite fabric`: presets fix settings, everything else is free."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gigasite._core.errors import InfeasibleError
from gigasite.design.fabric import FabricAsk, fabrics

if TYPE_CHECKING:
    from gigasite.design.types import FabricSize

MOST_NODES = 4_000_000


def size(kind: str, nodes: int, asked: dict[str, int | None], oversubscription: float) -> FabricSize:
    """Return the counts of a fabric.

    Raises
    ------
    UnknownPartError
        No such kind.
    InfeasibleError
        A preset's own setting is given another value, or the fabric cannot join the nodes.
    """
    part = fabrics[kind]()
    given = {k: v for k, v in asked.items() if v is not None}
    for key, value in given.items():
        if key in part.fixed and part.fixed[key] != value:
            raise InfeasibleError(
                f"{kind} fixes {key.replace('_', '-')} to {part.fixed[key]}; leave it out, or take kind fat-tree"
            )
    if not 1 <= nodes <= MOST_NODES:
        raise InfeasibleError(f"nodes must lie between 1 and {MOST_NODES:,}; found {nodes}")
    limits = {
        "radix": 4096,
        "nics": 64,
        "nodes_per_unit": 4096,
        "planes": 16,
        "gpus_per_node": 1024,
    }
    for key, value in given.items():
        if not 1 <= value <= limits[key]:
            raise InfeasibleError(f"{key.replace('_', '-')} must lie between 1 and {limits[key]:,}; found {value}")
    return part.size(FabricAsk(nodes=nodes, oversubscription=oversubscription, **(given | dict(part.fixed))))
