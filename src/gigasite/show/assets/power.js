"use strict";
// The swing bench: used by the plan's report and by the page of a case. Needs base.js before it (C, $, num, axis, draw).
const P = D.bench;
const titled = (text) => ({ text, left: "center", textStyle: { color: C.fg, fontSize: phone ? 12 : 14 } });
// lines of one text are a band: its ends; what lies outside the picture is named below it
function bandsOf(series) {
  const out = new Map();
  for (const l of P.lines.filter((x) => x.series === series)) {
    const b = out.get(l.text) || { text: l.text, levels: [], broken: false, shown: false };
    b.levels.push(l.level); b.broken = b.broken || l.broken; b.shown = b.shown || l.shown;
    out.set(l.text, b);
  }
  return [...out.values()];
}
function limitsDrawn(u, bands) {
  const g = u.ctx, y = (v) => u.valToPos(v, "y", true), box = u.bbox;
  g.save(); g.beginPath(); g.rect(box.left, box.top, box.width, box.height); g.clip();
  for (const b of bands.filter((x) => x.shown)) {
    if (b.levels.length === 2) { g.globalAlpha = 0.08; g.fillStyle = b.broken ? C.bad : C.c; const [p, q] = b.levels.map(y); g.fillRect(box.left, Math.min(p, q), box.width, Math.abs(p - q)); g.globalAlpha = 1; }
    g.strokeStyle = b.broken ? C.bad : C.dim; g.lineWidth = 1.4; g.setLineDash([8, 5]);
    for (const v of b.levels) { g.beginPath(); g.moveTo(box.left, y(v)); g.lineTo(box.left + box.width, y(v)); g.stroke(); }
  }
  if (P.first) { const x = u.valToPos(P.first.t, "x", true); g.setLineDash([]); g.strokeStyle = C.bad; g.lineWidth = 2; g.beginPath(); g.moveTo(x, box.top); g.lineTo(x, box.top + box.height); g.stroke(); }
  g.restore();
}
function below(el, bands, unit) {
  if (!bands.length) return;
  const row = document.createElement("div"); row.className = "legend limits";
  for (const b of bands) {
    const one = document.createElement("span"), dash = document.createElement("i");
    dash.className = b.broken ? "dash bad" : "dash"; one.append(dash);
    one.append(`${b.text}: ${b.levels.map((v) => num(v, 4)).join(" to ")} ${unit}${b.broken ? ", broken" : ""}${b.shown ? "" : " (outside the picture)"}`);
    if (b.broken) one.className = "error";
    row.append(one);
  }
  el.append(row);
}
function traces(id, title, unit, series, limits) {
  const el = $(id), shown = series.filter((s) => s.data);
  if (!el) return;
  if (!shown.length) { el.remove(); return; }
  const bands = limits.flatMap(bandsOf), levels = bands.filter((b) => b.shown).flatMap((b) => b.levels);
  const range = (u, low, high) => { const a = Math.min(low, ...levels), b = Math.max(high, ...levels), pad = 0.06 * (b - a) || 0.01 * Math.abs(b) || 1; return [a - pad, b + pad]; };
  const size = () => ({ width: el.clientWidth, height: phone ? 210 : 240 });
  const opts = { ...size(), title, scales: { x: { time: false }, y: { range } },
    axes: [{ label: "seconds", stroke: C.dim, grid: { stroke: C.line, width: 1 }, ticks: { stroke: C.line } }, { label: unit, stroke: C.dim, grid: { stroke: C.line, width: 1 }, ticks: { stroke: C.line }, size: phone ? 58 : 70, values: (u, vs) => vs.map((v) => num(v, 4)) }],
    series: [{ label: "time", value: (u, v) => (v == null ? "" : num(v, 3) + " s") }, ...shown.map((s) => ({ label: s.name, stroke: s.color, width: 1.3, dash: s.dash, points: { show: false }, value: (u, v) => (v == null ? "" : num(v, 4)) }))],
    // numbers stand in the legend only while the pointer is over the picture
    hooks: { draw: [(u) => limitsDrawn(u, bands)], setCursor: [(u) => u.root.classList.toggle("hover", u.cursor.idx != null && u.cursor.left >= 0)] } };
  const plot = new uPlot(opts, [P.series.t, ...shown.map((s) => s.data)], el);
  below(el, bands, unit);
  window.addEventListener("resize", () => plot.setSize(size()));
}
function power() {
  const s = P.series;
  traces("p-power", "Power", "MW", [{ name: "load", data: s.load, color: C.b }, { name: "grid", data: s.grid, color: C.a }, { name: "gensets", data: s.gensets, color: C.d }, { name: "turbines", data: s.mechanical, color: C.dim, dash: [5, 4] }, { name: "battery", data: s.battery, color: C.c }], ["source_w", "battery_w", "mechanical_w"]);
  traces("p-ramp", `Ramp of grid and gensets over ${num(P.ramp.window_s, 3)} s${P.ramp.mean_s ? `, means of ${num(P.ramp.mean_s, 3)} s` : ""}`, "MW/min", [{ name: "up", data: s.ramp_up, color: C.a }, { name: "down", data: s.ramp_down, color: C.d }], ["ramp_w_per_s"]);
  traces("p-frequency", "Frequency", "Hz", [{ name: "frequency", data: s.frequency, color: C.d }], ["frequency_hz"]);
  traces("p-voltage", "Voltage of the campus bus", "pu", [{ name: "voltage", data: s.voltage, color: C.a }], ["voltage_pu"]);
  traces("p-soc", "State of charge", "%", [{ name: "state of charge", data: s.soc, color: C.c }], ["soc_frac"]);
}
const log = (name, extra) => axis(name, Object.assign({ type: "log" }, extra));
// 0.1, 1, 10: what lies between is not named on a narrow screen
const decades = { color: C.dim, hideOverlap: true, formatter: (v) => (phone && Math.abs(Math.log10(v) % 1) > 1e-9 ? "" : v >= 1e-3 ? String(v) : v.toExponential(0)) };
function spectrumChart() {
  draw("p-spectrum", { title: titled("Spectrum of power"), legend: { top: 30, textStyle: { color: C.fg } }, grid: { left: 78, right: 30, top: 72, bottom: 50 }, xAxis: log("Hz", { min: 0.02, max: 25, axisLabel: decades }), yAxis: log("MW amplitude", { nameGap: 58, axisLabel: decades }),
    series: [["load", C.b], ["source", C.a]].map(([n, color]) => ({ name: n === "source" ? "grid and gensets" : n, type: "line", showSymbol: false, lineStyle: { width: 1.2, color }, itemStyle: { color }, data: P.spectrum[n] })) });
}
function gone(...ids) { for (const id of ids) if ($(id)) $(id).remove(); }
function responseChart() {
  const r = P.response;
  if (!r) return gone("p-response", "p-periods");
  draw("p-response", { title: titled(phone ? "|G(jw)| and the job's harmonics" : "Response of the frequency, and the job's harmonics"), legend: { top: 30, textStyle: { color: C.fg } }, grid: { left: 78, right: 78, top: 72, bottom: 50 }, xAxis: log("Hz", { min: 0.01, max: 25, axisLabel: decades }), yAxis: [log("mHz per MW", { nameGap: 56, axisLabel: decades }), log("MW amplitude", { nameGap: 52, axisLabel: decades, splitLine: { show: false } })],
    series: [{ name: "|G(jw)|", type: "line", showSymbol: false, lineStyle: { color: C.d, width: 2 }, itemStyle: { color: C.d }, data: r.gain }, ...(r.harmonics.length ? [{ name: "harmonics of the job", type: "scatter", yAxisIndex: 1, symbolSize: 7, itemStyle: { color: C.b }, data: r.harmonics }] : [])] });
  if (!r.periods.length) return gone("p-periods");
  const line = (at, text, color, position) => ({ ...at, label: { formatter: text, color, position }, lineStyle: { color } });
  const marks = [line({ yAxis: r.limit }, "limit", C.bad, "insideEndTop")];
  if (r.own) marks.push(line({ xAxis: r.own[0] }, "job", C.b, "insideEndTop"));
  if (r.shift && r.own && Math.abs(r.shift - r.own[0]) > 1e-6) marks.push(line({ xAxis: r.shift }, "shift to", C.c, "insideEndBottom"));
  draw("p-periods", { title: titled("Steady swing over the iteration period"), legend: { show: false }, grid: { left: 78, right: 40, top: 46, bottom: 50 }, xAxis: log("iteration period, s", { min: "dataMin", max: "dataMax", axisLabel: { color: C.dim, hideOverlap: true, formatter: (v) => num(v, 2) } }), yAxis: axis("Hz peak to peak", { type: "value", nameGap: 56 }),
    series: [{ name: "swing", type: "line", showSymbol: false, lineStyle: { color: C.d }, data: r.periods, markLine: { symbol: "none", data: marks } }] });
}
function sizingChart() {
  const s = P.sizing;
  if (!s) return gone("p-compare", "p-front", "p-bounds");
  compare(s);
  if (!s.front.length) return gone("p-front");
  front(s);
}
function compare(s) {
  const names = s.names.map((v, i) => v + (s.holds[i] ? "" : " *")), el = $("p-compare");
  if (!el) return;
  // on a narrow screen the two pictures stand one below the other
  const left = phone ? 138 : 200, row = 26 * names.length + 30;
  el.style.height = (phone ? 2 * row + 130 : Math.max(260, row + 110)) + "px";
  const grids = phone ? [{ left, right: 56, top: 44, height: row }, { left, right: 56, top: row + 106, height: row }] : [{ left, width: "32%", top: 44, bottom: 50 }, { right: 70, width: "32%", top: 44, bottom: 50 }];
  const line = (b, k, type) => (b ? [{ xAxis: b[k], label: { show: false }, lineStyle: { color: C.bad, type, width: 1.6 } }] : []);
  const bars = (name, data, color, k) => ({ name, type: "bar", xAxisIndex: k, yAxisIndex: k, itemStyle: { color }, data, label: { show: true, position: "right", color: C.fg, textBorderColor: C.bg, textBorderWidth: 3, formatter: (p) => num(p.value, p.value < 10 ? 2 : 1) },
    markLine: { symbol: "none", silent: true, z: 1, data: [...line(s.bound, k, "solid"), ...line(s.closed, k, "dashed")] } });
  const most = (data, k) => Math.max(...data, s.bound ? s.bound[k] : 0, s.closed ? s.closed[k] : 0) * 1.18 || 1;
  const x = (name, data, k) => axis(name, { type: "value", gridIndex: k, max: most(data, k), axisLabel: { color: C.dim, hideOverlap: true, formatter: (v) => (v === most(data, k) ? "" : num(v, 2)) } });
  const y = (k) => ({ type: "category", gridIndex: k, inverse: true, data: names, axisLabel: { color: C.fg, show: phone || k === 0, width: left - 14, overflow: "break", fontSize: phone ? 10 : 12, lineHeight: phone ? 12 : 15 }, axisTick: { show: false } });
  draw("p-compare", { title: titled(phone ? "Least battery (* breaks limits)" : "Least battery by controller (* does not hold all limits)"), legend: { show: false }, grid: grids, xAxis: [x("MW", s.power, 0), x("kWh", s.energy, 1)], yAxis: [y(0), y(1)], series: [bars("power", s.power, C.a, 0), bars("energy", s.energy, C.c, 1)] });
}
function front(s) {
  const last = s.front[s.front.length - 1], tall = Math.max(...s.front.map((p) => p[1]));
  // controllers that need the same battery are one point
  const same = (p, q) => Math.abs(p[0] - q[0]) < 0.02 * p[0] && Math.abs(p[1] - q[1]) < 0.05 * Math.max(p[1], 0.1 * tall);
  const points = [];
  s.names.forEach((name, i) => {
    const value = [s.power[i], s.energy[i]], other = points.find((p) => same(p.value, value));
    if (other) other.name += ", " + name; else points.push({ name, value });
  });
  const seen = points.filter((p) => p.value[0] > 0 && p.value[0] <= 2.2 * last[0] && p.value[1] <= 6 * tall);
  const right = Math.max(last[0], ...seen.map((p) => p.value[0])), middle = 0.5 * (s.front[0][0] + right);
  // a name stands on the side that has room
  const near = seen.map((p) => ({ ...p, label: { position: p.value[0] > middle ? "left" : "right" } }));
  draw("p-front", { title: titled("Clairvoyant front: power against energy"), legend: { top: 30, textStyle: { color: C.fg } }, grid: { left: 78, right: 40, top: 72, bottom: 50 }, tooltip: { trigger: "item", backgroundColor: C.bg, textStyle: { color: C.fg }, formatter: (p) => `${p.name}<br>${num(p.value[0], 2)} MW, ${num(p.value[1], 1)} kWh` }, xAxis: axis("MW", { type: "value", scale: true, axisLabel: { color: C.dim, hideOverlap: true } }), yAxis: axis("kWh", { type: "value", nameGap: 58, min: 0 }),
    series: [{ name: "bound", type: "line", lineStyle: { color: C.bad }, itemStyle: { color: C.bad }, data: s.front.map((v) => ({ name: "bound", value: v })) }, { name: "controllers", type: "scatter", symbolSize: 9, itemStyle: { color: C.a, opacity: 1 }, data: near, label: { show: true, color: C.fg, textBorderColor: C.bg, textBorderWidth: 3, fontSize: phone ? 10 : 12, formatter: (p) => p.name }, labelLayout: { moveOverlap: "shiftY" } }] });
}
for (const part of [power, spectrumChart, responseChart, sizingChart]) part();
