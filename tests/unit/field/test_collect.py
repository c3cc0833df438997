"""The collector against a real ssh server on this machine, with devices that hang, refuse, die and print without end."""

from __future__ import annotations

import asyncio
import json
import resource
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import asyncssh
import pytest
from typer.testing import CliRunner

from gigasite._core.errors import FieldError, InputFileError
from gigasite.cabling import observe
from gigasite.field.collect import Ask, collect
from gigasite.field.hosts import Host, read_hosts
from gigasite.field.platforms import COMMANDS
from gigasite.show.cli import app

DEMO = Path(__file__).parents[3] / "src" / "gigasite" / "cabling" / "demo"


@dataclass(frozen=True)
class Server:
    port: int
    key: str
    known_hosts: str
    most: list[int]
    """Connections at once: now, and at most."""

    def ask(self, **change: object) -> Ask:
        base = Ask(login_s=5.0, command_s=5.0, key=self.key, known_hosts=self.known_hosts)
        return replace(base, **change)  # type: ignore[arg-type]

    def host(self, name: str, **change: object) -> Host:
        """The user name says how the device behaves."""
        user = name.split("-", maxsplit=1)[0]
        return replace(Host(name=name, platform="lldpd", address="127.0.0.1", port=self.port, user=user), **change)  # type: ignore[arg-type]


async def _handle(process: asyncssh.SSHServerProcess[bytes]) -> None:
    user, command = process.get_extra_info("username"), process.command or ""
    if user == "hang":
        await asyncio.sleep(60)
    elif user == "die":
        process.stdout.write(b'{"lldp": [{"interface": [')
        await process.stdout.drain()
        process.channel.get_connection().abort()
    elif user == "flood":
        try:
            for _ in range(1600):  # 100 MB
                process.stdout.write(b"x" * 65536)
                await process.stdout.drain()
        except (BrokenPipeError, asyncssh.Error):
            return
    elif user == "bad":
        process.stdout.write(b"lldpcli: command not found\n")
        process.exit(127)
    else:
        what = ".chassis" if "chassis" in command else ""
        process.stdout.write((DEMO / f"{user}{what}.json0.txt").read_bytes())
        process.exit(0)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    place = tmp_path_factory.mktemp("ssh")
    host_key, key = (asyncssh.generate_private_key("ssh-ed25519") for _ in range(2))
    key.write_private_key(str(place / "key"))
    (place / "key").chmod(0o600)
    (place / "authorized").write_bytes(key.export_public_key())
    most = [0, 0]

    class Door(asyncssh.SSHServer):
        def connection_made(self, _conn: asyncssh.SSHServerConnection, /) -> None:
            most[0] += 1
            most[1] = max(most)

        def connection_lost(self, _exc: Exception | None, /) -> None:
            most[0] -= 1

        def begin_auth(self, _username: str, /) -> bool:
            return True

    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    async def start() -> asyncssh.SSHAcceptor:
        return await asyncssh.create_server(
            Door, "127.0.0.1", 0, server_host_keys=[host_key], authorized_client_keys=str(place / "authorized"),
            process_factory=_handle, encoding=None,
        )  # fmt: skip

    made = asyncio.run_coroutine_threadsafe(start(), loop).result(20)
    port = made.get_port()
    line = b"[127.0.0.1]:%d %s" % (port, host_key.export_public_key())
    (place / "known").write_bytes(line)
    yield Server(port=port, key=str(place / "key"), known_hosts=str(place / "known"), most=most)

    async def stop() -> None:
        made.close()
        await asyncio.sleep(0.1)
        mine = [t for t in asyncio.all_tasks() if t is not asyncio.current_task()]
        for task in mine:
            task.cancel()
        await asyncio.gather(*mine, return_exceptions=True)

    asyncio.run_coroutine_threadsafe(stop(), loop).result(20)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(20)
    loop.close()


def test_many_devices_a_few_at_a_time_and_what_they_say_is_read(server: Server, tmp_path: Path) -> None:
    names = [f"h{i:03d}" for i in range(8)] + [f"leaf{i:02d}" for i in range(4)]
    server.most[1] = 0
    answers = collect([server.host(n) for n in names], tmp_path, server.ask(workers=3))
    assert [a.host for a in answers] == [n for n in names for _ in range(2)]
    assert not [a for a in answers if a.error]
    assert 1 <= server.most[1] <= 5  # the server may learn late that one has left
    assert (tmp_path / answers[0].file).read_bytes() == (DEMO / "h000.json0.txt").read_bytes()
    links = observe(tmp_path).sightings
    assert set(links["node"]) == set(names)


