"""Identities in one spelling: MAC addresses, GUIDs, serial numbers, addresses; and what is none."""

from __future__ import annotations

import re
from functools import lru_cache
from ipaddress import ip_address

GUID, MAC, SERIAL, IP, NAME = "guid", "mac", "serial", "ip", "name"
RANK = {GUID: 0, MAC: 1, SERIAL: 2, IP: 3, NAME: 4, "": 5}
"""Names lie and addresses are handed out anew: the best identity of a device has the least rank."""

_MAC = re.compile(
    r"(?:[0-9a-f]{2}[:. -]){5}[0-9a-f]{2}|(?:[0-9a-f]{1,2}:){5}[0-9a-f]{1,2}|[0-9a-f]{4}([.:-])[0-9a-f]{4}\1[0-9a-f]{4}"
    r"|[0-9a-f]{6}[-:][0-9a-f]{6}|[0-9a-f]{12}",
    re.IGNORECASE,
)
_GUID = re.compile(r"0x[0-9a-f]{1,16}|[0-9a-f]{16}|(?:[0-9a-f]{4}:){3}[0-9a-f]{4}", re.IGNORECASE)
_NOT = re.compile(r"|not advertised|n/?a|none|null|unknown|-+|--|\(null\)", re.IGNORECASE)


def said(text: str) -> str:
    """Return the text, "" where a tool prints words for nothing.

    >>> said(" not advertised "), said("leaf01 ")
    ('', 'leaf01')
    """
    text = text.strip()
    return "" if len(text) < 16 and _NOT.fullmatch(text) else text


def guid(text: str) -> str:
    """Return a GUID as 16 digits: tools drop leading zeros. "" when it is none or all its digits are alike.

    >>> guid("8c0eb0300ddc0f6"), guid("0x0"), guid("S-00200007")
    ('08c0eb0300ddc0f6', '', '0000000000200007')
    """
    digits = text.strip().lower().removeprefix("0x").replace(":", "")
    if digits[:2] in {"s-", "h-", "r-"}:
        digits = digits[2:]
    if not 0 < len(digits) <= 16 or any(c not in "0123456789abcdef" for c in digits):
        return ""
    digits = digits.zfill(16)
    return "" if len(set(digits)) == 1 else digits


@lru_cache(maxsize=65536)
def identity(text: str, hint: str = "") -> tuple[str, str]:
    """Return kind and value of a chassis id; ("", "") for one that identifies nothing.

    Parameters
    ----------
    text
        As printed.
    hint
        What the tool calls it (`mac`, `MAC address`, `local`, ...), "" when it does not say.

    >>> identity("843D.C6FF.F1B8"), identity("00:00:00:00:00:00"), identity("10.9.1.1"), identity("2:a:b:c:d:e", "mac")
    (('mac', '84:3d:c6:ff:f1:b8'), ('', ''), ('ip', '10.9.1.1'), ('mac', '02:0a:0b:0c:0d:0e'))
    """
    text, hint = said(text).strip('"'), hint.lower()
    if not text:
        return "", ""
    if _MAC.fullmatch(text) and not ("name" in hint or "local" in hint):
        mac = _mac(text)
        return (MAC, mac) if len(set(mac.replace(":", ""))) > 1 else ("", "")
    if "guid" in hint or (
        _GUID.fullmatch(text) and "mac" not in hint and (text.startswith(("0x", "0X")) or len(text) >= 16)
    ):
        found = guid(text)
        return (GUID, found) if found else ("", "")
    try:
        address = ip_address(text.split("%", 1)[0])
    except ValueError:
        return (SERIAL if "serial" in hint else NAME), text
    # an address of the loopback or of nothing is the same on every box
    return ("", "") if address.is_loopback or address.is_unspecified else (IP, str(address))


def _mac(text: str) -> str:
    parts = re.split(r"[:. -]", text.lower())
    digits = "".join(p.zfill(2) for p in parts) if len(parts) == 6 else "".join(parts)
    return ":".join(digits[i : i + 2] for i in range(0, 12, 2))


def mac_of(text: str) -> str:
    """Return a MAC address in one spelling, "" when the text is none.

    >>> mac_of("a1b2c3-d4e5f6"), mac_of("Ethernet1")
    ('a1:b2:c3:d4:e5:f6', '')
    """
    return _mac(text) if _MAC.fullmatch(text.strip()) else ""
