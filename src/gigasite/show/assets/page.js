"use strict";
function mark(day, text, color) { return { xAxis: day, label: { formatter: text, color, position: "insideEndTop" }, lineStyle: { color, type: "dashed" } }; }
function ramp() {
  const marks = [];
  if (D.first !== null) marks.push(mark(D.first, "first step", C.c));
  marks.push(mark(D.target, "wanted", C.bad));
  const shade = ["racks", "network", "power", "cooling"].map((n) => ({ name: n, type: "line", step: "end", showSymbol: false, lineStyle: { width: 1.5, type: { racks: "solid", network: "dotted", power: "dashed", cooling: "solid" }[n] }, data: D.ready[n] }));
  draw("ramp", { grid: { left: phone ? 62 : 80, right: 20, top: 60, bottom: 50 }, xAxis: axis("project day", { type: "value", min: 0, max: D.lastDay }), yAxis: axis("GPUs", { type: "value", nameGap: phone ? 48 : 62, max: D.gpus * 1.05, axisLabel: { color: C.dim, formatter: (v) => num(v) } }),
    series: [...shade, { name: "can run", type: "line", step: "end", showSymbol: false, areaStyle: { opacity: 0.18, color: C.fg }, lineStyle: { width: 3, color: C.fg }, itemStyle: { color: C.fg }, data: D.ramp, markLine: { symbol: "none", data: marks } }] });
}
function risk() {
  draw("hist", { grid: { left: 50, right: 20, top: 40, bottom: 50 }, xAxis: axis("first-step day", { type: "value", min: D.hist.min, max: D.hist.max }), yAxis: axis("samples", { type: "value", nameGap: 34 }), tooltip: { trigger: "item" },
    series: [["as planned", D.hist.own, C.a], ["new orders only", D.hist.usual, C.b]].map(([name, data, color]) => ({ name, type: "bar", barWidth: 6, itemStyle: { color }, data })) });
  const t = D.drivers.slice().reverse();
  if (!t.length) return;
  draw("tornado", { grid: { left: phone ? 110 : 150, right: 30, top: 40, bottom: 50 }, xAxis: axis("days moved", { type: "value" }), yAxis: { type: "category", data: t.map((d) => d.name), axisLabel: { color: C.fg } }, tooltip: { trigger: "axis", axisPointer: { type: "shadow" } },
    series: [{ name: "low value", type: "bar", stack: "x", itemStyle: { color: C.c }, data: t.map((d) => +d.low_days.toFixed(2)) }, { name: "high value", type: "bar", stack: "x", itemStyle: { color: C.b }, data: t.map((d) => +d.high_days.toFixed(2)) }] });
}
const VIRIDIS = [[68, 1, 84], [59, 82, 139], [33, 145, 140], [94, 201, 98], [253, 231, 37]];
function viridis(f) { const x = Math.min(Math.max(f, 0), 1) * 4, i = Math.min(Math.floor(x), 3), t = x - i; return "rgb(" + [0, 1, 2].map((k) => Math.round(VIRIDIS[i][k] * (1 - t) + VIRIDIS[i + 1][k] * t)).join(",") + ")"; }
function hallMap() {
  const cv = $("map"), m = D.map, w = cv.parentElement.clientWidth, scale = Math.min(w / m.w, 900 / m.h), ratio = window.devicePixelRatio || 1;
  cv.width = m.w * scale * ratio; cv.height = m.h * scale * ratio; cv.style.width = m.w * scale + "px"; cv.style.height = m.h * scale + "px";
  const g = cv.getContext("2d"); g.scale(ratio, ratio);
  g.strokeStyle = C.dim; g.fillStyle = C.fg; g.font = "12px system-ui, sans-serif";
  for (const h of m.halls) { g.strokeRect(h.x * scale, h.y * scale, h.l * scale, h.w * scale); if (m.halls.length < 13) g.fillText("hall " + h.n, h.x * scale + 4, h.y * scale + 13); }
  for (let i = 0; i < m.x.length; i++) { g.fillStyle = viridis(m.kw[i] / m.top); g.fillRect((m.x[i] - m.rw / 2) * scale, (m.y[i] - m.rd / 2) * scale, Math.max(m.rw * scale - 0.4, 0.6), Math.max(m.rd * scale, 0.8)); }
  $("maplegend").innerHTML = [0, 0.25, 0.5, 0.75, 1].map((f) => `<span><i style="background:${viridis(f)}"></i>${num(f * m.top, 0)} kW</span>`).join("") + `<span>each rectangle is a rack; ${num(m.w, 0)} m x ${num(m.h, 0)} m</span>`;
}
function year() {
  draw("year", { grid: { left: 55, right: 60, top: 60, bottom: 50 }, xAxis: axis("day of the year", { type: "value", min: 0, max: 365 }), yAxis: [axis("degC", { type: "value", nameGap: 36 }), axis("MW", { type: "value", nameGap: 40, splitLine: { show: false }, min: 0 })],
    series: [["dry bulb", "dry", C.b, 0], ["wet bulb", "wet", C.a, 0], ["supply", "supply", C.c, 0], ["plant power", "plant", C.d, 1]].map(([name, k, color, y]) => ({ name, type: "line", showSymbol: false, yAxisIndex: y, itemStyle: { color }, lineStyle: { width: 1.3, color, type: y ? "dashed" : "solid" }, data: D.year[k] })) });
}
function money() {
  draw("cost", { grid: { left: 90, right: 30, top: 20, bottom: 50 }, legend: { show: false }, xAxis: axis("million USD", { type: "value", axisLabel: { color: C.dim, formatter: (v) => num(v) } }), yAxis: { type: "category", inverse: true, data: D.cost.map((c) => c.group), axisLabel: { color: C.fg } }, tooltip: { trigger: "axis", axisPointer: { type: "shadow" }, valueFormatter: (v) => num(v, 1) + " M USD" }, series: [{ name: "parts", type: "bar", itemStyle: { color: C.a }, data: D.cost.map((c) => c.musd), label: { show: true, position: "right", color: C.fg, formatter: (p) => num(p.value, 1) } }] });
}
for (const part of [ramp, risk, hallMap, year, money]) part();
document.documentElement.dataset.ready = "1";
window.__ready = 1;
