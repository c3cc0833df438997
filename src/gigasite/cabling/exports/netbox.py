"""NetBox: CSV files for its bulk import, in the order in which they must be imported."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from gigasite.cabling.ends import speeds
from gigasite.cabling.export import exports

if TYPE_CHECKING:
    from pathlib import Path

    from gigasite.cabling.export import Book

INTERFACES = {
    800e9: "800gbase-x-osfp",
    400e9: "400gbase-x-osfp",
    200e9: "200gbase-x-qsfp56",
    100e9: "100gbase-x-qsfp28",
    1e9: "1000base-t",
}
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
        band = book.network()
        first = True
        with (folder / "08-interfaces.csv").open("wb") as ports, (folder / "09-cables.csv").open("wb") as wires:
            for sheet, rows in zip(book.sheets(), book.rows.iter_slices(_chunk()), strict=True):
                kind = pl.Series(medium).gather(rows["part"].to_numpy())
                speed = pl.Series(speeds(book.design, rows["fabric"].to_numpy(), rows["tier"].to_numpy()))
                over = band.gather(rows["z_port"].to_numpy() >> 12) == "infiniband"
                names = (
                    pl.when(over)
                    .then(speed.replace_strict(BAND, default="other"))
                    .otherwise(speed.replace_strict(INTERFACES, default="other"))
                )
                kinds = pl.select(names).to_series()
                both = [
                    pl.DataFrame({"device": sheet[f"{e}_node"], "name": sheet[f"{e}_port"], "type": kinds})
                    for e in ("a", "z")
                ]
                pl.concat(both).write_csv(ports, include_header=first)
                _cables(sheet, kind).write_csv(wires, include_header=first, float_precision=2)
                first = False


def _chunk() -> int:
    from gigasite.cabling.export import CHUNK  # noqa: PLC0415  # read when used: tests make it small

    return CHUNK


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
