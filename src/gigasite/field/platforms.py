"""What is asked of each kind of device: commands that only read."""

from __future__ import annotations

COMMANDS: dict[str, tuple[str, ...]] = {
    "lldpd": ("lldpcli show neighbors details -f json0", "lldpcli show chassis details -f json0"),
    "sonic": ("show lldp table", "sudo sfputil show eeprom -d"),
    "cumulus": ("nv show interface --view=lldp-detail -o json",),
    "eos": ("show lldp neighbors detail | json", "show interfaces transceiver | json"),
    "nxos": ("show lldp neighbors detail | json", "show interface transceiver details | json"),
    "ios": ("show lldp neighbors detail", "show cdp neighbors detail"),
    "iosxr": ("show lldp neighbors detail",),
    "junos": (
        "show lldp neighbors | display json | no-more",
        "show interfaces diagnostics optics | display json | no-more",
    ),
    "infiniband": ("ibnetdiscover", "iblinkinfo -l"),
}
"""By platform. A reader of `cabling/readers` takes what each prints."""
