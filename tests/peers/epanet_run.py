"""Run by the interpreter that has WNTR: a network in the exchange format, solved by EPANET 2.2, back in SI as JSON.

EPANET computes with g = 32.2 ft/s2 and viscosity relative to 1.1e-5 ft2/s: heads are converted with that g, so that
the comparison is of solvers and not of constants. Usage: python epanet_run.py NETWORK.json OUT.json
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import wntr

GRAVITY = 32.2 * 0.3048
VISCOSITY = 1.1e-5 * 0.3048**2
OURS = 9.80665


def network(data: dict[str, Any]) -> Any:
    """Return a WNTR network."""
    rho = data["fluid"]["density_kg_per_m3"]
    wn = wntr.network.WaterNetworkModel()
    h = wn.options.hydraulic
    h.headloss, h.viscosity = "D-W", data["fluid"]["dynamic_viscosity_pa_s"] / rho / VISCOSITY
    h.accuracy, h.trials, h.inpfile_units = 1e-8, 500, "CMH"
    wn.options.time.duration = 0
    for n in data["nodes"]:
        z = n["elevation_m"] * OURS / GRAVITY
        if n["kind"] == "fixed":
            wn.add_reservoir(n["id"], base_head=z + n["pressure_pa"] / (rho * GRAVITY))
        else:
            wn.add_junction(n["id"], base_demand=n.get("demand_m3_per_s", 0.0), elevation=z)
    for p in data["pipes"]:
        if p.get("open", True):
            wn.add_pipe(
                p["id"], p["from"], p["to"], p["length_m"], p["diameter_m"], p["roughness_m"], p.get("loss_k", 0.0)
            )
    for v in data["valves"]:
        if v.get("open", True):
            wn.add_valve(v["id"], v["from"], v["to"], v["diameter_m"], "TCV", 0.0, v["loss_k"])
    for i, p in enumerate(data["pumps"]):
        if p.get("running", True):
            shut, drop = p["dp_shutoff_pa"], p["dp_drop_pa_s2_per_m6"]
            most = (shut / drop) ** 0.5
            points = [(q, (shut - drop * q * q) / (rho * GRAVITY)) for q in (0.0, 0.4 * most, 0.8 * most)]
            wn.add_curve(f"c{i}", "HEAD", points)
            wn.add_pump(p["id"], p["from"], p["to"], "HEAD", f"c{i}", speed=p.get("speed_frac", 1.0))
    return wn


def main(path: str, out: str) -> None:
    """Solve and write flows and pressures."""
    data = json.loads(Path(path).read_text(encoding="utf-8"))
    rho = data["fluid"]["density_kg_per_m3"]
    wn = network(data)
    begin = time.process_time()
    result = wntr.sim.EpanetSimulator(wn).run_sim(file_prefix=out + ".epanet")
    seconds = time.process_time() - begin
    head, flow = result.node["head"].iloc[0], result.link["flowrate"].iloc[0]
    z = {n["id"]: n["elevation_m"] * OURS / GRAVITY for n in data["nodes"]}
    answer = {
        "pressure_pa": {n: (float(head[n]) - z[n]) * rho * GRAVITY for n in z},
        "flow_m3_per_s": {
            e["id"]: float(flow[e["id"]]) if e["id"] in flow.index else 0.0
            for kind in ("pipes", "valves", "pumps")
            for e in data[kind]
        },
        "cpu_s": seconds,
    }
    Path(out).write_text(json.dumps(answer), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
