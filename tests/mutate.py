"""Mutations of a campus file: the ways in which people (and editors) break one. Used by the fuzz tests."""

from __future__ import annotations

import random
import re

VALUES = [
    "",
    "null",
    "~",
    "true",
    "no",
    "0",
    "-1",
    "1e308",
    "1e-308",
    "99999999999999999999",
    "nan",
    ".inf",
    "-5 MW",
    "3 MW",
    "0 W",
    "150",
    "12 kg",
    "1 m",
    "400 Gb/s",
    "2 x 10 h",
    "9 x 24 h",
    "[]",
    "{}",
    "[1, 2",
    "{a: b}",
    "'",
    '"quoted"',
    "&a 1",
    "*a",
    "!!python/object:os.system x",
    "\t",
    "\x00",
    "é",
    "2024-13-45",
    "memphis",
    "hgx-h100-lc4u",
    "rail-optimized",
    "superpod-b200",
    "liquid-to-chiller",
    "droop",
    "none",
    "yes",
    "1.5",
    "2",
    "7",
    "33 %",
    "250 %",
    "-10 degC",
    "60 degC",
]


def mutate(text: str, rng: random.Random) -> str:
    """Return the text with one to three random mistakes."""
    for _ in range(rng.choice([1, 1, 1, 2, 3])):
        text = rng.choice(_WAYS)(text, rng)
    return text


def _value(text: str, rng: random.Random) -> str:
    """Put another value behind a key."""
    spots = list(re.finditer(r"(?<=: )[^,{}\[\]\n#]+", text))
    if not spots:
        return text
    spot = rng.choice(spots)
    return text[: spot.start()] + rng.choice(VALUES) + text[spot.end() :]


def _scale(text: str, rng: random.Random) -> str:
    """Change a number."""
    spots = list(re.finditer(r"\d+(\.\d+)?", text))
    if not spots:
        return text
    spot = rng.choice(spots)
    number = rng.choice(
        ["0", "1", "2", "17", "1000", "123456", "0.001", spot[0] + "0", spot[0] + "." + "5", "-" + spot[0]]
    )
    return text[: spot.start()] + number + text[spot.end() :]


def _line(text: str, rng: random.Random) -> str:
    """Drop, repeat, move or indent a line."""
    lines = text.split("\n")
    i = rng.randrange(len(lines))
    way = rng.randrange(4)
    if way == 0:
        del lines[i]
    elif way == 1:
        lines.insert(i, lines[i])
    elif way == 2:
        lines.insert(rng.randrange(len(lines)), lines.pop(i))
    else:
        lines[i] = rng.choice(["  ", " ", "\t", "- "]) + lines[i]
    return "\n".join(lines)


def _bytes(text: str, rng: random.Random) -> str:
    """Replace a few characters."""
    out = list(text)
    for _ in range(rng.randint(1, 4)):
        if out:
            out[rng.randrange(len(out))] = chr(
                rng.choice([0, 9, 10, 32, 35, 45, 58, 91, 93, 123, 125, 39, 34, 38, 42, 200, 0x2028])
            )
    return "".join(out)


def _cut(text: str, rng: random.Random) -> str:
    """Cut the file off."""
    return text[: rng.randrange(len(text) + 1)]


_WAYS = [_value, _value, _scale, _scale, _scale, _scale, _line, _bytes, _cut]
