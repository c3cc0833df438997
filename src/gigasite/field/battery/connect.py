"""From addresses to a rig: connections, and what is found at their ends."""

from __future__ import annotations

import asyncio
import socket
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gigasite._core.errors import FieldError
from gigasite.field.battery.device import Link
from gigasite.field.battery.rig import Rig
from gigasite.field.modbus.client import Client
from gigasite.field.modbus.tls import TlsFiles

if TYPE_CHECKING:
    from gigasite.field.battery.device import Unit
    from gigasite.field.battery.meter import Meter
    from gigasite.field.battery.settings import Address, Setup

FIND_S = 2.0
"""A device may take so long for one answer while it is being found."""
AGAIN_S = 0.2
RETRY_S = (0.05, 1.0)
"""First and longest pause before a lost connection is tried again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Connected:
    """A rig, its connections, and what was not found."""

    rig: Rig
    clients: tuple[Client, ...]
    absent: dict[str, str]
    """Why, by the name of the unit; they are taken to be like their row, and held until they answer so."""

    async def close(self) -> None:
        """Close all connections."""
        await asyncio.gather(*(c.close() for c in self.clients))


def tls_of(setup: Setup) -> TlsFiles | None:
    """Return the TLS files of the settings; None where they name none."""
    t, folder = setup.file.tls, setup.path.parent
    if t is None:
        return None
    return TlsFiles(
        authority=folder / Path(t.authority), certificate=folder / Path(t.certificate), key=folder / Path(t.key)
    )


async def connect(
    setup: Setup,
    wait_s: float = 5.0,
    retry_s: tuple[float, float] = RETRY_S,
    timeout_s: float | None = None,
) -> Connected:
    """Connect to all units and the meter, and find out what they are.

    Parameters
    ----------
    setup
        Settings.
    wait_s
        So long units are given to answer; those that do not are taken to be like the others of their row.
    retry_s
        First and longest pause before a lost connection is tried again.
    timeout_s
        Longest time for an answer; None: what a cycle has room for.

    Raises
    ------
    FieldError
        Of a whole row no unit answers, or one is no device of the named make; names every such unit. Two units are one
        under two names.
    """
    await _apart(setup)
    clients: dict[tuple[str, int], Client] = {}
    tls, timeout_s = tls_of(setup), 0.8 * setup.file.cycle_s if timeout_s is None else timeout_s
    gaps_s: dict[tuple[str, int], float] = {}
    for a in setup.addresses:  # of units behind one gateway the longest holds for all
        gaps_s[a.host, a.port] = max(a.gap_s, gaps_s.get((a.host, a.port), 0.0))
    for (host, port), gap_s in gaps_s.items():
        clients[host, port] = _client(host, port, timeout_s, gap_s, tls, retry_s)
    m = setup.file.meter
    if m is not None:
        clients.setdefault((m.host, m.port), _client(m.host, m.port, timeout_s, 0.0, tls, retry_s))
    try:
        return await _found(setup, clients, wait_s, tls)
    except BaseException:
        await asyncio.gather(*(c.close() for c in clients.values()))
        raise


async def _apart(setup: Setup) -> None:
    """Refuse a unit that is named twice, once by name and once by number, or by two names."""
    hosts = sorted({a.host for a in setup.addresses})
    numbers = dict(zip(hosts, await asyncio.gather(*map(_numbers, hosts)), strict=True))
    seen: dict[tuple[str, int, int], Address] = {}
    for a in setup.addresses:
        for number in numbers[a.host]:
            other = seen.setdefault((number, a.port, a.unit), a)
            if other is not a:
                raise FieldError(
                    f"{a.wanted.name} and {other.wanted.name} are one unit ({number}): two set points would fight "
                    "over it; name it once"
                )


async def _numbers(host: str) -> frozenset[str]:
    """Return the addresses of a host; none where nobody knows it: it cannot be connected to either."""
    with suppress(OSError, UnicodeError):  # no answer in time is an OSError too
        async with asyncio.timeout(FIND_S):
            found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
        return frozenset(str(where[0]) for *_, where in found)
    return frozenset()


def _client(
    host: str,
    port: int,
    timeout_s: float,
    gap_s: float,
    tls: TlsFiles | None,
    retry_s: tuple[float, float] = RETRY_S,
) -> Client:
    # no longer for a connection than between two tries of one
    return Client(host, port, timeout_s=timeout_s, connect_timeout_s=retry_s[1], gap_s=gap_s, retry_s=retry_s, tls=tls)


async def _found(
    setup: Setup, clients: dict[tuple[str, int], Client], wait_s: float, tls: TlsFiles | None
) -> Connected:
    ends = time.monotonic() + wait_s
    units = await asyncio.gather(*(_find(a, ends, tls) for a in setup.addresses))
    meter, meter_link = await _meter(setup, clients, ends)
    absent = {a.wanted.name: str(u) for a, u in zip(setup.addresses, units, strict=True) if isinstance(u, FieldError)}
    rig = Rig(
        names=setup.names,
        units=_like_their_row(setup, units),
        links=tuple(Link(clients[a.host, a.port], a.unit) for a in setup.addresses),
        meter=meter,
        meter_link=meter_link,
    )
    await asyncio.gather(*(_up(c) for c in clients.values()))
    return Connected(rig=rig, clients=tuple(clients.values()), absent=absent)


async def _up(client: Client) -> None:
    with suppress(FieldError):  # the client goes on trying by itself
        await client.connect()


async def _find(address: Address, ends: float, tls: TlsFiles | None) -> Unit | FieldError:
    """Find one unit, by a patient connection of its own; return the last error when time is over."""
    client = _client(address.host, address.port, FIND_S, address.gap_s, tls)
    try:
        while True:
            try:
                await client.connect()
                found: Unit = await address.make.find(Link(client, address.unit), address.wanted)
            except FieldError as error:
                if time.monotonic() >= ends:
                    return error
                await asyncio.sleep(AGAIN_S)
            else:
                return found
    finally:
        await client.close()


def _like_their_row(setup: Setup, found: list[Any]) -> tuple[Unit, ...]:
    """Return the units, those that were not found as the first of their row that was."""
    out: list[Unit] = []
    at, hopeless = 0, []
    for row in setup.file.units:
        mine = found[at : at + row.count]
        names = setup.names[at : at + row.count]
        at += row.count
        first = next((u for u in mine if not isinstance(u, FieldError)), None)
        if first is None:
            hopeless += [f"{name}: {error}" for name, error in zip(names, mine, strict=True)]
            continue
        out += [first if isinstance(u, FieldError) else u for u in mine]
    if hopeless:
        shown = "; ".join(hopeless[:5]) + (f"; and {len(hopeless) - 5} more" if len(hopeless) > 5 else "")
        raise FieldError(f"no unit of a row was found: {shown}")
    return tuple(out)


async def _meter(setup: Setup, clients: dict[tuple[str, int], Client], ends: float) -> tuple[Meter | None, Link | None]:
    from gigasite.field.battery.meter import meter_of  # noqa: PLC0415  # reads the register map

    m = setup.file.meter
    if m is None:
        return None, None
    del ends  # a map needs no asking: the meter may come later, and until then the loop stays read-only
    return meter_of(setup.path.parent / m.file), Link(clients[m.host, m.port], m.unit)
