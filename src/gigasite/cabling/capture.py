"""Captures as they come: folders, archives, encodings, terminal codes, pagers, and logs of several commands."""

from __future__ import annotations

import io
import re
import tarfile
import zipfile
import zlib
from dataclasses import dataclass
from gzip import BadGzipFile
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from gigasite._core.errors import InputFileError
from gigasite._core.files import read_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_BYTES = 512 * 1024**2
"""Of one file, unpacked."""
MOST_ALL_BYTES = 8 * 1024**3
"""Of one archive, unpacked: what unpacks to more is no capture."""
MOST_DEPTH = 4
"""Archives within archives."""
MOST_LINE = 65536
"""Characters of a line of text; the reader of JSON and XML gets lines whole."""
LEFT_OUT = frozenset({"plan.csv", "truth.json", "actual.csv"})

_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_=>])|\x1b")
_PAGER = re.compile(
    r"\s*(?:-{1,4} ?\(?\s?more(?: ?\d+%)?\s?\)? ?-{1,4}|<-+ ?more ?-+>|-- more --, next page:[^\n]*|"
    r"press any key to continue[^\n]*|lines \d+-\d+(?:/\d+)?(?: \(END\))?)[ \r\x08]*",
    re.IGNORECASE,
)
_COMMAND = (
    r"(?:sho?w?|display|disp|diagnose|lldp|lldpcli|lldpctl|nv|net|sudo|docker|ethtool|mlxlink|iblinkinfo|ibnetdiscover|"
    r"ibdiagnet|perfquery|ibswinfo|cat|sfputil|intfutil|get|exit|quit|terminal|screen-length)\b[^\n]*"
)
_PROMPT = re.compile(
    r"(?:RP/\d+/\w+/CPU\d+:)?(?:\{[\w:-]+\}\s?)?(?:\[[^\]\n]{0,80}\]\s?)?"  # IOS-XR, Junos, decorations
    r"(?:[\w.-]+@)?(?P<host>[A-Za-z0-9][\w.-]*)?"  # user@host
    r"(?:[(:][^\n#>$]{0,80}?)?\s?(?P<mark>[#>$%]|->|\])\s?(?P<command>" + _COMMAND + ")"
)
_BARE = re.compile(r"(?:show|display|lldpcli show|nv show|net show|lldp show|diagnose) [\w ./|*-]+")
_HUAWEI = re.compile(r"[<\[][~*]?(?P<host>[\w.-]+)[>\]]\s?(?P<command>" + _COMMAND + ")")
_TITLE = re.compile(
    r"(?:-{4,}|={4,}|#{3,}|\*{4,})\s*[`'\"]?(?P<command>"
    + _COMMAND
    + r"?)[`'\"]?\s*(?:-{4,}|={4,}|#{3,}|\*{4,})|`(?P<quoted>"
    + _COMMAND
    + ")`"
)
_NAME_TAIL = re.compile(
    r"(?:^|[-_. ])(?:show|sh|display|lldp(?:cli|ctl|-neighbors?)?|cdp|nv|net|neighbou?rs?|output|dump|capture|"
    r"iblinkinfo|ibnetdiscover|ethtool|mlxlink|transceivers?|optics|tech[-_ ]?support)(?:[-_. ].*)?$",
    re.IGNORECASE,
)
_IP = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Raw:
    """One file's bytes, from a folder or an archive; `trouble` says why there are none."""

    file: str
    data: bytes = b""
    trouble: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dump:
    """The output of one command: its text, and what is known of where it comes from.

    Parameters
    ----------
    file
        As found, with the members of archives behind it.
    text
        Without terminal codes and pagers; lines end in a line feed.
    node
        Device that answered: by its prompt, else by the file's name.
    command
        As typed; "" when unknown.
    numbers
        Line of the file for each line of the text, and one more.
    named
        The node's name comes from a prompt, not from a file's name.
    """

    file: str
    text: str
    node: str
    command: str = ""
    numbers: tuple[int, ...] | range = range(1, 1 << 31)
    named: bool = False

    def at(self, index: int) -> int:
        """Return the line of the file, from 1, of a line of the text, from 0."""
        return self.numbers[index] if 0 <= index < len(self.numbers) else 0

    def lines(self) -> list[str]:
        """Return the lines of the text."""
        return self.text.split("\n")


def files(place: str | Path) -> Iterator[Raw]:
    """Yield every file of a place, those within archives included; nothing is written anywhere.

    Raises
    ------
    InputFileError
        The place does not exist or may not be read.
    """
    root = Path(place)
    try:
        if root.is_dir():
            found = sorted(p for p in root.rglob("*") if p.is_file() and p.name not in LEFT_OUT)
        elif root.exists():
            found = [root]
        else:
            raise InputFileError(str(root), 0, "does not exist")
    except OSError as error:
        raise InputFileError(str(root), 0, f"cannot be read: {error.strerror}") from error
    if not found:
        raise InputFileError(str(root), 0, "holds no file; give a dump, an archive or a folder of dumps")
    for path in found:
        name = str(path.relative_to(root)) if root.is_dir() else path.name
        try:
            data = read_bytes(path, MOST_BYTES)
        except InputFileError as error:
            if not root.is_dir():
                raise
            yield Raw(file=name, trouble=str(error).split(": ", 1)[-1])
            continue
        yield from unpacked(name, data)


