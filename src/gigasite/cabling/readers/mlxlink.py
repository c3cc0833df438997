"""`mlxlink`, text and JSON: state, speed, width, bit error ratios, module and its lanes, counters."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from gigasite.cabling.neighbour import documents, number, optics
from gigasite.cabling.reader import Read, Sighting, readers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gigasite.cabling.capture import Dump

_FIELD = re.compile(r"\s*([A-Za-z][^:]*?)\s*:\s(.*?)\s*$")
_TITLE = re.compile(r"\s*(?:Operational Info|.*\bmlxlink\b.*)$")


@readers.part("mlxlink")
class Mlxlink:
    """A block begins at `Operational Info`; device and port come from the command or the file's name."""

    def sniff(self, dump: Dump, /) -> float:
        """Look for the titles and a field that only this tool has."""
        head = dump.text[:20000]
        return (
            0.92
            if "Operational Info" in head
            or ("Effective Physical BER" in head)
            or "Physical Counters and BER Info" in head
            else 0.0
        )

    def read(self, dump: Dump, /) -> Read:
        """Return one row a port."""
        port = _port(dump.command) or _port(dump.file) or "1"
        if dump.text.lstrip()[:1] in {"{", "["}:
            docs, found, _ = documents(dump)
            rows = [_row(dump, port, values, 1) for d in docs if (values := dict(_flat(d, 0)))]
            return Read([r for r in rows if r], found)
        blocks: list[tuple[str, dict[str, str], int]] = []
        for index, line in enumerate(dump.lines()):
            if _TITLE.match(line):
                new = _port(line)
                if not blocks or blocks[-1][1] or new:
                    blocks.append(
                        (new or (blocks[-1][0] if blocks and not blocks[-1][1] else port), {}, dump.at(index))
                    )
            elif pair := _FIELD.match(line):
                if not blocks:
                    blocks.append((port, {}, dump.at(index)))
                blocks[-1][1].setdefault(pair[1].lower(), pair[2])
        rows = [_row(dump, name, values, line) for name, values, line in blocks if values]
        return Read([r for r in rows if r], [])


def _port(text: str) -> str:
    """Return the port: `-d mlx5_3 -p 1`, `-p 17`, `--port 17`, `-d swid0 ...`; of a file `mlx5_3`, `p17`."""
    device = re.search(r"(?:-d|--device)\s+(?:/dev/\S+/)?(mlx5_\d+)", text)
    port = re.search(r"(?:-p|--port)\s+([\w/]+)", text)
    if port or device:
        return port[1] if port else device[1] if device else ""
    found = re.search(r"[._-](mlx5_\d+|p(?:ort)?[_-]?\d+)(?:[._-]|$)", text)
    return found[1] if found else ""


def _flat(value: Any, depth: int) -> Iterator[tuple[str, str]]:
    """Yield fields of JSON as the text form has them: lanes are a list of values joined by commas."""
    if not isinstance(value, dict) or depth > 8:
        return
    for key, inner in value.items():
        if isinstance(inner, dict) and "values" not in inner:
            yield from _flat(inner, depth + 1)
        elif isinstance(inner, dict):
            listed = inner["values"]
            yield str(key).lower(), ",".join(map(str, listed)) if isinstance(listed, list) else str(listed)
        elif isinstance(inner, list):
            yield str(key).lower(), ",".join(map(str, inner))
        else:
            yield str(key).lower(), str(inner)


def _get(values: dict[str, str], start: str) -> str:
    text = next((v for k, v in values.items() if k.startswith(start)), "")
    return "" if text.strip().upper() in {"N/A", "NA", ""} else text.strip()


def _values(values: dict[str, str], start: str) -> list[float]:
    return [number(part) for part in re.split(r",", _get(values, start).split("[", 1)[0]) if part.strip()]


def _row(dump: Dump, port: str, values: dict[str, str], line: int) -> Sighting | None:
    width = re.search(r"(\d+)\s*x", _get(values, "width"))
    return optics(
        dump.node,
        port,
        rx_dbm=_values(values, "rx power"),
        tx_dbm=_values(values, "tx power"),
        bias_ma=_values(values, "bias current"),
        temperature_degc=number(_get(values, "temperature") or None),
        state=_get(values, "state"),
        speed=_get(values, "speed"),
        width=f"{width[1]}x" if width else "",
        raw_ber=number(_get(values, "raw physical ber") or _get(values, "raw ber") or None),
        effective_ber=number(_get(values, "effective physical ber") or None),
        link_downs=number(_get(values, "link down counter") or None),
        symbol_errors=number(_get(values, "symbol errors") or _get(values, "effective physical errors") or None),
        serial=_get(values, "vendor serial number"),
        part_number=_get(values, "vendor part number"),
        vendor=_get(values, "vendor name"),
        line=line,
    )
