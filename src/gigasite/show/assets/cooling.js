"use strict";
const W = D.cooling;
function tripChart() {
  if (!W.trips.length) return;
  const lines = W.trips.map((t, i) => ({ name: t.name, type: "line", showSymbol: false, lineStyle: { width: 1.6, type: ["solid", "dashed", "dotted"][i % 3] }, data: t.t.map((x, k) => [x, t.hot[k]]) }));
  lines[0].markLine = { symbol: "none", data: [{ yAxis: W.throttle, label: { formatter: "throttles", color: C.bad, position: "insideEndTop" }, lineStyle: { color: C.bad, type: "dashed" } }] };
  draw("trips", { grid: { left: 55, right: 20, top: phone ? 120 : 60, bottom: 50 }, xAxis: axis("s after the event", { type: "value", min: "dataMin", max: "dataMax" }), yAxis: axis("hottest junction, degC", { type: "value", scale: true, nameGap: 36 }), series: lines });
}
function shade(f) { const x = Math.min(Math.max(f, 0), 1), a = [165, 0, 38], b = [255, 230, 144], c = [49, 105, 180], mix = (p, q, t) => p.map((v, k) => Math.round(v * (1 - t) + q[k] * t)); return "rgb(" + (x < 0.5 ? mix(a, b, 2 * x) : mix(b, c, 2 * x - 1)).join(",") + ")"; }
function tripMap() {
  const cv = $("tripmap"), m = W.map, h = D.map;
  if (!cv || !m) return;
  const scale = Math.min(cv.parentElement.clientWidth / h.w, 900 / h.h), ratio = window.devicePixelRatio || 1;
  cv.width = h.w * scale * ratio; cv.height = h.h * scale * ratio; cv.style.width = h.w * scale + "px"; cv.style.height = h.h * scale + "px";
  const g = cv.getContext("2d"); g.scale(ratio, ratio); g.strokeStyle = C.dim; g.fillStyle = C.fg; g.font = "12px system-ui, sans-serif";
  for (const x of h.halls) { g.strokeRect(x.x * scale, x.y * scale, x.l * scale, x.w * scale); if (h.halls.length < 13) g.fillText("hall " + x.n, x.x * scale + 4, x.y * scale + 13); }
  const known = m.s.filter((v) => v !== null), low = known.length ? known.reduce((a, b) => Math.min(a, b)) : 0, high = known.length ? known.reduce((a, b) => Math.max(a, b)) : 1, span = Math.max(high - low, 20); // a second more or less is no difference of racks
  for (let i = 0; i < m.x.length; i++) { g.fillStyle = m.s[i] === null ? C.line : shade((m.s[i] - low) / span); g.fillRect((m.x[i] - h.rw / 2) * scale, (m.y[i] - h.rd / 2) * scale, Math.max(h.rw * scale - 0.4, 0.6), Math.max(h.rd * scale, 0.8)); }
  $("triplegend").innerHTML = (known.length ? [0, 0.5, 1].map((f) => `<span><i style="background:${shade(f)}"></i>${num(low + f * span, 0)} s</span>`).join("") : "") + `<span><i style="background:${C.line}"></i>does not throttle within 10 minutes, or carries no GPUs</span>`;
}
function yearHeat() {
  const cells = [], flat = [];
  W.heat.forEach((day, d) => day.forEach((v, h) => { cells.push([d, h, v]); flat.push(v); }));
  const low = flat.reduce((a, b) => Math.min(a, b)), high = flat.reduce((a, b) => Math.max(a, b));
  draw("yearheat", { legend: { show: false }, grid: { left: 45, right: 20, top: 20, bottom: 115 }, tooltip: { trigger: "item", formatter: (p) => `day ${p.value[0] + 1}, ${p.value[1]} h: ${num(p.value[2], 2)} MW` },
    xAxis: axis("day of the year", { type: "category", data: W.heat.map((_, i) => i + 1), splitLine: { show: false } }), yAxis: axis("hour", { type: "category", data: [...Array(24).keys()], splitLine: { show: false } }),
    visualMap: { min: low, max: high > low ? high : low + 1e-3, calculable: true, orient: "horizontal", left: "center", bottom: 0, precision: 2, textStyle: { color: C.fg }, inRange: { color: ["#2c5fa8", "#6fb3b8", "#f2e08a", "#c8402f"] } },
    series: [{ name: "plant", type: "heatmap", progressive: 2000, data: cells }] });
}
function monthly() {
  draw("monthly", { grid: { left: 60, right: 60, top: 40, bottom: 50 }, xAxis: axis("month", { type: "category", data: W.months.map((m) => m[0]) }), yAxis: [axis("PUE, from 1", { type: "value", min: 1, nameGap: 42 }), axis("L/kWh", { type: "value", min: 0, nameGap: 36, splitLine: { show: false } })],
    series: [{ name: "PUE", type: "bar", itemStyle: { color: C.a }, data: W.months.map((m) => m[1]) }, { name: "water use (WUE)", type: "line", yAxisIndex: 1, itemStyle: { color: C.c }, lineStyle: { color: C.c }, data: W.months.map((m) => m[2]) }] });
}
for (const part of [tripChart, tripMap, yearHeat, monthly]) part();