def test_devices_that_fail_do_not_stop_the_others(server: Server, tmp_path: Path) -> None:
    mute = socket.create_server(("127.0.0.1", 0))  # takes the connection, never says a word
    with socket.create_server(("127.0.0.1", 0)) as closed:
        nobody = closed.getsockname()[1]
    names = ["hang-1", "die-1", "flood-1", "bad-1", "h000", "refuse-1", "mute-1", "nowhere-1", "leaf01"]
    change = {
        "refuse-1": {"port": nobody},
        "mute-1": {"port": mute.getsockname()[1]},
        "nowhere-1": {"address": "no-such-host.invalid"},
    }
    hosts = [server.host(n, **change.get(n, {})) for n in names]
    old = tmp_path / "die-1.lldpcli-show-neighbors-details-f-json0.txt"
    old.write_text("of an earlier run")
    start, before = time.monotonic(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with mute:
        answers = collect(hosts, tmp_path, server.ask(login_s=1.5, command_s=2.0, most_bytes=1 << 20))
    assert time.monotonic() - start < 20
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000  # KB: the flood is not kept
    errors = {n: [a.error for a in answers if a.host == n] for n in names}
    assert all(len(errors[n]) == 2 for n in names)
    for name, words in (
        ("hang-1", "no answer within 2 s"), ("flood-1", "prints more than 1 MB"), ("bad-1", "code 127: lldpcli"),
    ):  # fmt: skip
        assert all(words in e for e in errors[name]), errors[name]
    assert all(all(errors[n]) for n in ("die-1", "refuse-1", "mute-1", "nowhere-1"))
    assert errors["h000"] == errors["leaf01"] == ["", ""]
    assert not old.exists()
    assert {p.name.split(".")[0] for p in tmp_path.iterdir()} == {"h000", "leaf01"}


def test_unknown_host_keys_are_refused(server: Server, tmp_path: Path) -> None:
    (tmp_path / "none").write_text("")
    answers = collect([server.host("h000")], tmp_path / "a", server.ask(known_hosts=str(tmp_path / "none")))
    assert all("host key is not known" in a.error for a in answers)
    answers = collect(
        [server.host("h000")], tmp_path / "b", server.ask(known_hosts=str(tmp_path / "none"), check_host_keys=False)
    )
    assert not any(a.error for a in answers)
    with pytest.raises(FieldError, match="ssh settings"):
        collect([server.host("h000")], tmp_path / "c", server.ask(key=str(tmp_path / "no-key")))


def test_the_verb(server: Server, tmp_path: Path) -> None:
    rows = [f"{n},lldpd,127.0.0.1,{server.port},{n.split('-')[0]}" for n in ("h000", "leaf01", "bad-1")]
    (tmp_path / "hosts.csv").write_text("host,platform,address,port,user\n# the lab\n" + "\n".join(rows) + "\n")
    args = ["cables", "collect", str(tmp_path / "hosts.csv"), "--out", str(tmp_path / "d"), "--key", server.key,
            "--known-hosts", server.known_hosts]  # fmt: skip
    got = CliRunner().invoke(app, [*args, "--json"])
    assert got.exit_code == 1
    told = json.loads(got.stdout)
    assert told["failed"] == 2
    assert sorted(a["host"] for a in told["answers"] if not a["error"]) == ["h000", "h000", "leaf01", "leaf01"]
    text = CliRunner().invoke(app, args)
    assert "bad-1" in text.stdout


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "needs the columns"),
        ("host\nh1\n", "needs the columns"),
        ("host,platform\n", "names no host"),
        ("host,platform\nh1,dos\n", ":2: platform 'dos' is not known"),
        ("host,platform\nh1,eos\nh1,eos\n", ":3: h1 stands twice"),
        ("host,platform\n../etc,eos\n", "is no name of a device"),
        ("host,platform,port\nh1,eos,99999\n", "is no port"),
        ("host,platform,address\nh1,eos,-oProxyCommand=x\n", "does not begin"),
        ("host,platform,password\nh1,eos,secret\n", "passwords are not kept in files"),
    ],
)
def test_bad_lists_of_hosts(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "hosts.csv").write_text(text)
    with pytest.raises(InputFileError) as caught:
        read_hosts(tmp_path / "hosts.csv")
    assert words in str(caught.value)
    assert "secret" not in str(caught.value)


def test_commands_only_read() -> None:
    first = {"show", "lldpcli", "nv", "ibnetdiscover", "iblinkinfo", "sudo"}
    for commands in COMMANDS.values():
        for command in commands:
            words = command.split()
            assert words[0] in first
            assert not {"set", "configure", "clear", "delete", "write", "request", "reload"} & set(words)
            assert not any(c in command for c in ";&>`$")
