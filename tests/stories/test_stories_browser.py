"""The report in a real browser: painted without a console error, wide and narrow, light and dark; the web page served."""

from __future__ import annotations

import http.client
import json
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gigasite._core.errors import InputFileError
from gigasite.campus import reference
from gigasite.show.cli import app
from gigasite.show.serve import site

pytestmark = pytest.mark.live
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--enable-logging=stderr",
    "--virtual-time-budget=8000",
]


CASE = """\
case: browser
machines:
  - {title: a, count: 8, rating: 25 MW, apparent: 25 MVA, inertia: 2 s, governor: {kind: gast}}
battery: {rating: 50 MW, energy: 20 MWh}
load: {kind: job, gpus: 100000, period: 2 s, stop: 16 s}
controller: {kind: ramp-limit}
limits: [{kind: iso8528-g2}, {kind: ramp, up: 60 MW/min, down: 60 MW/min}, {kind: battery-use}]
run: {duration: 20 s}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, lab_folder: Path) -> Path:
    out = tmp_path_factory.mktemp("plan") / "plan"
    shutil.copytree(lab_folder / "out", out)
    (out / "case.yaml").write_text(CASE, encoding="utf-8")
    CliRunner().invoke(app, ["power", "report", str(out / "case.yaml"), "--out", str(out / "power.html")])
    return out


def browse(folder: Path, tmp_path: Path, *more: str, name: str = "report.html") -> subprocess.CompletedProcess[str]:
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("no chromium: run `make apt` as root")
    page = f"file://{folder / name}"
    return subprocess.run(
        [chromium, *FLAGS, f"--user-data-dir={tmp_path}", *more, page],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize("size", ["1200,900", "390,844"])
def test_the_report_paints_without_console_errors(folder: Path, tmp_path: Path, size: str) -> None:
    done = browse(folder, tmp_path, f"--window-size={size}", "--dump-dom")
    assert 'data-ready="1"' in done.stdout
    assert "CONSOLE" not in done.stderr
    assert done.stdout.count("<canvas") >= 16  # seven charts, the hall map and the ten pictures of the power chapter


@pytest.mark.parametrize(("size", "scheme"), [("1200,900", "1"), ("390,844", "0")])
def test_the_page_of_a_case_paints_everything(folder: Path, tmp_path: Path, size: str, scheme: str) -> None:
    flags = (f"--window-size={size}", f"--blink-settings=preferredColorScheme={scheme}", "--dump-dom")
    done = browse(folder, tmp_path, *flags, name="power.html")
    assert 'data-ready="1"' in done.stdout
    assert "CONSOLE" not in done.stderr
    assert done.stdout.count("<canvas") == 10
    assert done.stdout.count('class="legend limits"') >= 3


@pytest.mark.parametrize(("size", "scheme"), [("1200,900", "1"), ("390,844", "0")])
def test_the_page_of_a_build_under_way_paints_everything(tmp_path: Path, size: str, scheme: str) -> None:
    """Progress of the lab after thirty days without news: a Gantt that says what it holds, crews, man-hours; one row makes no line."""
    CliRunner().invoke(
        app, ["schedule", "lookahead", str(reference("lab")), "--status", "30", "--out", str(tmp_path / "p")]
    )
    flags = (f"--window-size={size}", f"--blink-settings=preferredColorScheme={scheme}", "--dump-dom")
    done = browse(tmp_path / "p", tmp_path / "profile", *flags, name="progress.html")
    assert 'data-ready="1"' in done.stdout
    assert "CONSOLE" not in done.stderr
    assert done.stdout.count("<canvas") == 3
    assert "256 activities" in done.stdout
    assert "No kind of work is repeated" in done.stdout


def test_the_report_prints(folder: Path, tmp_path: Path) -> None:
    pdf = tmp_path / "r.pdf"
    browse(folder, tmp_path / "profile", f"--print-to-pdf={pdf}")
    assert pdf.read_bytes().startswith(b"%PDF")
    assert pdf.stat().st_size > 20_000


def test_the_server_shows_the_plan_and_nothing_else(folder: Path, tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-m", "gigasite.show.cli", "serve", str(folder), "--port", str(port)], stdout=subprocess.PIPE
    )
    try:
        status, policy, body = fetch(port, "/")
        assert status == 200
        assert "default-src 'self'" in policy
        assert b"First training step" in body
        assert json.loads(fetch(port, "/plan.json")[2])["campus"] == "lab"
        assert fetch(port, "/favicon.ico")[0] == 204
        assert [fetch(port, bad)[0] for bad in ("/nothing.csv", "/..%2f..%2fetc%2fpasswd", "/.hidden")] == [
            404,
            404,
            404,
        ]
    finally:
        server.terminate()
        server.communicate(timeout=30)
    with pytest.raises(InputFileError, match="holds no report"):
        site(tmp_path)


def fetch(port: int, path: str) -> tuple[int, str, bytes]:
    """Ask the server on loopback; wait until it listens."""
    for _ in range(100):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.headers.get("content-security-policy", ""), answer.read()
        except ConnectionRefusedError:
            time.sleep(0.1)
        finally:
            connection.close()
    raise AssertionError("the server never listened")
