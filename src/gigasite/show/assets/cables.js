"use strict";
// The fabric chapter. Needs base.js before it (D, C, $, num, axis, draw).
const F = D.cables;
function lengths() {
  draw("lengths", { grid: { left: 70, right: 20, top: 20, bottom: 50 }, legend: { show: false }, xAxis: axis("metres to order", { type: "category", data: F.lengths.map((l) => l[0]) }), yAxis: axis("cables", { type: "value", nameGap: 52, axisLabel: { color: C.dim, formatter: (v) => num(v) } }), series: [{ name: "cables", type: "bar", itemStyle: { color: C.a }, data: F.lengths.map((l) => l[1]) }] });
}
function parts(id, rows, unit, color, digits) {
  const fine = Math.max(0, ...rows.map((r) => r[1])) < 5 ? digits : 0; // ticks of small numbers need their decimals
  draw(id, { grid: { left: phone ? 150 : 180, right: 30, top: 10, bottom: 50 }, legend: { show: false }, xAxis: axis(unit, { type: "value", axisLabel: { color: C.dim, hideOverlap: true, formatter: (v) => num(v, fine) } }), yAxis: { type: "category", inverse: true, data: rows.map((r) => r[0]), axisLabel: { color: C.fg, fontSize: phone ? 9 : 11 } }, tooltip: { trigger: "axis", axisPointer: { type: "shadow" }, valueFormatter: (v) => num(v, digits) + " " + unit }, series: [{ name: unit, type: "bar", itemStyle: { color }, data: rows.map((r) => r[1]) }] });
}
const HEAT = [[44, 123, 182], [171, 217, 233], [255, 255, 191], [253, 174, 97], [215, 25, 28]];
function heat(f) { const x = Math.min(Math.max(f, 0), 1) * 4, i = Math.min(Math.floor(x), 3), t = x - i; return "rgb(" + [0, 1, 2].map((k) => Math.round(HEAT[i][k] * (1 - t) + HEAT[i + 1][k] * t)).join(",") + ")"; }
function trayMap() {
  const cv = $("traymap"), m = D.map, t = F.trays, x0 = Math.min(...m.halls.map((h) => h.x)) - 0.5, y0 = Math.min(...m.halls.map((h) => h.y)) - 0.5;
  const w = cv.parentElement.clientWidth, wide = Math.max(...m.halls.map((h) => h.x + h.l)) + 0.5 - x0, high = Math.max(...m.halls.map((h) => h.y + h.w)) + 0.5 - y0, scale = Math.min(w / wide, 700 / high), ratio = window.devicePixelRatio || 1;
  cv.width = wide * scale * ratio; cv.height = high * scale * ratio; cv.style.width = wide * scale + "px"; cv.style.height = high * scale + "px";
  const g = cv.getContext("2d"); g.scale(ratio, ratio); g.translate(-x0 * scale, -y0 * scale);
  g.strokeStyle = C.dim; g.fillStyle = C.fg; g.font = "12px system-ui, sans-serif"; g.lineWidth = 1;
  for (const h of m.halls) { g.strokeRect(h.x * scale, h.y * scale, h.l * scale, h.w * scale); }
  g.lineWidth = Math.max(2, Math.min(4, 1.2 * scale)); g.lineCap = "butt";
  for (let i = 0; i < t.fill.length; i++) { g.strokeStyle = heat(t.fill[i] / t.limit); g.beginPath(); g.moveTo(t.x0[i] * scale, t.y0[i] * scale); g.lineTo(t.x1[i] * scale, t.y1[i] * scale); g.stroke(); }
  if (m.halls.length < 13) for (const h of m.halls) g.fillText("hall " + h.n, (h.x + h.l / 2) * scale - 16, h.y * scale + 12);
  $("traylegend").innerHTML = [0, 0.25, 0.5, 0.75, 1].map((f) => `<span><i style="background:${heat(f)}"></i>${num(f * t.limit * 100, 0)} %${f === 1 ? " or more: the limit" : ""}</span>`).join("");
}
for (const part of [lengths, trayMap]) part();
parts("cablekw", F.parts.kw, "kW", C.b, 1);
parts("cableusd", F.parts.musd, "million USD", C.c, 2);
