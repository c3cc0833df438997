"""Real devices for a planted cabling: lldpd in network namespaces, and ibnetdiscover over a simulated InfiniBand fabric."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from gigasite.cabling.lab import Lab

ENDS = ["a_node", "a_port", "z_node", "z_port"]


def fat_tree(hosts: int, leaves: int, spines: int, mult: int, *, infiniband: bool) -> pl.DataFrame:
    """A plan of two tiers, `hosts` under each leaf; InfiniBand: eight adapters a server, a leaf for each."""
    stem = "" if infiniband else "swp"
    rows = []
    for leaf in range(leaves):
        name = f"leaf-{leaf:03d}"
        group, rail = divmod(leaf, 8)
        for i in range(hosts):
            host = f"gpu{group * hosts + i:04d} mlx5_{rail}" if infiniband else f"h{leaf * hosts + i:03d}"
            rows.append((host, "1" if infiniband else "eth0", name, f"{stem}{i + 1}"))
        up = [(s, k) for s in range(spines) for k in range(mult)]
        rows += [
            (name, f"{stem}{hosts + s * mult + k + 1}", f"spine-{s:03d}", f"{stem}{leaf * mult + k + 1}") for s, k in up
        ]
    return pl.DataFrame(rows, schema=ENDS, orient="row")


def _names(lab: Lab) -> list[str]:
    """The name that each device bears."""
    return [lab.case.bound.nodes[i] for i in lab.name.tolist()]


def _links(lab: Lab, down: np.ndarray) -> list[tuple[int, int]]:
    """Ports that are connected and of which none is down, each pair once."""
    p = np.flatnonzero(lab.real >= 0)
    p = p[(p < lab.real[p]) & ~down[p] & ~down[lab.real[p]]]
    return list(zip(p.tolist(), lab.real[p].tolist(), strict=True))


def ibsim_net(lab: Lab) -> str:
    """The simulator's file: a device that gives no dump is off, a link that is deaf at one end is down."""
    case, names = lab.case, _names(lab)
    rows = case.bound.ports.rows()
    slow = lab.evidence.get("width")
    wires: dict[int, list[tuple[int, int, int, str]]] = {}
    for p, q in _links(lab, lab.deaf | lab.silent[case.node]):
        # a narrow link must be told at both ends, or the discovery hangs
        tail = "\tw=1" if slow is not None and "1x" in {slow[p], slow[q]} else ""
        for a, z in ((p, q), (q, p)):
            wires.setdefault(int(case.node[a]), []).append((int(rows[a][1]), int(case.node[z]), int(rows[z][1]), tail))
    out = []
    for host in (False, True):
        for d in sorted(range(len(names)), key=names.__getitem__):
            if ("mlx5" in case.bound.nodes[d]) == host:
                mine = sorted(wires.get(d, []))
                out.append(
                    f'{"Hca" if host else "Switch"}\t{1 if host else max(64, *(w[0] for w in mine), 64)} "{names[d]}"'
                )
                out += [f'[{n}]\t"{names[z]}"[{m}]{tail}' for n, z, m, tail in mine]
                out.append("")
    return "\n".join(out) + "\n"


