"""The running loop in the terminal: every line fits, in wide terminals and in narrow ones."""

from __future__ import annotations

import io
import os
import signal
from typing import Any

import pytest
from rich.console import Console

from gigasite._core.errors import FieldError
from gigasite.show import battery_watch
from gigasite.show.battery_watch import begun, picture


def status(host: str = "127.0.0.1", count: int = 3, watts: float = 625_000.0) -> dict[str, Any]:
    units = [
        {
            "name": f"{host}:{15100 + i}/1",
            "power_w": watts if i else None,
            "set_w": watts,
            "soc_frac": 0.484,
            "hold": "heartbeat" if i == 2 else "none",
            "rating_w": 1.927e6,
        }
        for i in range(count)
    ]
    site = {"load_w": 101.5e6, "source_w": 99.5e6, "frequency_hz": 59.987, "granted_w": -2e6, "by": "soc-return"}
    times = {"cycles": 123_456, "missed": 0, "late_p99_s": 0.00013, "cycle_p99_s": 0.0062}
    return {"state": "running", "cause": "units confirm zero", "note": "", "units": units} | site | times


def drawn(told: dict[str, Any], width: int, lines: int = 40) -> list[str]:
    out = io.StringIO()
    console = Console(file=out, width=width, highlight=False, color_system=None)
    console.print(picture(told, lines, width))
    return out.getvalue().splitlines()


@pytest.mark.parametrize("width", [40, 60, 80, 120])
@pytest.mark.parametrize("watts", [625_000.0, -1_927_000.0])
def test_every_value_is_whole_and_no_unit_takes_two_lines(width: int, watts: float) -> None:
    lines = drawn(status(watts=watts), width)
    assert max(map(len, lines)) <= width
    text = "\n".join(lines)
    assert "…" not in text
    for value in ("101.500 MW", "99.500 MW", "59.987 Hz", "123,456", "0.13 ms", "6.2 ms", "soc-return", "heartbeat"):
        assert value in text
    mine = [n for n in lines if "15102/1" in n]
    assert len(mine) == 1
    assert f"{watts / 1e6:,.3f} MW" in mine[0]
    assert "48.4 %" in mine[0]
    assert len(lines) == 1 + (3 if width >= 72 else 5) + (width == 40) + 1 + 3 + 1
    assert ("█" in text) == (width >= 80)


def test_long_names_cost_bars_first_and_units_beyond_the_lines_are_counted() -> None:
    wide = drawn(status("battery-gateway-17.plant"), 80)
    assert not any("█" in n for n in wide)
    assert any("battery-gateway-17.plant:15102/1" in n and n.count("MW") == 2 for n in wide)
    few = drawn(status(count=20), 80, lines=5)
    assert any("... and 15 more" in n for n in few)
    assert "15102/1" in few[5]  # who is held comes first


def test_ctrl_c_ends_the_watching_and_a_loop_that_went_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def fetched(_port: int) -> dict[str, Any]:
        asked.append(1)
        if len(asked) == 2:
            os.kill(os.getpid(), signal.SIGINT)
            raise FieldError("no loop answers")
        return status()

    monkeypatch.setattr(battery_watch, "fetch", fetched)
    monkeypatch.setattr(battery_watch, "EVERY_S", 0.01)
    before = signal.getsignal(signal.SIGINT)
    battery_watch.follow(1, status())
    assert len(asked) == 2
    assert signal.getsignal(signal.SIGINT) is before


def test_a_loop_that_never_begins_is_told() -> None:
    with pytest.raises(FieldError, match="no loop answers on port 1 "):
        begun(1, 0.0)
    with pytest.raises(FieldError, match="metrics_port"):
        begun(0, 60.0)
