"""Names of ports and labels of both ends, made for any rows of the plan; the pull sheet."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from gigasite.design.types import FABRICS, PORT_BITS

if TYPE_CHECKING:
    from gigasite.cabling.types import CablePlan
    from gigasite.design.types import Design

_PORT = (1 << PORT_BITS) - 1


def named(design: Design, ports: pl.Series) -> pl.DataFrame:
    """Return node, port and place label of port ids.

    Node is the device's name; a server's port is `eth0` on, a switch's `swp1` on; the label is
    `hall-row.position:Uunit/port`, such as `H1-R03.07:U12/swp5`.
    """
    ids = ports.to_numpy()
    device, port = ids >> PORT_BITS, ids & _PORT
    table = design.devices
    host = table["kind"].is_in(["server", "storage"])
    rack_label = design.racks["label"].gather(table["rack_id"].to_numpy())
    unit = table["u"].round(0).cast(pl.Int32).cast(pl.String)
    place = rack_label + ":U" + unit
    is_host = host.gather(device)
    number = pl.Series(np.where(is_host.to_numpy(), port - 1, port)).cast(pl.String)
    stem = pl.Series(["swp", "eth"]).gather(is_host.to_numpy().astype(np.int64))
    name = stem + number
    return pl.DataFrame(
        {
            "node": table["name"].gather(device),
            "port": name,
            "label": place.gather(device) + "/" + name,
        }
    )


def pull_sheet(design: Design, cables: CablePlan, first: int = 0, count: int | None = None) -> pl.DataFrame:
    """Return rows of the pull sheet: both ends with names and labels, part, length, in plan order.

    Columns start with the four of the interchange format: a_node, a_port, z_node, z_port.
    """
    rows = cables.cables.slice(first, count)
    a, z = named(design, rows["a_port"]), named(design, rows["z_port"])
    part = pl.Series(list(cables.parts)).gather(rows["part"].to_numpy())
    fabric = pl.Series(list(FABRICS)).gather(rows["fabric"].to_numpy())
    return pl.DataFrame(
        {
            "a_node": a["node"],
            "a_port": a["port"],
            "z_node": z["node"],
            "z_port": z["port"],
            "cable_id": rows["cable_id"],
            "fabric": fabric,
            "tier": rows["tier"],
            "part": part,
            "length_m": rows["length_m"],
            "route_m": rows["route_m"].round(2),
            "a_label": a["label"],
            "z_label": z["label"],
        }
    )