@pytest.fixture
def ibnetdiscover(tmp_path: Path) -> Callable[[Lab], tuple[str, float]]:
    """Discover a lab's fabric with the real tool; returns what it prints, and its time [s]."""
    for tool in ("ibsim", "ibsim-run", "ibnetdiscover"):
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is not installed (packages ibsim-utils, infiniband-diags)")

    def discover(lab: Lab) -> tuple[str, float]:
        text = ibsim_net(lab)
        (tmp_path / "fabric.net").write_text(text)
        heads = [line for line in text.splitlines() if line.startswith(("Hca", "Switch"))]
        first = next(b.split('"')[1] for b in text.split("\n\n") if b.startswith("Hca") and "\n[" in b)
        room = sum(int(h.split()[1]) + 1 for h in heads) + 64
        env = dict(os.environ, IBSIM_SOCKNAME=f"gigasite-{os.getpid()}", SIM_HOST=first)
        size = ["-N", str(len(heads) + 16), "-S", str(len(heads) + 16), "-P", str(room)]
        with (
            (tmp_path / "ibsim.log").open("w+") as log,
            _started(
                ["ibsim", "-s", *size, str(tmp_path / "fabric.net")],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                env=env,
            ) as sim,
        ):
            until = time.monotonic() + 60
            while "simulator ready" not in (tmp_path / "ibsim.log").read_text():
                assert sim.poll() is None, (tmp_path / "ibsim.log").read_text()[-500:]
                assert time.monotonic() < until
                time.sleep(0.05)
            start = time.monotonic()
            got = subprocess.run(
                ["ibsim-run", "ibnetdiscover"], check=False, capture_output=True, text=True, env=env, timeout=120
            )
            assert got.returncode == 0, got.stderr[-500:]
            return got.stdout, time.monotonic() - start

    return discover


@contextmanager
def _started(command: list[str], **more: Any) -> Iterator[subprocess.Popen]:
    process = subprocess.Popen(command, start_new_session=True, **more)
    try:
        yield process
    finally:
        process.kill()
        process.wait(10)
        if process.stdin is not None:
            process.stdin.close()


def _ip(*command: str, batch: str = "") -> str:
    got = subprocess.run(["ip", *command], input=batch, check=False, capture_output=True, text=True, timeout=120)
    assert got.returncode == 0, got.stderr[-500:]
    return got.stdout


class LldpLab:
    """One namespace, host name and lldpd for each device of a lab."""

    def __init__(self, lab: Lab, folder: Path) -> None:
        self.lab, self.folder = lab, folder
        self.prefix = f"gs{os.getpid()}"
        self.names = _names(lab)
        self.spaces: list[str] = []
        self.started: list[subprocess.Popen] = []
        self.expected = np.zeros(len(self.names), np.int64)

    def up(self) -> None:
        """Lay the cables, start the daemons."""
        case, rows = self.lab.case, self.lab.case.bound.ports.rows()
        self.spaces = [f"{self.prefix}-{d}" for d in range(len(self.names))]
        batch, mine = [f"netns add {s}" for s in self.spaces], [["link set lo up"] for _ in self.spaces]
        for p, q in _links(self.lab, np.zeros(len(rows), bool)):
            a, z = int(case.node[p]), int(case.node[q])
            batch.append(
                f"link add {rows[p][1]} netns {self.spaces[a]} type veth peer name {rows[q][1]} netns {self.spaces[z]}"
            )
            for d, port in ((a, p), (z, q)):
                mine[d].append(f"link set {rows[port][1]} up")
                self.expected[d] += not self.lab.deaf[port]
        _ip("-batch", "-", batch="\n".join(batch) + "\n")
        for space, lines in zip(self.spaces, mine, strict=True):
            _ip("-n", space, "-batch", "-", batch="\n".join(lines) + "\n")
        for d, space in enumerate(self.spaces):
            # its own host name and /run: lldpd takes both from there; output goes to a file, for a pipe would never close
            run = (
                f"hostname '{self.names[d]}'; mount -t tmpfs tmpfs /run; mkdir -p /run/lldpd;"
                f" exec lldpd -d -u {self.socket(d)} -I 'eth*,swp*' -D 0 -O {self.settings(d)}"
            )
            command = ["ip", "netns", "exec", space, "unshare", "--uts", "--mount", "sh", "-c", run]
            with (self.folder / f"{d}.log").open("w") as log:
                self.started.append(
                    subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
                )
        for d in range(len(self.spaces)):
            self._ready(d)

    def socket(self, device: int) -> str:
        return str(self.folder / f"{device}.sock")

    def settings(self, device: int) -> Path:
        """What a daemon reads before it sends its first frame: a change later would be another neighbour to the others."""
        rows, case = self.lab.case.bound.ports.rows(), self.lab.case
        mine = np.flatnonzero(self.lab.deaf & (case.node == device) & (self.lab.real >= 0)).tolist()
        lines = ["configure lldp portidsubtype ifname", "configure lldp tx-interval 1"]
        lines += [f"configure ports {rows[p][1]} lldp status tx-only" for p in mine]
        (self.folder / f"{device}.conf").write_text("\n".join(lines) + "\n")
        return self.folder / f"{device}.conf"

    def _ready(self, device: int) -> None:
        until = time.monotonic() + 30
        while not Path(self.socket(device)).exists():
            assert time.monotonic() < until, (self.folder / f"{device}.log").read_text()[-500:]
            time.sleep(0.02)

    def cli(self, device: int, command: str) -> str:
        """Ask a daemon; it hands its socket over to its own user a moment after making it."""
        for _ in range(100):
            got = subprocess.run(
                ["lldpcli", "-u", self.socket(device), *command.split()],
                check=False, capture_output=True, text=True, timeout=30,
            )  # fmt: skip
            if "unable to connect" not in got.stderr:
                break
            time.sleep(0.05)
        assert got.returncode == 0, got.stderr[-300:]
        return got.stdout

    def collect(self, out: Path) -> None:
        """Wait until every port that can, and no other, has heard its neighbour; then write one file a device, as it names itself."""
        out.mkdir()
        until, open_ = time.monotonic() + 60, list(range(len(self.names)))
        texts: dict[int, str] = {}
        while open_:
            for d in open_:
                texts[d] = self.cli(d, "show neighbors details -f json0")
            open_ = [d for d in open_ if _count(texts[d]) != self.expected[d]]
            assert time.monotonic() < until, f"{len(open_)} devices have not heard all their neighbours"
            time.sleep(0.5 if open_ else 0.0)
        for d, name in enumerate(self.names):
            if not self.lab.silent[d]:
                (out / f"{name}.json0.txt").write_text(texts[d])
                (out / f"{name}.chassis.json0.txt").write_text(self.cli(d, "show chassis details -f json0"))

    def down(self) -> None:
        """Stop the daemons by their process ids, remove the namespaces."""
        for space in self.spaces:
            pids = subprocess.run(
                ["ip", "netns", "pids", space], check=False, capture_output=True, text=True
            ).stdout.split()
            for pid in pids:
                with suppress(ProcessLookupError):
                    os.kill(int(pid), signal.SIGKILL)
        for process in self.started:
            process.kill()
            process.wait(10)
        have = {line.split()[0] for line in _ip("netns", "list").splitlines() if line}
        _ip("-batch", "-", batch="".join(f"netns del {s}\n" for s in self.spaces if s in have))


