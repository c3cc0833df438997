"""From a controller of the swing bench to the parameters of a device, and what is left to the loop above it.

Two layers: what must act within milliseconds (droop, ramp, falling back to zero) is done by the unit itself and is
programmed into registers; what acts within a cycle (state of charge, bias, limits) stays in the loop. What no register
of the published models can hold (inertia, grid forming) is said, not approximated.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from gigasite._core.errors import FieldError
from gigasite.field.sunspec.codec import decode, encode, scaled, unscaled
from gigasite.field.sunspec.discover import discover, read_block

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gigasite.campus.battery_loop import LoopFile
    from gigasite.field.battery.device import Link
    from gigasite.field.sunspec.model import Layout

DROOP_MODEL, CONTROL_MODEL = 711, 704
ADOPT = "AdptCtlReq"
DEADBAND_HZ = 0.0
"""The bench's droop has none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One value that a device shall hold; SI, or as the model says."""

    model: int
    point: str
    value: float
    unit: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """What a controller becomes."""

    parameters: tuple[Parameter, ...]
    loop: tuple[str, ...]
    """What the loop goes on doing."""
    cannot: tuple[str, ...]
    """What no register of the published models holds."""
    fast_layer: bool
    """Frequency is the units' own matter: the loop's settings need `fast_layer: true`."""


def program(controller: Any, file: LoopFile) -> Program:
    """Return the parameters for a controller of `power` and the settings of its loop.

    Parameters
    ----------
    controller
        A part of `power.controllers`.
    file
        Settings: ramp and reversion time.
    """
    ramp = 100.0 / file.safety.full_swing_s
    parameters = [
        Parameter(
            model=CONTROL_MODEL,
            point="WRmp",
            value=math.ceil(ramp),
            unit="%/s",
            why="set points move no faster than safety.full_swing, whoever writes them",
        )
    ]
    loop = ["set points, their bounds, state of charge, heartbeat and reversion time in every cycle"]
    cannot: list[str] = []
    fast = False
    if hasattr(controller, "inverter"):
        fast = True
        _, law = controller.inverter()
        parameters += _droop(law["mp"], law.get("Tpf", getattr(controller, "filter_s", 0.02)))
        loop.append("return of the state of charge; frequency is left to the units")
        if law.get("H"):
            cannot.append(
                f"inertia of {law['H']:g} s: no published SunSpec model has a point for it; it is a vendor's mode"
            )
    elif (kind := getattr(controller, "kind", type(controller).__name__)) != "none":
        loop.append(f"{kind} itself: it acts once per cycle of {file.cycle_s * 1e3:g} ms, on load as old as that")
        cannot.append(
            f"{kind} inside the unit: an edge of the load reaches the source for a cycle and the unit's own delay"
        )
    return Program(parameters=tuple(parameters), loop=tuple(loop), cannot=tuple(cannot), fast_layer=fast)


