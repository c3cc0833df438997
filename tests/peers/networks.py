"""Networks that tests generate, in the exchange format."""

from __future__ import annotations

from typing import Any

import numpy as np

from gigasite.cooling.network import KINDS, PIPE, PUMP, VALVE, Network


def as_json(net: Network) -> dict[str, Any]:
    """Return a network as the exchange format has it."""
    free = np.isnan(net.fixed_pa)
    nodes = [
        {"id": net.node_ids[i], "kind": "junction", "elevation_m": z, "demand_m3_per_s": net.demand_m3_per_s[i]}
        if free[i]
        else {"id": net.node_ids[i], "kind": "fixed", "elevation_m": z, "pressure_pa": net.fixed_pa[i]}
        for i, z in enumerate(net.elevation_m.tolist())
    ]
    out: dict[str, Any] = {
        "format": "gigasite-network/1",
        "name": net.name,
        "fluid": {
            "name": "fluid",
            "density_kg_per_m3": net.density_kg_per_m3,
            "dynamic_viscosity_pa_s": net.viscosity_pa_s,
        },
        "nodes": nodes,
    }
    keys = {
        PIPE: ("length_m", "diameter_m", "roughness_m", "loss_k"),
        VALVE: ("diameter_m", "loss_k"),
        PUMP: ("shutoff_pa", "drop_pa_s2_per_m6", "speed_frac"),
    }
    written = {"shutoff_pa": "dp_shutoff_pa", "drop_pa_s2_per_m6": "dp_drop_pa_s2_per_m6"}
    for kind, fields in keys.items():
        out[KINDS[kind] + "s"] = [
            {
                "id": net.link_ids[i],
                "from": net.node_ids[net.start[i]],
                "to": net.node_ids[net.end[i]],
                ("running" if kind == PUMP else "open"): bool(net.open_[i]),
            }
            | {written.get(f, f): float(getattr(net, f)[i]) for f in fields}
            for i in np.flatnonzero(net.kind == kind)
        ]
    return out


def headers(racks: int, seed: int = 1, *, reverse: bool = False) -> Network:
    """Return supply and return headers with rows of 20 racks of 85 kW and valves that differ by 25 %.

    The main is sized for 2.5 m/s over its length; with `reverse` the row that is first on the supply is last on the
    return.
    """
    rng = np.random.default_rng(seed)
    rows = -(-racks // 20)
    each = 85e3 / (1010.0 * 3970.0 * 10.0)
    names = ["vessel", "out", *[f"{s}{r}" for s in "ab" for r in range(rows)]]
    names += [f"{s}r{j}" for s in "ab" for j in range(racks)]
    a, b = 2 + np.arange(rows), 2 + rows + np.arange(rows)
    ra, rb = 2 + 2 * rows + np.arange(racks), 2 + 2 * rows + racks + np.arange(racks)
    left = racks * each * (1 - np.arange(rows) / rows)
    main = np.sqrt(4 * left / (np.pi * 2.5))
    first = np.arange(racks) % 20 == 0
    row = np.arange(racks) // 20
    before = np.where(first, a[row], np.r_[0, ra[:-1]])
    behind = np.where(first, b[row], np.r_[0, rb[:-1]])
    order = b[::-1] if reverse else b
    links = [
        (np.r_[1, a[:-1]], a, 2.4, main),
        (order, np.r_[0, order[:-1]], 2.4, main),
        (before, ra, 0.8, np.full(racks, 0.13)),
        (rb, behind, 0.8, np.full(racks, 0.13)),
    ]
    start = np.concatenate([x[0] for x in links])
    end = np.concatenate([x[1] for x in links])
    length = np.concatenate([np.full(len(x[0]), x[2]) for x in links])
    wide = np.concatenate([x[3] for x in links])
    pipes, total = len(start), racks * each
    m = pipes + racks + 2
    nodes = len(names)
    kind = np.r_[np.zeros(pipes), np.full(racks, VALVE), PUMP, PUMP].astype(np.int8)
    fill = np.zeros(racks + 2)
    return Network(
        name=f"headers {racks}",
        density_kg_per_m3=1009.91,
        viscosity_pa_s=1.35301e-3,
        node_ids=tuple(names),
        link_ids=tuple(f"l{i}" for i in range(m)),
        elevation_m=np.zeros(nodes),
        demand_m3_per_s=np.zeros(nodes),
        fixed_pa=np.r_[2e5, np.full(nodes - 1, np.nan)],
        kind=kind,
        start=np.r_[start, ra, 0, 0].astype(np.int64),
        end=np.r_[end, rb, 1, 1].astype(np.int64),
        length_m=np.r_[length, fill],
        diameter_m=np.r_[wide, np.full(racks, 0.0409), 0, 0],
        roughness_m=np.r_[np.full(pipes, 4.5e-5), fill],
        loss_k=np.r_[np.full(pipes, 0.3), 60.0 * rng.uniform(0.75, 1.25, racks), 0, 0],
        shutoff_pa=np.r_[np.zeros(pipes + racks), 6e5, 6e5],
        drop_pa_s2_per_m6=np.r_[np.zeros(pipes + racks), np.full(2, 2e5 / (total / 2) ** 2)],
        speed_frac=np.r_[np.ones(pipes + racks), 1.0, 0.97],
        open_=np.ones(m, bool),
    )
