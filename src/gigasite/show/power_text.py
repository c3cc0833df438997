"""Results of the swing bench as rows of a terminal's table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gigasite.show.power_words import value, words

if TYPE_CHECKING:
    from gigasite.power.size import Sizing
    from gigasite.power.types import Swing

# column of a sweep: its name in words, the scale of its unit, the unit
SHOWN = {
    "nadir_hz": ("lowest frequency", 1.0, "Hz"),
    "peak_hz": ("highest frequency", 1.0, "Hz"),
    "peak_to_peak_hz": ("width of the frequency", 1.0, "Hz"),
    "rocof_hz_per_s": ("rate of change", 1.0, "Hz/s"),
    "battery_power_w": ("battery power", 1e6, "MW"),
    "battery_energy_j": ("battery energy used", 3.6e6, "kWh"),
}


def swing_rows(swing: Swing) -> list[tuple[str, object]]:
    """Return the figures of a run."""
    rows: list[tuple[str, object]] = [
        ("plant", f"{'island' if swing.islanded else 'beside the grid'}, {swing.level} level"),
        ("controller", swing.controller),
        *([("stopped", f"at {swing.stopped_s:.3f} s: {swing.stopped}; figures up to then")] if swing.stopped else []),
        (
            "frequency",
            f"{swing.nadir_hz:.3f} to {swing.peak_hz:.3f} Hz, {swing.rocof_hz_per_s:.2f} Hz/s",
        ),
    ]
    if swing.voltage_pu is not None:
        rows.append(("voltage", f"{swing.voltage_pu.min():.4f} to {swing.voltage_pu.max():.4f} pu"))
    charge = f"{swing.soc_frac.min():.1%} to {swing.soc_frac.max():.1%}"
    rows += [
        (
            "source ramp over 1 s",
            f"{swing.ramp_up_w_per_s * 60 / 1e6:,.0f} up, {swing.ramp_down_w_per_s * 60 / 1e6:,.0f} down MW/min",
        ),
        ("battery", f"{value('_w', swing.battery_peak_w)}, {value('_j', swing.battery_used_j)} used, charge {charge}"),
        *[(words(key), value(key, x)) for key, x in swing.figures.items()],
    ]
    return rows


def sweep_rows(table: Any, failed: int, broken: int) -> list[tuple[str, object]]:
    """Return the counts, why runs failed, and the spread of the main figures."""
    rows: list[tuple[str, object]] = [("runs", table.height), ("with a broken limit", broken)]
    if failed:
        rows.append(("could not be run", failed))
        reasons = (
            table.filter(table["error"] != "").group_by("error").len().sort("len", "error", descending=[True, False])
        )
        rows += [("", f"{count} x {text}") for text, count in reasons.head(5).rows()]
    for name, (title, scale, unit) in SHOWN.items():
        values = table[name].drop_nulls()
        if len(values):
            p10, p50, p90 = (float(values.quantile(q) or 0.0) / scale for q in (0.1, 0.5, 0.9))
            rows.append((title, f"P10 {p10:,.5g}, P50 {p50:,.5g}, P90 {p90:,.5g} {unit}"))
    return rows


def size_rows(made: Sizing) -> list[tuple[str, object]]:
    """Return the comparison as aligned columns: power, energy, both over the bound's, limits."""
    rows: list[tuple[str, object]] = [("", f"{'power':>10}  {'energy':>12}  over the bound")]
    for name, b in (("bound", made.bound), ("bound, closed", made.closed)):
        if b is not None:
            binds = f"set by {', '.join(b.binding)}" if b.binding else ""
            rows.append(
                (name, f"{b.power_w / 1e6:>7,.1f} MW  {b.energy_j / 3.6e6:>8,.1f} kWh  {'':14}  {binds}".rstrip())
            )
    for r in made.rows:
        ratios = "".join("      -" if x is None else f"{x:7.2f}" for x in (r.power_ratio, r.energy_ratio))
        verdict = "holds all limits" if r.holds else f"breaks {len(r.broken)}"
        name = r.kind if r.ends == "free" else f"{r.kind}, closed"
        rows.append((name, f"{r.power_w / 1e6:>7,.1f} MW  {r.energy_j / 3.6e6:>8,.1f} kWh  {ratios}  {verdict}"))
    broken = sorted({b for r in made.rows for b in r.broken})
    rows += [
        ("broken", f"{text} ({', '.join(sorted({r.kind for r in made.rows if text in r.broken}))})") for text in broken
    ]
    if made.closed is not None:
        rows.append(("closed", "the battery ends as full as it began"))
    for name, (p, e) in zip(["front"] + [""] * len(made.front), made.front, strict=False):
        rows.append((name, f"{p / 1e6:>7,.1f} MW  {e / 3.6e6:>8,.1f} kWh"))
    return rows
