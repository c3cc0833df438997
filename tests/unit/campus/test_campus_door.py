"""The campus file: reference campuses, every mistake with its place, bounds and origins complete."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import jsonschema
import pytest
import yaml

from gigasite._core.errors import CampusFileError
from gigasite._core.quantity import yaml_key
from gigasite.campus import json_schema, load, loads, reference
from gigasite.campus.bounds import BOUNDS, REFERENCES
from gigasite.campus.catalogue_file import KINDS, builtin
from gigasite.campus.checks import leaves, pattern
from gigasite.campus.schema import CampusFile
from gigasite.campus.sites import load_sites
from gigasite.campus.typed import adapter
from gigasite.plan.names import known

LAB = reference("lab").read_text()


def problems(text: str) -> list[tuple[int, int, str, str]]:
    with pytest.raises(CampusFileError) as caught:
        loads(text, "c.yaml", known())
    return [(p.line, p.column, p.key, p.message) for p in caught.value.problems]


@pytest.mark.parametrize("name", ["memphis", "next", "lab"])
def test_reference_campuses_load_and_fit_the_json_schema(name: str) -> None:
    campus = load(reference(name), known())
    assert campus.name == name
    # an editor reads YAML 1.1 here: `yes` and dates become other types than text
    data = yaml.safe_load(reference(name).read_text())
    data["start"] = str(data["start"])
    jsonschema.Draft202012Validator(json_schema()).validate(data)


def test_the_design_sample_has_the_story_in_it() -> None:
    campus = load(reference("memphis"))
    assert campus.compute.gpus == 100_000
    assert campus.schedule.first_step_gpus == 32_000
    assert [g.day for g in campus.power.grid] == [0, 132, 420]
    assert sum(g.count for g in campus.power.gensets if g.model == "recip-2.5mw") == 14


def test_all_mistakes_come_at_once_with_their_places() -> None:
    text = (
        LAB.replace("gpus: 512,", "gpus: 512, gpu: 3,")
        .replace("capacity: 0.3 MW", "capacity: 0.3")
        .replace("leaf: qm9700", "leaf: qm970")
        .replace("kind: ramp-limit", "kind: ramp-limt")
        .replace("model: recip-2.5mw", "model: recip-2.5w")
        .replace("mfu: 40 %", "mfu: 40 MW")
    )
    found = problems(text)
    keys = {key for _, _, key, _ in found}
    # names are judged only when the form is right, so that one cause gives one message
    assert {"compute.gpu", "power.grid[0].capacity", "training.mfu"} <= keys
    line = next(line for line, _, key, _ in found if key == "power.grid[0].capacity")
    assert "capacity: 0.3}" in text.splitlines()[line - 1]
    assert any("did you mean 'gpus'" in m for *_, m in found)
    fixed = text.replace("gpu: 3,", "").replace("capacity: 0.3}", "capacity: 0.3 MW}").replace("40 MW", "40 %")
    hints = " ".join(m for *_, m in problems(fixed))
    for name in ("qm9700", "ramp-limit", "recip-2.5mw"):
        assert f"did you mean '{name}'" in hints


def test_the_caret_points_at_the_value(tmp_path: Path) -> None:
    place = tmp_path / "c.yaml"
    place.write_text(LAB.replace("target_day: 70", "target_day: soon"))
    with pytest.raises(CampusFileError) as caught:
        load(place)
    shown = str(caught.value).splitlines()
    assert shown[0].startswith(f"{place}:")
    assert shown[1].strip() == "target_day: soon"
    assert shown[2].index("^") == shown[1].index("target_day")


@pytest.mark.parametrize(
    ("text", "needle"),
    [
        ("", "is empty"),
        ("- a\n- b", "is empty or not a campus"),
        ("a: [1, 2", "not YAML"),
        ("a: &x 1\nb: *x", "alias"),
        ("campus: a\ncampus: b", "given twice"),
        ("a: 1\n---\nb: 2", "second document"),
        ("? [1]\n: 2", "plain word"),
        ("[" * 5000, "too large or nested"),
        ("a: " + "x" * 10, "is missing"),
        ("\x00", "not YAML"),
        ("a:\t- b", ""),
        ("!!python/object:os.system x", "is empty or not a campus"),
    ],
)
def test_broken_files_say_why(text: str, needle: str) -> None:
    assert any(needle in m for *_, m in problems(text))


def test_a_binary_a_folder_an_absent_and_a_huge_file_are_campus_errors(tmp_path: Path) -> None:
    (tmp_path / "b.yaml").write_bytes(bytes(range(256)))
    (tmp_path / "huge.yaml").write_bytes(b"# " + b"x" * (5 * 1024**2))
    for name, needle in (
        ("b.yaml", "not UTF-8"),
        (".", "cannot be read"),
        ("none.yaml", "No such file"),
        ("huge.yaml", "is larger than"),
    ):
        with pytest.raises(CampusFileError, match=needle):
            load(tmp_path / name)


@pytest.mark.parametrize("change", [lambda t: "\ufeff" + t, lambda t: t.replace("\n", "\r\n")])
def test_byte_order_mark_and_crlf_are_fine(tmp_path: Path, change: object) -> None:
    place = tmp_path / "c.yaml"
    place.write_bytes(change(LAB).encode())  # type: ignore[operator]
    assert load(place).compute.gpus == 512


def test_every_number_of_the_campus_has_bounds() -> None:
    missing = set()
    for name in ("memphis", "next", "lab"):
        file = adapter(CampusFile).validate_python(yaml_data(name))
        for path, _, value in leaves(file):
            if isinstance(value, int | float) and not isinstance(value, bool) and pattern(path) not in BOUNDS:
                missing.add(pattern(path))
    assert not missing
    text_keys = set(REFERENCES) & set(BOUNDS)
    assert not text_keys


def yaml_data(name: str) -> object:
    from gigasite.campus.nodes import read  # only here

    return read(reference(name).read_text(), name).data


def test_every_number_of_the_catalogue_has_an_origin() -> None:
    catalogue = builtin()
    missing = []
    for kind in KINDS:
        table = getattr(catalogue, kind)
        assert table, f"{kind} is empty"
        for name, part in table.items():
            for f in dataclasses.fields(part):
                value = getattr(part, f.name)
                default = f.default is not dataclasses.MISSING and value == f.default
                if not default and f"{kind}.{name}.{yaml_key(f.name)}" not in catalogue.origins:
                    missing.append(f"{kind}.{name}.{f.name}")
    assert not missing
    assert {o.trust for o in catalogue.origins.values()} == {"published", "derived", "estimate"}


def test_every_rate_and_price_is_ordered_and_every_item_can_be_ordered() -> None:
    catalogue = builtin()
    for table in (catalogue.rates, catalogue.prices):
        assert all(x.low <= x.likely <= x.high for x in table.values())
    for lead in catalogue.lead_times.values():
        assert 0 < lead.low_s <= lead.likely_s <= lead.high_s
        assert f"{lead.item}-order" in catalogue.lead_times
    assert all(r.crew == "none" or r.crew in catalogue.crews for r in catalogue.rates.values())


def test_own_parts_replace_and_add_catalogue_entries() -> None:
    own = """
