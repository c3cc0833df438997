"""Settings of a fleet."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from gigasite._core.errors import FieldError
from gigasite._core.registry import unknown
from gigasite.field.emulator.unit import UnitKind
from gigasite.field.emulator.watchdog import WATCHDOGS

if TYPE_CHECKING:
    from gigasite.field.modbus.tls import TlsFiles

MOST_UNITS = 1000
MOST_IDS = 247
"""Unit ids of one Modbus address."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetSettings:
    """A fleet of equal units.

    Parameters
    ----------
    units
        How many.
    kind
        Physics.
    soc_frac, soc_spread_frac
        State of charge at the start, and width around it from which each unit's is drawn.
    delay_s
        Shortest and longest time from a write to the inverter; each unit's is drawn between them [s].
    watchdog
        Behaviour of the reversion timer: a key of `watchdog.WATCHDOGS`.
    layout
        `ports`: each unit has its own port, unit id 1; `unit-ids`: one port, unit ids from 1 (a gateway).
    host, port
        Where to listen; port 0 takes free ones, else ports follow on `port`.
    tick_s
        Step of the physics [s].
    lockstep
        Time moves only by `Fleet.advance`.
    seed
        Of everything drawn.
    most_connections
        At a time, of each port.
    tls
        Files of mutual TLS; None: plain.
    """

    units: int = 1
    kind: UnitKind = field(default_factory=UnitKind)
    soc_frac: float = 0.5
    soc_spread_frac: float = 0.0
    delay_s: tuple[float, float] = (0.02, 0.2)
    watchdog: str = "strict"
    layout: Literal["ports", "unit-ids"] = "ports"
    host: str = "127.0.0.1"
    port: int = 0
    tick_s: float = 0.01
    lockstep: bool = False
    seed: int = 1
    most_connections: int = 64
    tls: TlsFiles | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot be.

        Raises
        ------
        FieldError
            Numbers of units or times without meaning.
        UnknownPartError
            A watchdog that nobody has.
        """
        most = MOST_IDS if self.layout == "unit-ids" else MOST_UNITS
        if not 1 <= self.units <= most:
            raise FieldError(f"{self.units} units; 1 to {most} are possible with layout '{self.layout}'")
        if self.watchdog not in WATCHDOGS:
            raise unknown("watchdog", self.watchdog, WATCHDOGS)
        if not 1e-4 <= self.tick_s <= 1.0 or not 0.0 <= self.delay_s[0] <= self.delay_s[1] <= 10.0:
            raise FieldError("a tick lasts 0.1 ms to 1 s, a delay 0 to 10 s, the shorter one first")
        if self.port and not 1 <= self.port <= 65535 - (self.units if self.layout == "ports" else 1):
            raise FieldError(f"port {self.port} leaves no room for {self.units} ports")
