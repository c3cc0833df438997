"""What every rule of compatibility keeps: silent on the shipped campuses, loud on a joint that breaks it."""

from __future__ import annotations

import dataclasses

import pytest

from gigasite._core.finding import Severity
from gigasite.cabling import plan
from gigasite.cabling.rule import Joint, JointEnd, rules
from gigasite.campus import load, reference
from gigasite.campus.catalogue_file import builtin
from gigasite.design import design

CATALOGUE = builtin()


def end(device: str, module: str, *, share: int = 2, **change: object) -> JointEnd:
    switch = CATALOGUE.switches.get(device)
    made = CATALOGUE.modules[module] if module else None
    if made is not None and change:
        made = dataclasses.replace(made, **change)
    form = switch.cage if switch else "qsfp112"
    return JointEnd(device=device, switch=switch, form=form, share=share, module_name=module, module=made)


def joint(**change: object) -> Joint:
    good = {
        "where": "gpu fabric, tier 0",
        "part": "sr4-400g",
        "cable": CATALOGUE.cables["sr4-400g"],
        "fibre": CATALOGUE.fibres["mm-mpo12"],
        "a": end("hgx-h100-lc4u", "qsfp112-400g-sr4", share=1),
        "z": end("sn5600", "osfp-2x400g-sr8"),
        "count": 3,
        "longest_m": 50.0,
        "over_reach": 0,
        "off_list": 0,
        "mixed_cages": 0,
        "panels": 0,
    }
    return Joint(**(good | change))


def fibre(**change: object) -> object:
    return dataclasses.replace(CATALOGUE.fibres["mm-mpo12"], **change)


BAD = {
    "cage": joint(a=end("hgx-h100-lc4u", "osfp-400g-sr4", share=1)),
    "single-port": joint(z=end("sn5600", "osfp-400g-sr4")),
    "twin-alike": joint(mixed_cages=2),
    "polish": joint(fibre=fibre(connector="mpo12-upc")),
    "polarity": joint(fibre=fibre(polarity="A")),
    "top": joint(z=end("sn5600", "osfp-2x400g-sr8-flt")),
    "optics": joint(z=end("sn5600", "osfp-2x400g-dr8")),
    "lanes": joint(z=end("sn5600", "osfp-2x400g-sr8", lane_speed_bit_per_s=200e9)),
    "splitter": joint(fibre=fibre(split=2)),
    "reach": joint(longest_m=60.0, over_reach=3),
    "lengths": joint(off_list=1),
}


def test_every_rule_has_its_bad_example() -> None:
    assert set(BAD) == set(rules.names())


@pytest.mark.parametrize("name", rules.names())
def test_a_good_joint_passes_and_the_bad_one_is_told_with_limit_and_remedy(name: str) -> None:
    rule = rules[name]()
    assert rule.broken(joint()) == []
    assert rule.source
    found = rule.broken(BAD[name])
    assert found
    assert all(f.where and f.limit and f.found and f.remedy and f.severity >= Severity.warning for f in found)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("polarity", {"fibre": fibre(gender="male")}),
        ("optics", {"fibre": fibre(mode="single-mode")}),
        ("reach", {"panels": 3}),
        ("splitter", {"z": end("sn5600", "osfp-2x400g-sr8", share=4)}),
        ("top", {"a": end("hgx-h100-lc4u", "osfp-2x400g-sr8", share=1)}),
    ],
)
def test_other_ways_to_break_a_rule(name: str, change: dict[str, object]) -> None:
    assert rules[name]().broken(joint(**change))


@pytest.mark.parametrize("name", ["lab", "memphis"])
def test_the_shipped_campuses_break_no_rule(name: str) -> None:
    campus = load(reference(name))
    assert not [f for f in plan(campus, design(campus)).findings if f.severity == Severity.error]


def test_a_bad_part_of_a_campus_is_found_by_the_rules() -> None:
    campus = load(reference("lab"))
    parts = campus.catalogue
    crossed = dataclasses.replace(
        parts,
        fibres=parts.fibres | {"mm-mpo12": dataclasses.replace(parts.fibres["mm-mpo12"], polarity="A")},
        modules=parts.modules
        | {"qsfp112-400g-sr4": dataclasses.replace(parts.modules["qsfp112-400g-sr4"], optics="dr")},
    )
    found = plan(dataclasses.replace(campus, catalogue=crossed), design(campus)).findings
    words = " ".join(f.what for f in found if f.severity == Severity.error)
    assert "wrong lanes" in words
    assert "does not talk to" in words
