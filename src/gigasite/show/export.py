"""A plan into a folder: report, JSON, tables. Written beside, then renamed: never half a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from gigasite._core.files import folder_beside
from gigasite.cabling import pull_sheet
from gigasite.cabling.store import write_columns
from gigasite.show.report import report
from gigasite.show.result import dumps, plan_json

if TYPE_CHECKING:
    from pathlib import Path

    from gigasite.cabling.types import CablePlan
    from gigasite.design.types import Design
    from gigasite.plan.types import Plan

CHUNK = 500_000  # rows of the pull sheet that are named at a time: names of 4 million cables would fill memory


def export(plan: Plan, out: Path) -> dict[str, object]:
    """Write everything into `out` and return the JSON object.

    Files: report.html, plan.json, bom.csv, racks.csv, activities.csv, ramp_up.csv, findings.csv, cables.csv (pull
    sheet), cables.parquet with its dictionaries devices.parquet and parts.parquet, segments.csv (trays), modules.csv,
    swing.csv, cooling.csv, and mismatches.csv where cabling was observed.

    Raises
    ------
    OutputError
        The folder cannot be written.
    """
    result = plan_json(plan)
    with folder_beside(out) as folder:
        _tables(plan, folder)
        cable_files(plan.design, plan.cables, folder)
        (folder / "plan.json").write_text(dumps(result, 1) + "\n", encoding="utf-8")
        (folder / "report.html").write_text(report(plan, result), encoding="utf-8")
    return result


def bill(plan: Plan) -> pl.DataFrame:
    """Return parts and cables as one bill of materials."""
    return pl.concat([plan.design.bom, plan.cables.bom])


def _tables(plan: Plan, folder: Path) -> None:
    bill(plan).write_csv(folder / "bom.csv")
    plan.design.racks.write_csv(folder / "racks.csv")
    plan.schedule.activities.write_csv(folder / "activities.csv")
    ramp = [(s.day, s.gpus, s.held_by) for s in plan.ramp_up]
    pl.DataFrame(ramp, schema={"day": pl.Float64, "gpus": pl.Int64, "held_by": pl.String}, orient="row").write_csv(
        folder / "ramp_up.csv"
    )
    names = ["severity", "chapter", "where", "what", "limit", "found", "remedy"]
    rows = [f.to_json() for f in plan.findings]
    pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String)).write_csv(folder / "findings.csv")
    s, c = plan.swing, plan.cooling
    every = max(1, round(0.05 / s.dt_s))  # 20 rows a second: pictures and spreadsheets; key figures come from all
    pl.DataFrame(
        {
            "t_s": pl.Series(range(0, len(s.load_w), every)).cast(pl.Float64) * s.dt_s,
            "load_w": s.load_w[::every],
            "source_w": s.source_w[::every],
            "battery_w": s.battery_w[::every],
            "frequency_hz": s.frequency_hz[::every],
            "soc_frac": s.soc_frac[::every],
        }
    ).write_csv(folder / "swing.csv", float_precision=6)
    pl.DataFrame(
        {
            "hour": range(len(c.it_w)),
            "dry_bulb_degc": c.weather.dry_bulb_degc,
            "wet_bulb_degc": c.weather.wet_bulb_degc,
            "supply_degc": c.supply_degc,
            "it_w": c.it_w,
            "fan_w": c.fan_w,
            "pump_w": c.pump_w,
            "chiller_w": c.chiller_w,
            "water_m3_per_s": c.water_m3_per_s,
        }
    ).write_csv(folder / "cooling.csv", float_precision=6)
    if plan.observed is not None:
        plan.observed.mismatches.write_csv(folder / "mismatches.csv")


def cable_files(design: Design, cables: CablePlan, folder: Path) -> None:
    """Write the cable plan: cables.csv with names, columns with integer ports, segments of tray, modules."""
    write_columns(design, cables, folder)
    cables.segments.write_csv(folder / "segments.csv", float_precision=6)
    cables.modules.write_csv(folder / "modules.csv", float_precision=3)
    with (folder / "cables.csv").open("wb") as file:
        for first in range(0, cables.count, CHUNK):
            pull_sheet(design, cables, first, CHUNK).write_csv(file, include_header=first == 0)
