"""Names of ports in one spelling: `Gi1/0/1` and `GigabitEthernet1/0/1` are one port."""

from __future__ import annotations

import re
from functools import lru_cache

# The abbreviations that switches print, longest first where one begins another. Cisco's own list is in its command
# references ("interface naming"); EOS prints Et, Ma and Po.
_LONG = {
    "fa": "FastEthernet",
    "gi": "GigabitEthernet",
    "gig": "GigabitEthernet",
    "ge": "GigabitEthernet",
    "tw": "TwoGigabitEthernet",
    "two": "TwoGigabitEthernet",
    "fi": "FiveGigabitEthernet",
    "te": "TenGigabitEthernet",
    "ten": "TenGigabitEthernet",
    "tengi": "TenGigabitEthernet",
    "tengig": "TenGigabitEthernet",
    "tengige": "TenGigabitEthernet",
    "twe": "TwentyFiveGigE",
    "fo": "FortyGigabitEthernet",
    "fortygige": "FortyGigabitEthernet",
    "fif": "FiftyGigE",
    "hu": "HundredGigE",
    "hundredgigabitethernet": "HundredGigE",
    "th": "TwoHundredGigE",
    "twohu": "TwoHundredGigE",
    "fh": "FourHundredGigE",
    "fou": "FourHundredGigE",
    "ei": "EightHundredGigE",
    "et": "Ethernet",
    "eth": "Ethernet",
    "ethernet": "Ethernet",
    "po": "Port-channel",
    "ma": "Management",
    "mg": "MgmtEth",
    "mgmteth": "MgmtEth",
    "se": "Serial",
    "vl": "Vlan",
    "lo": "Loopback",
    "tu": "Tunnel",
}
_SPLIT = re.compile(r"([A-Za-z][A-Za-z-]*)\s*(\d.*)")
_SLOT = re.compile(r"\d+(?:/\d+)+(?::\d+)?|\d+/\d+/\d+.*")


@lru_cache(maxsize=262144)
def port_name(text: str) -> str:
    """Return a port with its abbreviation written out, otherwise as it is.

    An abbreviation counts only before a slot (`1/0/1`) or, of Arista's, a number: `eth0` of a host and `et-0/0/1` of
    Junos stay.

    >>> [port_name(t) for t in ("Gi1/0/1", "Eth1/14", "Et5", "eth0", "swp1", "ge-0/0/1", "Gig 0/1", "mgmt0")]
    ['GigabitEthernet1/0/1', 'Ethernet1/14', 'Ethernet5', 'eth0', 'swp1', 'ge-0/0/1', 'GigabitEthernet0/1', 'mgmt0']
    """
    text = text.strip().strip('"')
    if text[:5] in {"mgmt:", "mgmt/"}:
        return "mgmt" + text[5:]
    found = _SPLIT.fullmatch(text)
    if found is None:
        return text
    word, number = found.groups()
    long = _LONG.get(word.lower())
    if long is None:
        return word + number if word.lower() in _WHOLE else text
    if "/" in number or word in {"Et", "Ma", "Po", "Gi", "Te", "Fa", "Hu", "Fo", "Tw"}:
        return long + number
    return text


_WHOLE = {v.lower() for v in _LONG.values()}


@lru_cache(maxsize=262144)
def port_key(text: str) -> str:
    """Return what two spellings of one port share; compared within one node only.

    >>> port_key("Gi1/0/1") == port_key("gigabitEthernet 1/0/1"), port_key("P7") == port_key("7")
    (True, True)
    >>> port_key("Ethernet1/1") == port_key("Eth1/1"), port_key("mlx5_0/1") == port_key("1")
    (True, False)
    """
    key = port_name(text).lower().replace(" ", "")
    if key[:1] == "p" and key[1:].isdigit():
        key = key[1:]
    return key.lstrip("0") or "0" if key.isdigit() else key


def looks_like_port(text: str) -> bool:
    """Say whether a text is a name of a port rather than a description, a MAC address or a number.

    >>> [looks_like_port(t) for t in ("Gi0/1", "swp1", "1/1", "uplink to core", "843d.c6ff.f1b8", "222")]
    [True, True, True, False, False, False]
    """
    text = text.strip()
    if not text or len(text) > 40 or text.isdigit():
        return False
    if _SLOT.fullmatch(text):
        return True
    return bool(re.fullmatch(r"[A-Za-z][A-Za-z_-]*\s?\d[\w./:+-]*", text)) and not re.fullmatch(
        r"[0-9a-fA-F]{4}[.:-].*|[0-9a-fA-F]{12}", text
    )
