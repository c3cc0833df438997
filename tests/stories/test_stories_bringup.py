"""The page of a bring-up in a real browser: painted without a console error, wide and narrow, light and dark."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import polars as pl
import pytest

from gigasite.cabling.snapshots import CAUSES, LINKS, Snapshot, burn_down, by_day, load, save
from gigasite.show.bringup_page import bringup_page

pytestmark = pytest.mark.live


def looks(folder: Path, count: int) -> None:
    for n in range(count):
        states = [min(3, (i * 7 + n * (i % 4)) % 4) if n < count - 1 else 1 for i in range(60)]
        causes = [(f"swap-{i:08x}", "swap", 1 + i % 2, 4, 2, "<b>why</b>") for i in range(count - 1 - n)]
        made = Snapshot(
            time=f"2026-05-{1 + n // 3:02d}T{8 + 4 * (n % 3):02d}:00:00Z",
            plan="p",
            links=pl.DataFrame({"hall": [1 + i % 3 for i in range(60)], "state": states}, schema=LINKS.polars()),
            causes=pl.DataFrame(causes, schema=CAUSES.polars(), orient="row"),
        )
        save(folder, made)


@pytest.mark.parametrize("count", [1, 8])
@pytest.mark.parametrize(("size", "scheme"), [("1200,900", "1"), ("390,844", "0")])
def test_the_page_paints(tmp_path: Path, count: int, size: str, scheme: str) -> None:
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("no chromium: run `make apt` as root")
    looks(tmp_path / "s", count)
    table = burn_down(tmp_path / "s")
    page = tmp_path / "page.html"
    page.write_text(bringup_page("memphis", table, by_day(table), load(tmp_path / "s", 1).causes))
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
             "--disable-component-update", "--disable-sync", "--enable-logging=stderr", "--virtual-time-budget=8000",
             f"--user-data-dir={tmp_path / 'profile'}", f"--window-size={size}",
             f"--blink-settings=preferredColorScheme={scheme}", "--dump-dom"]  # fmt: skip
    done = subprocess.run(
        [chromium, *flags, f"file://{page}"], capture_output=True, text=True, timeout=120, check=False
    )
    assert 'data-ready="1"' in done.stdout
    assert "CONSOLE" not in done.stderr
    assert done.stdout.count("<canvas") == 2
    assert "<b>why</b>" not in done.stdout
