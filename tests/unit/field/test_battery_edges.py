"""Edges of the live loop, found by a second look at it: each test was red before its mend."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from gigasite._core.errors import FieldError, InputFileError
from gigasite.field.battery.device import Link, Wanted, makes
from gigasite.field.battery.loop import Orders
from gigasite.field.battery.record import Inputs, inputs_bytes
from gigasite.field.battery.rig import Rig, write_all

ROWS = {
    "power": "power,10,i32,W,power_w,,,",
    "soc": "soc,12,u16,%,soc_frac,,,",
    "set": "set,20,i16,kW,set_w,rw,,",
    "time": "time,30,u16,s,revert_s,rw,,",
    "run": "run,40,u16,,enable,rw,170,204",
}


class Registers:
    """Registers that hold what they are told, and answer writes to `slow` addresses never."""

    def __init__(self, slow: frozenset[int] = frozenset(), **held: bytes) -> None:
        self.slow = slow
        self.held = {int(k.removeprefix("at")): v for k, v in held.items()}
        self.waiting: list[Any] = []

    def write(self, _unit: int, address: int, data: bytes, /) -> Any:
        future: Any = asyncio.get_running_loop().create_future()
        if address in self.slow:
            self.waiting.append(future)
        else:
            self.held[address] = data
            future.set_result(None)
        return future

    def read(self, _unit: int, address: int, count: int, _function: int = 3, /) -> Any:
        future: Any = asyncio.get_running_loop().create_future()
        future.set_result(self.held.get(address, bytes(2 * count)))
        return future


def mapped(folder: Path, registers: Any = None, rating_w: float | None = 4e6, **rows: str) -> Any:
    """Return a unit by the map of `ROWS` with some rows replaced or added."""
    lines = "\n".join((ROWS | rows).values())
    (folder / "pcs.csv").write_text(f"name,address,type,unit,role,access,low,high\n{lines}\n")
    make = makes["csv-map"](file=str(folder / "pcs.csv"))
    wanted = Wanted(name="u", rating_w=rating_w, energy_j=1e10, reversion_s=4)
    return asyncio.run(make.find(Link(registers or Registers(), 1), wanted))


def decided(*, enable: bool) -> Any:
    yes = np.ones(1, np.bool_)
    return SimpleNamespace(set_w=np.zeros(1), enable=yes & enable, write=yes)


def test_no_write_of_a_chain_outlives_its_cycle(tmp_path: Path) -> None:
    unit, registers = mapped(tmp_path), Registers(frozenset({30}))
    rig = Rig(names=("u",), units=(unit,), links=(Link(registers, 1),))
    acked = asyncio.run(write_all(rig, decided(enable=True), {}, 0.02))
    assert not acked[0]
    assert len(registers.waiting) == 1
    assert registers.waiting[0].cancelled()  # a gateway's queue would send it in the next cycle


def test_ten_thousand_orders_within_a_cycle_are_one_of_each() -> None:
    orders = Orders()
    for _ in range(10_000):
        for word in ("disarm", "stop", "clear", "arm"):
            orders.say(word)
    said = orders.take()
    assert sorted(said) == ["arm", "clear", "disarm", "stop"]
    inputs = Inputs(
        number=0, time_s=0.0, dt_s=0.1, missed=0, metered=None, orders=said, acked=np.zeros(0, np.bool_), answers=()
    )
    assert inputs_bytes(inputs)