def unpacked(name: str, data: bytes, depth: int = 0, budget: list[int] | None = None) -> Iterator[Raw]:
    """Yield the file, or what is in it when it is an archive."""
    room = budget if budget is not None else [MOST_ALL_BYTES]
    kind = _kind(name, data)
    if kind is None:
        yield Raw(file=name, data=data)
        return
    if depth >= MOST_DEPTH:
        yield Raw(file=name, trouble=f"is an archive more than {MOST_DEPTH} archives deep")
        return
    try:
        members = {"gzip": _gunzip, "zip": _unzip, "tar": _untar}[kind](name, data, room)
        for member, inside in members:
            if isinstance(inside, str):
                yield Raw(file=member, trouble=inside)
            elif PurePosixPath(member).name not in LEFT_OUT:
                yield from unpacked(member, inside, depth + 1, room)
    except (
        OSError,
        EOFError,
        zlib.error,
        BadGzipFile,
        zipfile.BadZipFile,
        tarfile.TarError,
        RuntimeError,
        NotImplementedError,
        ValueError,
        KeyError,
        OverflowError,
        MemoryError,
    ) as error:
        # what the three libraries raise on broken archives, encrypted and unknown methods
        yield Raw(file=name, trouble=f"is a broken {kind} archive: {str(error)[:80]}")


def _kind(name: str, data: bytes) -> str | None:
    if data[:2] == b"\x1f\x8b":
        return "gzip"
    if data[:4] in {b"PK\x03\x04", b"PK\x05\x06"}:
        return "zip"
    return "tar" if data[257:262] == b"ustar" or (name.endswith(".tar") and len(data) >= 512) else None


def _bounded(stream: Any, room: list[int]) -> bytes | str:
    most = min(MOST_BYTES, room[0])
    data: bytes = stream.read(most + 1)
    room[0] -= min(len(data), most)
    return data if len(data) <= most else f"unpacks to more than {most / 1e6:,.0f} MB; left out"


def _gunzip(name: str, data: bytes, room: list[int]) -> Iterator[tuple[str, bytes | str]]:
    maker = zlib.decompressobj(wbits=31)
    most = min(MOST_BYTES, room[0])
    out = bytearray()
    rest = data
    while rest and len(out) <= most:
        out += maker.decompress(rest, most + 1 - len(out))
        if maker.eof:  # gzip files may be joined
            rest, maker = maker.unused_data, zlib.decompressobj(wbits=31)
            if rest[:2] != b"\x1f\x8b":
                break
        elif not maker.unconsumed_tail:
            break
        else:
            rest = maker.unconsumed_tail
    room[0] -= min(len(out), most)
    member = re.sub(r"\.tgz$", ".tar", name.removesuffix(".gz"))
    yield member, bytes(out) if len(out) <= most else f"unpacks to more than {most / 1e6:,.0f} MB; left out"


def _unzip(name: str, data: bytes, room: list[int]) -> Iterator[tuple[str, bytes | str]]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for info in sorted(archive.infolist(), key=lambda i: i.filename):
            if info.is_dir():
                continue
            try:
                with archive.open(info) as stream:
                    yield f"{name}/{info.filename}", _bounded(stream, room)
            except (OSError, EOFError, zlib.error, zipfile.BadZipFile, RuntimeError, NotImplementedError) as error:
                yield f"{name}/{info.filename}", f"is broken: {str(error)[:80]}"


def _untar(name: str, data: bytes, room: list[int]) -> Iterator[tuple[str, bytes | str]]:
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as archive:
        for info in archive:
            stream = archive.extractfile(info) if info.isfile() else None
            if stream is not None:
                yield f"{name}/{info.name}", _bounded(stream, room)


