"""Ask many devices over ssh at once; what each says becomes a file, and those that fail do not stop the others."""

from __future__ import annotations

import asyncio
import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import asyncssh

from gigasite._core.errors import FieldError, OutputError
from gigasite._core.files import write_bytes
from gigasite._core.progress import SILENT
from gigasite.field.platforms import COMMANDS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from gigasite._core.progress import Progress
    from gigasite.field.hosts import Host

PIECE = 1 << 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """How devices are asked.

    Parameters
    ----------
    workers
        Devices at a time.
    login_s, command_s
        Longest time for logging in, and for one command [s].
    most_bytes
        Of what one command prints; more is refused, for it is no list of neighbours.
    user, key
        Login name, and file of a private key; "" for those of ssh's own settings and agent.
    known_hosts
        File of host keys; "" for ssh's own.
    check_host_keys
        Refuse devices whose key is not known.
    """

    workers: int = 64
    login_s: float = 15.0
    command_s: float = 60.0
    most_bytes: int = 64 << 20
    user: str = ""
    key: str = ""
    known_hosts: str = ""
    check_host_keys: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What one command of one device came to: `file` under the folder, or `error`."""

    host: str
    command: str
    file: str = ""
    size: int = 0
    wall_s: float = 0.0
    error: str = ""


def collect(hosts: Sequence[Host], out: Path, ask: Ask, progress: Progress = SILENT) -> tuple[Answer, ...]:
    """Run the read-only commands of each device's platform; write `HOST.COMMAND.txt` for each that ended well.

    A file is written whole, beside and renamed. What was cut short (a device that hangs, dies, prints without end) is
    not written: half a list would look like missing cables. The file of an earlier run is then removed, for it is old.

    Returns
    -------
    One answer for each command of each device, in the order of the devices.

    Raises
    ------
    OutputError
        The folder cannot be written.
    FieldError
        The private key or the file of host keys cannot be read.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"cannot write {out}: {error.strerror or error}") from error
    return asyncio.run(_all(hosts, out, ask, progress))


async def _all(hosts: Sequence[Host], out: Path, ask: Ask, progress: Progress) -> tuple[Answer, ...]:
    options = _options(ask)
    answers: dict[int, list[Answer]] = {}
    waiting = iter(enumerate(hosts))

    async def work() -> None:
        # one device after the other: no more tasks than workers, however many devices there are
        for number, host in waiting:
            answers[number] = await _one(host, out, ask, options)
            progress.step("devices", len(answers), len(hosts))

    await asyncio.gather(*(work() for _ in range(min(ask.workers, len(hosts)))))
    return tuple(a for number in sorted(answers) for a in answers[number])


def _options(ask: Ask) -> asyncssh.SSHClientConnectionOptions:
    """Return the settings of all connections; they are read once."""
    more: dict[str, object] = {}
    if ask.user:
        more["username"] = ask.user
    if ask.key:
        more["client_keys"] = [ask.key]
    if not ask.check_host_keys:
        more["known_hosts"] = None
    elif ask.known_hosts:
        more["known_hosts"] = ask.known_hosts
    try:
        return asyncssh.SSHClientConnectionOptions(login_timeout=ask.login_s, connect_timeout=ask.login_s, **more)
    except (OSError, asyncssh.Error, ValueError) as error:
        raise FieldError(f"ssh settings: {error}") from error


async def _one(host: Host, out: Path, ask: Ask, options: asyncssh.SSHClientConnectionOptions) -> list[Answer]:
    """Log in and run the commands; every failure becomes an answer."""
    commands = COMMANDS[host.platform]
    done: list[Answer] = []
    more = {k: v for k, v in (("port", host.port), ("username", host.user)) if v}
    try:
        # login_timeout covers what asyncssh itself waits for; a device that never closes needs ours as well
        async with asyncio.timeout(2.0 * ask.login_s):
            connection = await asyncssh.connect(host.address or host.name, options=options, **more)
        try:
            for command in commands:
                done.append(await _command(connection, host, command, out, ask))  # noqa: PERF401  # kept if a later one fails
        finally:
            connection.abort()
    except Exception as error:  # noqa: BLE001  # whatever one device does, the others are asked
        done += [_failed(host, c, out, _words(error)) for c in commands[len(done) :]]
    return done


async def _command(connection: asyncssh.SSHClientConnection, host: Host, command: str, out: Path, ask: Ask) -> Answer:
    start = time.monotonic()
    try:
        async with asyncio.timeout(ask.command_s):
            data, code = await _output(connection, command, ask.most_bytes)
    except (TimeoutError, asyncssh.Error, OSError) as error:
        words = f"no answer within {ask.command_s:g} s" if isinstance(error, TimeoutError) else _words(error)
        return _failed(host, command, out, words)
    if len(data) > ask.most_bytes:
        return _failed(host, command, out, f"prints more than {ask.most_bytes / 1e6:,.0f} MB")
    if code is None:
        return _failed(host, command, out, "the connection broke before the command ended")
    if code:
        return _failed(host, command, out, f"ends with code {code}: {data[:200].decode(errors='replace').strip()}")
    name = _file(host, command)
    # off the loop: a slow disk must not hold up other devices
    await asyncio.to_thread(write_bytes, out / name, data)
    wall = round(time.monotonic() - start, 3)
    return Answer(host=host.name, command=command, file=name, size=len(data), wall_s=wall)


async def _output(connection: asyncssh.SSHClientConnection, command: str, most: int) -> tuple[bytes, int | None]:
    """Return what a command prints, a little more than `most` at most, and its exit code."""
    async with connection.create_process(command, encoding=None, stderr=asyncssh.STDOUT) as process:
        data = bytearray()
        while piece := await process.stdout.read(PIECE):
            data += piece
            if len(data) > most:
                process.close()
                return bytes(data), None
        await process.wait()
        return bytes(data), process.returncode


def _failed(host: Host, command: str, out: Path, error: str) -> Answer:
    (out / _file(host, command)).unlink(missing_ok=True)
    return Answer(host=host.name, command=command, error=error)


def _file(host: Host, command: str) -> str:
    """Return the file of a command under the folder.

    >>> from gigasite.field.hosts import Host
    >>> _file(Host(name="leaf-001", platform="eos"), "show lldp neighbors detail | json")
    'leaf-001.show-lldp-neighbors-detail-json.txt'
    """
    # readers take the node from a file's name up to the first dot
    return f"{host.name}.{re.sub(r'[^A-Za-z0-9]+', '-', command).strip('-')}.txt"


def _words(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "does not answer in time"
    if isinstance(error, asyncssh.HostKeyNotVerifiable):
        return "its host key is not known; add it to known_hosts after checking it"
    return f"{type(error).__name__}: {error}"[:300] if str(error) else type(error).__name__