def _count(text: str) -> int:
    return sum(len(i.get("chassis", [])) for part in json.loads(text)["lldp"] for i in part.get("interface", []))


@pytest.fixture
def lldpd(tmp_path: Path) -> Iterator[Callable[[Lab], Path]]:
    """Run lldpd for each device of a lab; returns the folder of its dumps."""
    if os.geteuid() != 0:
        pytest.skip("network namespaces need root")
    for tool in ("lldpd", "lldpcli", "ip", "unshare"):
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is not installed (packages lldpd, iproute2, util-linux)")
    probe = f"gs{os.getpid()}-probe"
    if subprocess.run(["ip", "netns", "add", probe], check=False, capture_output=True).returncode:
        pytest.skip("network namespaces are not permitted here")
    subprocess.run(["ip", "netns", "del", probe], check=True)
    labs: list[LldpLab] = []
    # the path of a unix socket is short
    with tempfile.TemporaryDirectory(prefix="gs", dir="/tmp") as short:
        Path(short).chmod(0o755)  # lldpcli gives up its rights before it opens the socket

        def run(lab: Lab) -> Path:
            made = LldpLab(lab, Path(short))
            labs.append(made)
            made.up()
            made.collect(tmp_path / "dumps")
            return tmp_path / "dumps"

        try:
            yield run
        finally:
            for made in labs:
                made.down()


@pytest.fixture
def tree() -> Callable[..., pl.DataFrame]:
    """Plans of two tiers."""
    return fat_tree
