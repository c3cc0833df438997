"""The list of devices to ask: a CSV file, without any password."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gigasite._core.errors import InputFileError
from gigasite._core.files import read_text
from gigasite.field.platforms import COMMANDS

if TYPE_CHECKING:
    from pathlib import Path

COLUMNS = ("host", "platform", "address", "port", "user")


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """One device.

    Parameters
    ----------
    name
        As the plan calls it: it names the files.
    platform
        Key of `COMMANDS`.
    address, port, user
        Where and as whom to log in; "" and 0: as the name and the settings of ssh say.
    """

    name: str
    platform: str
    address: str = ""
    port: int = 0
    user: str = ""


def read_hosts(path: Path) -> tuple[Host, ...]:
    """Read `host,platform`, and any of `address,port,user`.

    Raises
    ------
    InputFileError
        With line: a missing column, an unknown platform, a name that is no file name or stands twice, a password.
    """
    rows = list(csv.reader(io.StringIO(read_text(path), newline="")))
    header = [c.strip().lower() for c in rows[0]] if rows else []
    if not {"host", "platform"} <= set(header):
        raise InputFileError(str(path), 1, f"needs the columns host,platform; found {', '.join(header)[:80]}")
    other = sorted(set(header) - set(COLUMNS))
    if other:
        hint = "; passwords are not kept in files: use keys or an agent" if "pass" in " ".join(other) else ""
        raise InputFileError(str(path), 1, f"has columns that mean nothing here: {', '.join(other)[:80]}{hint}")
    out: dict[str, Host] = {}
    for line, cells in enumerate(rows[1:], start=2):
        if not any(c.strip() for c in cells) or cells[0].lstrip().startswith("#"):
            continue
        host = _host(str(path), line, dict(zip(header, (c.strip() for c in cells), strict=False)))
        if host.name in out:
            raise InputFileError(str(path), line, f"{host.name} stands twice")
        out[host.name] = host
    if not out:
        raise InputFileError(str(path), 0, "names no host")
    return tuple(out.values())


def _host(file: str, line: int, row: dict[str, str]) -> Host:
    name, platform, port = row.get("host", ""), row.get("platform", ""), row.get("port", "") or "0"
    if not name or name.startswith((".", "-")) or any(c in name for c in "/\\\0 "):
        raise InputFileError(file, line, f"{name[:60]!r} is no name of a device")
    if platform not in COMMANDS:
        raise InputFileError(file, line, f"platform {platform[:40]!r} is not known; known: {', '.join(COMMANDS)}")
    if not port.isascii() or not port.isdigit() or int(port) > 65535:
        raise InputFileError(file, line, f"{port[:20]!r} is no port")
    address, user = row.get("address", ""), row.get("user", "")
    if address.startswith("-") or user.startswith("-"):
        raise InputFileError(file, line, "an address or a user does not begin with '-'")
    return Host(name=name, platform=platform, address=address, port=int(port), user=user)
