"""Faults of the port: connections that do not come about, or end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gigasite.field.emulator.fault import faults, nothing

if TYPE_CHECKING:
    from gigasite.field.emulator.fault import Undo
    from gigasite.field.emulator.fleet import Fleet
    from gigasite.field.modbus.server import Server


def _ports(fleet: Fleet, units: tuple[int, ...]) -> list[Server]:
    """Return the ports of units, each once: behind a gateway all units share it."""
    return list(dict.fromkeys(fleet.server_of(i) for i in units))


def _back(ports: list[Server]) -> Undo:
    async def undo() -> None:
        for port in ports:
            await port.back()

    return undo


@faults.part("refuse")
@dataclass(frozen=True, slots=True, kw_only=True)
class Refuse:
    """The port is closed, and with it all connections: the unit's controller has crashed, its network lives."""

    async def begin(self, fleet: Fleet, units: tuple[int, ...], /) -> Undo:
        """As `Fault`."""
        ports = _ports(fleet, units)
        for port in ports:
            await port.refuse()
        return _back(ports)


@faults.part("black-hole")
@dataclass(frozen=True, slots=True, kw_only=True)
class BlackHole:
    """Nothing comes back, not even a refusal: a switch is lost, a cable is out."""

    async def begin(self, fleet: Fleet, units: tuple[int, ...], /) -> Undo:
        """As `Fault`."""
        ports = _ports(fleet, units)
        for port in ports:
            await port.swallow()
        return _back(ports)


@faults.part("reset")
@dataclass(frozen=True, slots=True, kw_only=True)
class Reset:
    """All connections are reset once."""

    async def begin(self, fleet: Fleet, units: tuple[int, ...], /) -> Undo:
        """As `Fault`."""
        for port in _ports(fleet, units):
            port.reset()
        return nothing


@faults.part("crowded")
@dataclass(frozen=True, slots=True, kw_only=True)
class Crowded:
    """No new connection is accepted: others have taken all that the unit can hold. Those that there are stay."""

    async def begin(self, fleet: Fleet, units: tuple[int, ...], /) -> Undo:
        """As `Fault`."""
        before = [(port, port.most) for port in _ports(fleet, units)]
        for port, _ in before:
            port.most = 0

        async def undo() -> None:
            for port, most in before:
                port.most = most

        return undo