parts:
  batteries:
    my-battery: {title: Mine, source: data sheet 7, as_of: 2026-01-01, trust: published, rating: 2 MW, energy: 4 MWh, round_trip: 90 %, response: 20 ms, latency: 20 ms, weight: 30 t, price: 1 MUSD}
"""
    campus = loads(LAB.replace("model: megapack-2xl,", "model: my-battery,") + own)
    assert campus.catalogue.batteries["my-battery"].rating_w == 2e6
    assert campus.catalogue.origins["batteries.my-battery.rating"].source == "data sheet 7"
    wrong = problems(LAB + own.replace("trust: published, ", ""))
    assert any("trust" in key for _, _, key, _ in wrong)


def test_sites_load_and_their_mistakes_are_placed(tmp_path: Path, campuses: Path) -> None:
    base, sites = load_sites(campuses / "sites.yaml")
    assert base.name == "memphis"
    assert len(sites) >= 5
    bad = (
        (campuses / "sites.yaml")
        .read_text()
        .replace("latitude: 35.06", "latitude: 350.6")
        .replace("campus: memphis.yaml", f"campus: {campuses / 'memphis.yaml'}")
    )
    (tmp_path / "s.yaml").write_text(bad)
    with pytest.raises(CampusFileError, match=r"sites\[0\].latitude: must lie between"):
        load_sites(tmp_path / "s.yaml")


OWN = "parts: {heat_rejection: {mine: {title: x, source: y, as_of: 2026-01-01, trust: estimate, kind: dry-cooler, capacity: %s, approach: 9 K, fan: 2 %%, carnot: 0 %%, water: 0 %%, pump: 1 %%, price: 1 kUSD, precool: 80 %%, air_rise: %s}}}\n"
PIPE = "parts: {pipes: {mine: {title: x, source: y, as_of: 2026-01-01, trust: estimate, nominal: 50, outer: 60 mm, wall: %s, roughness: 0.05 mm, velocity: %s, support: 3 m, price: 9 USD/m}}}\n"


@pytest.mark.parametrize(
    ("cooling", "own", "needle"),
    [
        ("{dry_cooler: mine}", OWN % ("0 MW", "10 K"), "capacity"),
        ("{dry_cooler: mine}", OWN % ("1 MW", "0 K"), "air_rise"),
        ("{dry_cooler: tower-cell}", "", "is a tower; a dry-cooler is wanted"),
        ("{chiller: dry-cooler}", "", "is a dry-cooler; a chiller is wanted"),
        ("{scheme: liquid-to-adiabatic}", "", "has no pads"),
        ("{}", PIPE % ("30 mm", "2 m/s"), "has no bore"),
        ("{}", PIPE % ("3 mm", "0 m/s"), "velocity"),
    ],
)
def test_units_in_the_wrong_place_and_parts_that_cannot_be_are_named(cooling: str, own: str, needle: str) -> None:
    text = re.sub(r"(?m)^cooling: .*$", f"cooling: {cooling}", LAB) + own
    found = problems(text)
    assert any(needle in f"{key} {message}" for _, _, key, message in found), found