def decoded(data: bytes) -> tuple[str, str]:
    """Return the text and what is odd about its encoding, "" for UTF-8.

    Logs that Windows terminals wrote are UTF-16; a byte that is no UTF-8 becomes the replacement character.
    """
    for mark, name in ((b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")):
        if data.startswith(mark):
            return data[2:].decode(name, errors="replace"), ""
    head = data[:4096]
    if len(head) >= 8 and head[1::2].count(0) > 0.4 * len(head[1::2]) and head[::2].count(0) < 0.1 * len(head):
        return data.decode("utf-16-le", errors="replace"), ""
    try:
        return data.decode("utf-8-sig"), ""
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        return data.decode("utf-8-sig", errors="replace"), f"{line}: byte 0x{data[error.start]:02x} is not UTF-8"


def cleaned(text: str) -> tuple[str, tuple[int, ...] | range, list[int]]:
    """Return the text without terminal codes and pagers, the line of the file of each line, and lines that were cut."""
    if "\x1b" in text:
        text = _ANSI.sub("", text)
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r\r\n", "\n")
    if "\x00" in text:
        text = text.replace("\x00", "")
    plain = "\x08" not in text and "\r" not in text and not _more(text)
    structured = text[:200].lstrip()[:1] in {"{", "[", "<"}
    if plain and (structured or len(text) <= MOST_LINE):
        return text, range(1, text.count("\n") + 2), []
    kept: list[str] = []
    numbers: list[int] = []
    cut: list[int] = []
    for number, line in enumerate(text.split("\n"), start=1):
        clean = line if plain else _without_pager(line)
        if clean is None:
            continue
        if len(clean) > MOST_LINE and not structured:
            cut.append(number)
            clean = clean[:MOST_LINE]
        kept.append(clean)
        numbers.append(number)
    return "\n".join(kept), tuple(numbers), cut


def _more(text: str) -> bool:
    low = text.lower() if len(text) < 1 << 20 else text
    return "more" in low or "press any key" in low or "(END)" in text or "(end)" in low


def _without_pager(line: str) -> str | None:
    """Return what a terminal would show of a line; None for a line that is a pager alone."""
    had = _PAGER.match(line[:400])
    if had and not had[0].strip(" \r\x08"):
        had = None
    rest = line[had.end() :] if had else line
    if "\x08" in rest:
        rest = re.sub(r"^[\x08 ]*\x08", "", rest)
        rest = rest.replace("\x08", "")
    rest = rest.rsplit("\r", 1)[-1] if "\r" in rest.rstrip("\r") else rest.rstrip("\r")
    return None if had and not rest.strip() else rest


def dumps(raw: Raw) -> tuple[list[Dump], list[tuple[int, str]]]:
    """Return the outputs of commands in one file, and what is odd about it as (line, words)."""
    text, odd = decoded(raw.data)
    told: list[tuple[int, str]] = []
    if odd:
        line, _, words = odd.partition(": ")
        told.append((int(line), words))
    text, numbers, cut = cleaned(text)
    told += [(n, f"is longer than {MOST_LINE:,} characters; cut there") for n in cut[:20]]
    node, folder = node_of(raw.file)
    parts = _sections(text)
    if not parts:
        return [Dump(file=raw.file, text=text, node=node or folder, numbers=numbers)], told
    lines = text.split("\n")
    out = []
    host = ""
    for (at, name, command), end in zip(parts, [p[0] - 1 for p in parts[1:]] + [len(lines)], strict=True):
        host = name or host
        body = "\n".join(lines[at:end])
        if body.strip():
            chosen = host or node or folder
            out.append(
                Dump(file=raw.file, text=body, node=chosen, command=command, numbers=numbers[at:], named=bool(host))
            )
    first = "\n".join(lines[: parts[0][0] - 1])
    if len(first.strip()) > 80:
        out.insert(
            0,
            Dump(
                file=raw.file, text=first, node=parts[0][1] or node or folder, numbers=numbers, named=bool(parts[0][1])
            ),
        )
    return out, told


def _sections(text: str) -> list[tuple[int, str, str]]:
    """Return (first line after it, host, command) of each prompt with a command and of each title of a section."""
    head = text.lstrip()[:200].split("\n", 1)[0]
    if head[:1] in {"{", "["} and not _HUAWEI.match(head) and not _PROMPT.match(head):
        return []
    out = []
    lines = text.split("\n")
    first = next((i for i, line in enumerate(lines[:20]) if line.strip()), 0)
    if bare := _BARE.fullmatch(lines[first].strip()[:200]):
        out.append((first + 1, "", bare[0]))  # the echo of a command whose prompt was cut off
    for index, line in enumerate(lines):
        if len(line) > 300 or not (
            "#" in line
            or ">" in line
            or "$" in line
            or "%" in line
            or "--" in line
            or "==" in line
            or "`" in line
            or "]" in line
            or "**" in line
        ):
            continue
        stripped = line.strip()
        found = _HUAWEI.match(stripped) or _PROMPT.match(stripped)
        if found:
            host = found["host"] or ""
            out.append((index + 1, host, found["command"].strip()))
        elif title := _TITLE.fullmatch(stripped):
            out.append((index + 1, "", (title["command"] or title["quoted"]).strip(" -=`")))
    return out


def node_of(file: str) -> tuple[str, str]:
    """Return the node that a file's name announces, and that of its folder.

    >>> node_of("leaf01.json0.txt"), node_of("x/leaf02/show_lldp_neighbors.txt"), node_of("10.1.2.3.txt")
    (('leaf01', ''), ('', 'leaf02'), ('10.1.2.3', ''))
    """
    path = PurePosixPath(file.replace("\\", "/"))
    name = path.name
    address = _IP.match(name)
    stem = address[0] if address else name.split(".", 1)[0]
    stem = _NAME_TAIL.sub("", stem).strip("-_ ")
    folder = path.parent.name
    if not stem and not folder:
        stem = name.split(".", 1)[0]
    return stem, re.sub(r"\.(?:zip|tar|tgz|gz|tar\.gz)$", "", folder)
