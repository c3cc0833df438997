"""Run by the interpreter that has pandapipes: supply and return headers with a heat exchanger per rack.

Usage: python pandapipes_run.py RACKS OUT.json; racks of 85 kW, 2.847 kg/s each, water that leaves the plant at 30 degC.
"""

from __future__ import annotations

import json
import sys
import time
import warnings
from pathlib import Path
from typing import Any

import pandapipes as pp

FLOW, HEAT, SUPPLY_K = 2.847, 85e3, 303.15
ROW, PIPE_M, ROW_MM, ROUGH_MM = 20, 2.0, 260.0, 0.045


def build(racks: int) -> tuple[Any, Any, int, float]:
    """Return the net, and the nodes before and behind each rack: a main, rows of 20 racks, both ways alike."""
    net = pp.create_empty_network(fluid="water")
    rows = -(-racks // ROW)
    main_mm = 1e3 * (4 * FLOW * racks / 1000 / 2.0 / 3.1416) ** 0.5
    sides = []
    for bar in (5, 4):
        mains = pp.create_junctions(net, rows + 1, pn_bar=bar, tfluid_k=SUPPLY_K)
        nodes = pp.create_junctions(net, racks, pn_bar=bar, tfluid_k=SUPPLY_K)
        common = {"length_km": PIPE_M / 1e3, "k_mm": ROUGH_MM}
        pp.create_pipes_from_parameters(net, mains[:-1], mains[1:], inner_diameter_mm=main_mm, **common)
        before = [mains[j // ROW + 1] if j % ROW == 0 else nodes[j - 1] for j in range(racks)]
        pp.create_pipes_from_parameters(net, before, nodes, inner_diameter_mm=ROW_MM, **common)
        sides.append((mains[0], nodes))
    (start, a), (back, b) = sides
    pp.create_circ_pump_const_mass_flow(
        net, return_junction=back, flow_junction=start, p_flow_bar=5, mdot_flow_kg_per_s=FLOW * racks, t_flow_k=SUPPLY_K
    )
    for j in range(racks):
        pp.create_heat_exchanger(net, a[j], b[j], qext_w=-HEAT, loss_coefficient=40.0, inner_diameter_mm=50.0)
    return net, a, back, main_mm


def main(racks: int, out: str) -> None:
    """Solve flow and heat and write both."""
    warnings.simplefilter("ignore")
    net, a, back, main_mm = build(racks)
    begin = time.process_time()
    pp.pipeflow(net, mode="hydraulics", friction_model="swamee-jain", max_iter_hyd=200)
    cold = time.process_time() - begin
    begin = time.process_time()
    pp.pipeflow(net, mode="sequential", friction_model="swamee-jain", max_iter_hyd=200)
    heat = time.process_time() - begin
    flow = net.res_heat_exchanger.mdot_from_kg_per_s.tolist()
    fluid = pp.get_fluid(net)
    answer = {
        "mass_flow_kg_per_s": flow,
        "supply_k": net.res_junction.t_k[a].tolist(),
        "outlet_k": net.res_heat_exchanger.t_outlet_k.tolist(),
        "return_k": float(net.res_junction.t_k[back]),
        "heat_capacity_j_per_kg_k": float(fluid.get_heat_capacity(SUPPLY_K + HEAT / FLOW / 4180 / 2)),
        "density_kg_per_m3": float(fluid.get_density(SUPPLY_K)),
        "viscosity_pa_s": float(fluid.get_viscosity(SUPPLY_K)),
        "main_diameter_m": main_mm / 1e3,
        "cpu_hydraulics_s": cold,
        "cpu_heat_s": heat,
    }
    Path(out).write_text(json.dumps(answer), encoding="utf-8")


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
