"use strict";
// The swing bench: used by the plan's report and by the page of a case. Needs page.js before it (C, $, num, axis, draw).
const P = D.bench;
function traces(id, title, unit, series, lines) {
  const el = $(id);
  if (!el) return;
  const shown = series.filter((s) => s.data);
  const opts = { width: el.clientWidth, height: phone ? 220 : 250, title, scales: { x: { time: false } },
    axes: [{ label: "seconds", stroke: C.dim, grid: { stroke: C.line } }, { label: unit, stroke: C.dim, grid: { stroke: C.line }, size: 70 }],
    series: [{ label: "s" }, ...shown.map((s) => ({ label: s.name, stroke: s.color, width: 1.2, dash: s.dash, value: (u, v) => (v == null ? "" : num(v, 4)) })), ...lines.map((l) => ({ label: l.text + (l.broken ? " (broken)" : ""), stroke: l.broken ? C.bad : C.dim, dash: [6, 4], width: 1.2 }))],
    hooks: { draw: [(u) => { for (const l of lines) if (l.first !== null && l.first !== undefined) { const x = u.valToPos(l.first, "x", true), g = u.ctx; g.save(); g.strokeStyle = C.bad; g.fillStyle = C.bad; g.beginPath(); g.moveTo(x, u.bbox.top); g.lineTo(x, u.bbox.top + u.bbox.height); g.stroke(); g.fillText("first beyond: " + num(l.first, 2) + " s", x + 4, u.bbox.top + 12); g.restore(); break; } }] } };
  new uPlot(opts, [P.series.t, ...shown.map((s) => s.data), ...lines.map((l) => P.series.t.map(() => l.level))], el);
}
const linesOf = (n) => P.lines.filter((l) => l.series === n);
function power() {
  const s = P.series;
  traces("p-power", "Power", "MW", [{ name: "load", data: s.load, color: C.b }, { name: "grid and gensets", data: s.source, color: C.a }, { name: "turbines", data: s.mechanical, color: C.d, dash: [4, 3] }, { name: "battery", data: s.battery, color: C.c }], [...linesOf("source_w"), ...linesOf("battery_w")]);
  traces("p-frequency", "Frequency", "Hz", [{ name: "frequency", data: s.frequency, color: C.d }], linesOf("frequency_hz"));
  if (s.voltage) traces("p-voltage", "Voltage of the campus bus", "pu", [{ name: "voltage", data: s.voltage, color: C.a }], linesOf("voltage_pu"));
  traces("p-soc", "State of charge", "%", [{ name: "state of charge", data: s.soc, color: C.c }], linesOf("soc_frac"));
}
const log = (name, extra) => axis(name, Object.assign({ type: "log" }, extra));
function spectrumChart() {
  draw("p-spectrum", { title: { text: "Spectrum of power", left: "center", textStyle: { color: C.fg, fontSize: 14 } }, legend: { top: 28, textStyle: { color: C.fg } }, grid: { left: 70, right: 30, top: 72, bottom: 50 }, xAxis: log("Hz", { min: 0.02 }), yAxis: log("MW amplitude", { nameGap: 48 }),
    series: [["load", C.b], ["source", C.a]].map(([n, color]) => ({ name: n === "source" ? "grid and gensets" : n, type: "line", showSymbol: false, lineStyle: { width: 1.2, color }, itemStyle: { color }, data: P.spectrum[n] })) });
}
function responseChart() {
  const r = P.response;
  if (!r) { for (const id of ["p-response", "p-periods"]) if ($(id)) $(id).remove(); return; }
  draw("p-response", { title: { text: "Response of the frequency, and the job's harmonics", left: "center", textStyle: { color: C.fg, fontSize: 14 } }, legend: { top: 28, textStyle: { color: C.fg } }, grid: { left: 75, right: 70, top: 72, bottom: 50 }, xAxis: log("Hz", { min: 0.01, max: 25 }), yAxis: [log("mHz per MW", { nameGap: 52 }), log("MW amplitude", { nameGap: 48, splitLine: { show: false } })],
    series: [{ name: "|G(jw)|", type: "line", showSymbol: false, lineStyle: { color: C.d, width: 2 }, itemStyle: { color: C.d }, data: r.gain }, { name: "harmonics of the job", type: "scatter", yAxisIndex: 1, symbolSize: 7, itemStyle: { color: C.b }, data: r.harmonics }] });
  if (!r.periods.length) { $("p-periods").remove(); return; }
  const marks = [{ yAxis: r.limit, label: { formatter: "limit", color: C.bad }, lineStyle: { color: C.bad } }];
  if (r.own) marks.push({ xAxis: r.own[0], label: { formatter: "job", color: C.b }, lineStyle: { color: C.b } });
  if (r.shift && r.own && Math.abs(r.shift - r.own[0]) > 1e-6) marks.push({ xAxis: r.shift, label: { formatter: "shift to", color: C.c }, lineStyle: { color: C.c } });
  draw("p-periods", { title: { text: "Steady swing over the iteration period", left: "center", textStyle: { color: C.fg, fontSize: 14 } }, legend: { show: false }, grid: { left: 75, right: 40, top: 50, bottom: 50 }, xAxis: log("iteration period, s", { min: "dataMin", max: "dataMax", axisLabel: { color: C.dim, formatter: (v) => num(v, 2) } }), yAxis: axis("Hz peak to peak", { type: "value", nameGap: 52 }),
    series: [{ name: "swing", type: "line", showSymbol: false, lineStyle: { color: C.d }, data: r.periods, markLine: { symbol: "none", data: marks } }] });
}
function sizingChart() {
  const s = P.sizing;
  if (!s) { for (const id of ["p-compare", "p-front"]) if ($(id)) $(id).remove(); return; }
  const label = (v, i) => v + (s.holds[i] ? "" : " *");
  const left = phone ? 120 : 190;
  const bars = (name, data, color, grid) => ({ name, type: "bar", xAxisIndex: grid, yAxisIndex: grid, itemStyle: { color }, data, label: { show: true, position: "right", color: C.fg, formatter: (p) => num(p.value, 1) },
    markLine: s.bound ? { symbol: "none", label: { formatter: "bound", color: C.bad, position: "insideEndTop" }, lineStyle: { color: C.bad }, data: [{ xAxis: s.bound[grid] }] } : undefined });
  const y = (grid, show) => ({ type: "category", gridIndex: grid, inverse: true, data: s.names.map(label), axisLabel: { color: C.fg, show } });
  draw("p-compare", { title: { text: "Least battery by controller (* does not hold all limits)", left: "center", textStyle: { color: C.fg, fontSize: 14 } }, legend: { show: false }, grid: [{ left, width: phone ? "22%" : "32%", top: 40, bottom: 50 }, { right: 60, width: phone ? "22%" : "32%", top: 40, bottom: 50 }], xAxis: [axis("MW", { type: "value", gridIndex: 0 }), axis("kWh", { type: "value", gridIndex: 1 })], yAxis: [y(0, true), y(1, false)], series: [bars("power", s.power, C.a, 0), bars("energy", s.energy, C.c, 1)] });
  if (!s.front.length) { $("p-front").remove(); return; }
  const near = s.names.map((n, i) => ({ name: n, value: [s.power[i], s.energy[i]] })).filter((p) => p.value[0] <= 2.2 * s.front[s.front.length - 1][0] && p.value[0] > 0);
  draw("p-front", { title: { text: "Clairvoyant front: power against energy", left: "center", textStyle: { color: C.fg, fontSize: 14 } }, legend: { top: 28, textStyle: { color: C.fg } }, grid: { left: 75, right: 40, top: 72, bottom: 50 }, tooltip: { trigger: "item", formatter: (p) => `${p.name}<br>${num(p.value[0], 1)} MW, ${num(p.value[1], 0)} kWh` }, xAxis: axis("MW", { type: "value", scale: true }), yAxis: axis("kWh", { type: "value", nameGap: 55, min: 0 }),
    series: [{ name: "front", type: "line", lineStyle: { color: C.bad }, itemStyle: { color: C.bad }, data: s.front.map((v) => ({ name: "front", value: v })) }, { name: "controllers", type: "scatter", symbolSize: 9, itemStyle: { color: C.a }, data: near, label: { show: !phone, position: "right", color: C.fg, formatter: (p) => p.name } }] });
}
for (const part of [power, spectrumChart, responseChart, sizingChart]) part();
