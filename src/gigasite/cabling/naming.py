"""Names of ports and labels of both ends, made for any rows of the plan; the pull sheet."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from gigasite.cabling.identity import texts
from gigasite.cabling.label import styles
from gigasite.cabling.types import DIRECTORY
from gigasite.design.types import FABRICS, PORT_BITS, SWITCH_KINDS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gigasite.cabling.label import Style
    from gigasite.cabling.types import CablePlan
    from gigasite.design.types import Design

_PORT = (1 << PORT_BITS) - 1


def directory(design: Design) -> pl.DataFrame:
    """Return what names and places hang on, one row a device; follows `DIRECTORY`."""
    d, racks = design.devices, design.racks
    at = d["rack_id"].to_numpy()
    table = pl.DataFrame(
        {
            "device_id": d["device_id"],
            "node": d["name"],
            "kind": d["kind"],
            "part": d["part"],
            "index": d["index"],
            "hall": racks["hall"].gather(at),
            "row": racks["row"].gather(at),
            "position": racks["position"].gather(at),
            "rack": racks["label"].gather(at),
            "u": d["u"].round(0).cast(pl.Int32),
        }
    )
    return DIRECTORY.check(table)


def places(devices: pl.DataFrame, ports: pl.Series) -> pl.DataFrame:
    """Return the devices of port ids with the port's number and name.

    A switch's port is `swp1` on, that of a server, storage node or fabric manager `eth0` on.

    Parameters
    ----------
    devices
        Follows `DIRECTORY`.
    """
    ids = ports.to_numpy()
    device, number = ids >> PORT_BITS, ids & _PORT
    host = ~devices["kind"].is_in(SWITCH_KINDS).to_numpy()[device]
    name = pl.Series(["swp", "eth"]).gather(host.astype(np.int64)) + pl.Series(np.where(host, number - 1, number)).cast(
        pl.String
    )
    return devices[device].with_columns(number=number, port=name)


def named(design: Design, ports: pl.Series, style: str = "hall-row-rack") -> pl.DataFrame:
    """Return node, port and label of port ids, such as `H1-R03.07:U12/swp5`.

    Raises
    ------
    UnknownPartError
        No such style of labels.
    """
    return labelled(directory(design), ports, style)


def labelled(devices: pl.DataFrame, ports: pl.Series, style: str) -> pl.DataFrame:
    """Return node, port and label; as `named`, from a directory."""
    maker: Style = styles[style]()
    where = places(devices, ports)
    return where.select("node", "port").with_columns(label=maker.label(where))


def pull_sheet(design: Design, cables: CablePlan, first: int = 0, count: int | None = None) -> pl.DataFrame:
    """Return rows of the pull sheet: both ends with names and labels, part, length, in plan order.

    Columns start with the four of the interchange format: a_node, a_port, z_node, z_port.
    """
    return sheet(directory(design), cables.parts, cables.label, cables.cables.slice(first, count))


def sheet(devices: pl.DataFrame, parts: Sequence[str], style: str, rows: pl.DataFrame) -> pl.DataFrame:
    """Return the pull sheet of any rows of the plan, in their order.

    Parameters
    ----------
    devices
        Follows `DIRECTORY`.
    parts, style
        Names of parts, style of labels.
    rows
        Follows `CABLES`.
    """
    a, z = (labelled(devices, rows[end], style) for end in ("a_port", "z_port"))
    return pl.DataFrame(
        {
            "a_node": a["node"],
            "a_port": a["port"],
            "z_node": z["node"],
            "z_port": z["port"],
            "cable": texts(devices, rows["cable_id"]),
            "fabric": pl.Series(list(FABRICS)).gather(rows["fabric"].to_numpy()),
            "tier": rows["tier"],
            "part": pl.Series(list(parts)).gather(rows["part"].to_numpy()),
            "length_m": rows["length_m"],
            "route_m": rows["route_m"].round(2),
            "bundle": rows["bundle"],
            "a_label": a["label"],
            "z_label": z["label"],
        }
    )
