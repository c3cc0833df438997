"""Run an ANDES case: CASE TF STEP OUT. Not a test: it runs in the environment that has ANDES."""

import json
import sys
import time

import andes
import numpy as np

case, stop_s, step_s, out = sys.argv[1], float(sys.argv[2]), float(sys.argv[3]), sys.argv[4]
andes.config_logger(50)
ss = andes.System(no_output=True, default_config=True)
with open(case, encoding="utf-8") as file:  # noqa: PTH123
    for model, rows in json.load(file).items():
        for row in rows:
            ss.add(model, dict(row))
c = ss.PQ.config
c.p2p, c.p2i, c.p2z, c.q2q, c.q2i, c.q2z, c.pq2z = 1, 0, 0, 0, 0, 1, 0
ss.setup()
ss.PFlow.run()
t = ss.TDS.config
t.tstep, t.fixt, t.tf, t.criteria, t.no_tqdm, t.tol = step_s, 1, stop_s, 0, 1, 1e-6
ss.TDS.init()
begin = time.process_time()
ss.TDS.run()
cpu_s = time.process_time() - begin
ts, weight = ss.dae.ts, np.array(ss.GENROU.M.v)
speed = ts.x[:, ss.GENROU.omega.a]
np.savez(
    out,
    t_s=ts.t,
    frequency_hz=60.0 * (speed * weight).sum(axis=1) / weight.sum(),
    voltage_pu=ts.y[:, ss.Bus.v.a[0]],
    battery_pu=ts.y[:, ss.REGF1.Pe.a[0]] if ss.REGF1.n else np.zeros(len(ts.t)),
    cpu_s=cpu_s,
)
