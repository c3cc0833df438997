"""NetBox: CSV files for its bulk import, in the order in which they must be imported."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from gigasite.cabling.dialect import infiniband, nvos_sheet
from gigasite.cabling.ends import form, module_at, speeds
from gigasite.cabling.export import exports
from gigasite.design.types import PORT_BITS

if TYPE_CHECKING:
    from pathlib import Path

    from gigasite.cabling.export import Book

INTERFACES = {
    (800e9, "osfp"): "800gbase-x-osfp",
    (400e9, "osfp"): "400gbase-x-osfp",
    (400e9, "qsfp112"): "400gbase-x-qsfp112",
    (200e9, "qsfp112"): "200gbase-x-qsfp56",
    (100e9, "qsfp28"): "100gbase-x-qsfp28",
    (1e9, "rj45"): "1000base-t",
}
"""Type of an interface by speed and cage; NetBox has none for parts of an OSFP cage below 400G: `other`."""
CABLES = {
    "dac": "dac-passive",
    "acc": "dac-active",
    "aec": "dac-active",
    "multimode": "mmf-om4",
    "single-mode": "smf-os2",
    "copper": "cat6",
}
BAND = {400e9: "infiniband-ndr", 800e9: "infiniband-xdr", 200e9: "infiniband-hdr"}


@exports.part("netbox")
class NetBox:
    """Site, locations, racks, roles, types, devices, interfaces, cables; numbers give the order of import."""

    title = "CSV files for NetBox's bulk import: racks, devices, interfaces, cables"

    def write(self, book: Book, folder: Path, /) -> None:
        """Write 01-sites.csv to 09-cables.csv."""
        site, used = book.campus.name, book.used()
        halls = used["hall"].unique().sort().cast(pl.String)
        kinds, parts = used["kind"].unique().sort(), used["part"].unique().sort()
        pl.DataFrame({"name": [site], "slug": [site.lower().replace(".", "-")], "status": ["active"]}).write_csv(
            folder / "01-sites.csv"
        )
        place = pl.DataFrame(
            {
                "site": site,
                "name": "H" + halls,
                "slug": f"{site.lower().replace('.', '-')}-h" + halls,
                "status": "active",
            }
        )
        place.write_csv(folder / "02-locations.csv")
        self._racks(book, folder)
        pl.DataFrame({"name": ["generic"], "slug": ["generic"]}).write_csv(folder / "04-manufacturers.csv")
        pl.DataFrame({"name": kinds, "slug": kinds, "color": "9e9e9e"}).write_csv(folder / "05-device-roles.csv")
        heights = [_height(book, p) for p in parts.to_list()]
        pl.DataFrame(
            {
                "manufacturer": "generic",
                "model": parts,
                "slug": parts.str.replace_all(".", "-", literal=True),
                "u_height": heights,
            }
        ).write_csv(folder / "06-device-types.csv")
        self._devices(book, folder, used)
        self._wires(book, folder)

    def _racks(self, book: Book, folder: Path) -> None:
        racks = book.design.racks.filter(pl.col("label").is_in(book.used()["rack"].unique().implode()))
        pl.DataFrame(
            {
                "site": book.campus.name,
                "location": "H" + racks["hall"].cast(pl.String),
                "name": racks["label"],
                "status": "active",
                "u_height": book.campus.catalogue.racks[book.campus.compute.rack].height_u,
            }
        ).write_csv(folder / "03-racks.csv")

    def _devices(self, book: Book, folder: Path, used: pl.DataFrame) -> None:
        pl.DataFrame(
            {
                "name": used["node"],
                "role": used["kind"],
                "manufacturer": "generic",
                "device_type": used["part"],
                "status": "planned",
                "site": book.campus.name,
                "location": "H" + used["hall"].cast(pl.String),
                "rack": used["rack"],
                "position": used["u"],
                "face": "front",
            }
        ).write_csv(folder / "07-devices.csv")

    def _wires(self, book: Book, folder: Path) -> None:
        known = book.campus.catalogue.cables
        medium = [CABLES[known[p].medium] if p in known else "" for p in book.cables.parts]
        first = True
        with (folder / "08-interfaces.csv").open("wb") as ports, (folder / "09-cables.csv").open("wb") as wires:
            for plain, rows in book.chunks():
                sheet = nvos_sheet(book, rows, plain)
                kind = pl.Series(medium).gather(rows["part"].to_numpy())
                both = [
                    pl.DataFrame(
                        {"device": sheet[f"{e}_node"], "name": sheet[f"{e}_port"], "type": _types(book, rows, e)}
                    )
                    for e in ("a", "z")
                ]
                pl.concat(both).write_csv(ports, include_header=first)
                _cables(sheet, kind).write_csv(wires, include_header=first, float_precision=2)
                first = False


def _types(book: Book, rows: pl.DataFrame, end: str) -> pl.Series:
    """Return the type of each interface, by its speed and the cage it has."""
    table = pl.DataFrame(
        {
            "device": book.devices["part"].gather(rows[f"{end}_port"].to_numpy() >> PORT_BITS),
            "cable": pl.Series(list(book.cables.parts)).gather(rows["part"].to_numpy()),
            "speed": speeds(book.design, rows["fabric"].to_numpy(), rows["tier"].to_numpy()),
            "band": infiniband(book, rows),
        }
    )
    known = table.unique(maintain_order=True)
    named = [
        BAND.get(speed, "other") if band else INTERFACES.get((speed, _cage(book, device, cable, speed)), "other")
        for device, cable, speed, band in known.iter_rows()
    ]
    made = known.with_columns(type=pl.Series(named, dtype=pl.String))
    return table.join(made, on=table.columns, how="left", maintain_order="left")["type"]


def _cage(book: Book, device: str, cable: str, speed_bit_per_s: float) -> str:
    """Return the cage at an end: of a switch; of a server that of its module, with copper the last that it may have."""
    forms = form(book.campus, device, speed_bit_per_s).split("/")
    part = book.campus.catalogue.cables.get(cable)
    module = module_at(book.campus, part, device) if part is not None else None
    return module[1].cage if module is not None else forms[-1]


def _cables(sheet: pl.DataFrame, kind: pl.Series) -> pl.DataFrame:
    sides: dict[str, pl.Series | str] = {}
    for side, end in (("a", "a"), ("b", "z")):
        sides |= {
            f"side_{side}_device": sheet[f"{end}_node"],
            f"side_{side}_type": "dcim.interface",
            f"side_{side}_name": sheet[f"{end}_port"],
        }
    return pl.DataFrame(
        sides
        | {"type": kind, "status": "planned", "label": sheet["cable"], "length": sheet["length_m"], "length_unit": "m"}
    )


def _height(book: Book, part: str) -> float:
    parts = book.campus.catalogue
    if part in parts.switches:
        return parts.switches[part].height_u
    own = {"storage": 2.0, "manager": 1.0}  # as the design places them
    return parts.servers[part].height_u if part in parts.servers else own[part]