def _droop(droop_frac: float, response_s: float) -> list[Parameter]:
    return [
        *(
            Parameter(model=DROOP_MODEL, point=p, value=DEADBAND_HZ, unit="Hz", why="droop acts from the first mHz")
            for p in ("DbOf", "DbUf")
        ),
        *(
            Parameter(
                model=DROOP_MODEL,
                point=p,
                value=droop_frac,
                unit="pu/pu",
                why=f"rating at a deviation of {100 * droop_frac:g} % of nominal",
            )
            for p in ("KOf", "KUf")
        ),
        Parameter(
            model=DROOP_MODEL, point="RspTms", value=response_s, unit="s", why="lag of the frequency measurement"
        ),
        Parameter(model=DROOP_MODEL, point="Ena", value=1, unit="", why="droop on"),
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One register that would change, or is as it should be."""

    unit: str
    model: int
    point: str
    address: int
    now: float | None
    """None: the device says that it has no such value."""
    wanted: float
    """As the register can hold it."""
    unit_text: str
    why: str
    before: bytes
    """Empty where what it holds now does not matter: a request that is made again."""
    after: bytes

    @property
    def differs(self) -> bool:
        """Say whether anything would be written."""
        return self.before != self.after


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What one device would get, in the order of writing: what enables comes last."""

    name: str
    changes: tuple[Change, ...]
    adopted: int | None = None
    """Address of the register that says whether a stored curve became the active one; None: none has to."""

    @property
    def due(self) -> tuple[Change, ...]:
        """Return what would be written."""
        return tuple(c for c in self.changes if c.differs)


async def compare(link: Link, name: str, wanted: Program) -> Target:
    """Read what a device holds and hold it against a program; writes nothing.

    Raises
    ------
    FieldError
        The device has no such model or point, or the value does not fit.
    """
    blocks = {b.model: b for b in reversed(await discover(link.registers, link.unit))}
    changes: list[Change] = []
    adopted = None
    for number in sorted({p.model for p in wanted.parameters}):
        if number not in blocks:
            raise FieldError(f"{name}: has no SunSpec model {number}: this cannot be programmed there")
        layout, data = await read_block(link.registers, link.unit, blocks[number])
        block = (layout, data, blocks[number].address)
        mine = [p for p in wanted.parameters if p.model == number]
        curve = _curve(layout, data, name) if number == DROOP_MODEL else 0
        own = [_change(p, block, f"Ctl[{curve}].", name) for p in mine]
        if curve and (any(c.differs for c in own) or any(_change(p, block, "Ctl[0].", name).differs for p in mine)):
            request, result = layout["AdptCtlReq"], layout["AdptCtlRslt"]
            own.append(_adoption(name, block[2] + request.offset, curve, encode(request.point, curve + 1)))
            adopted = block[2] + result.offset
        changes += own
    order = {"Ena": 2, ADOPT: 1}
    return Target(name=name, changes=tuple(sorted(changes, key=lambda c: order.get(c.point, 0))), adopted=adopted)


def _curve(layout: Layout, data: bytes, name: str) -> int:
    """Return the first curve that may be written; 0 is the active one, others must be adopted."""
    k = 0
    while f"Ctl[{k}].ReadOnly" in layout.places:
        place = layout[f"Ctl[{k}].ReadOnly"]
        if decode(place.point, data[2 * place.offset : 2 * (place.offset + place.point.size)]).value != 1:
            return k
        k += 1
    raise FieldError(f"{name}: model {DROOP_MODEL} has no curve that may be written")


def _adoption(name: str, address: int, curve: int, request: bytes) -> Change:
    return Change(
        unit=name,
        model=DROOP_MODEL,
        point=ADOPT,
        address=address,
        now=None,
        wanted=curve + 1,
        unit_text="",
        why=f"makes stored curve {curve + 1} the active one",
        before=b"",
        after=request,
    )


def _change(p: Parameter, block: tuple[Layout, bytes, int], curve: str, name: str) -> Change:
    layout, data, address = block
    path = p.point if p.point in layout.places else f"{curve}{p.point}"
    place = layout[path]
    before = data[2 * place.offset : 2 * (place.offset + place.point.size)]
    power: int = 0
    if place.scale_offset is not None:
        power = int.from_bytes(data[2 * place.scale_offset : 2 * place.scale_offset + 2], "big", signed=True)
        if not -10 <= power <= 10:
            raise FieldError(f"{name}: {path} of model {p.model} has no usable scale factor")
    raw = unscaled(place.point, p.value, power)
    if p.value > 0.0 and raw <= 0:
        raise FieldError(f"{name}: {path} of model {p.model} cannot hold {p.value:g} {p.unit}: its step is 1e{power}")
    now = scaled(decode(place.point, before), power).value
    return Change(
        unit=name,
        model=p.model,
        point=path,
        address=address + place.offset,
        now=None if now is None or isinstance(now, str) else float(now),
        wanted=raw * 10.0**power,
        unit_text=p.unit,
        why=p.why,
        before=before,
        after=encode(place.point, raw),
    )


@dataclass(slots=True)
class Ledger:
    """What was written to a device so far: it outlives whatever ends the writing."""

    sent: list[Change] = field(default_factory=list)
    done: list[Change] = field(default_factory=list)
    """Read back."""

    @property
    def doubt(self) -> Change | None:
        """Return what was sent and not read back."""
        return self.sent[-1] if len(self.sent) > len(self.done) else None


async def write(link: Link, target: Target, ledger: Ledger, tries: int = 50) -> None:
    """Write what differs, enabling last, and read each back.

    Parameters
    ----------
    ledger
        Gets every change as it is sent, and once the device has read it back.
    tries
        How often a device is asked, every 0.1 s, whether it has adopted a curve.

    Raises
    ------
    FieldError
        The device does not take a value, or reads back another; names unit and register.
    """
    for c in target.due:
        ledger.sent.append(c)
        await link.write(c.address, c.after)
        if c.point == ADOPT:
            await _adopted(link, target, tries)
        else:
            await _reads_back(link, c)
        ledger.done.append(c)


async def _reads_back(link: Link, c: Change) -> None:
    back = await link.read(c.address, len(c.after) // 2)
    if back != c.after:
        raise FieldError(
            f"{c.unit} register {c.address}: {c.point} was written as {c.wanted:g} {c.unit_text} and reads "
            f"back 0x{back.hex()}: the device did not take it",
            device=c.unit,
            address=c.address,
            kind="mismatch",
        )


async def _adopted(link: Link, target: Target, tries: int) -> None:
    """Wait for the device to say that a stored curve is the active one now."""
    import asyncio  # noqa: PLC0415  # only to wait

    assert target.adopted is not None  # there is one where there is a request
    for _ in range(tries):
        said = int.from_bytes(await link.read(target.adopted, 1), "big")
        if said == 1:
            return
        if said == 2:
            break
        await asyncio.sleep(0.1)
    raise FieldError(
        f"{target.name} register {target.adopted}: the droop curve was not adopted",
        device=target.name,
        address=target.adopted,
    )


def differing(targets: Sequence[Target]) -> int:
    """Return how many registers would change."""
    return sum(len(t.due) for t in targets)
