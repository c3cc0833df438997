"use strict";
const D = JSON.parse(document.getElementById("data").textContent);
const css = (n) => getComputedStyle(document.documentElement).getPropertyValue(n).trim();
const C = { fg: css("--fg"), dim: css("--dim"), line: css("--line"), bg: css("--bg"), a: css("--a"), b: css("--b"), c: css("--c"), d: css("--d"), bad: css("--bad") };
const phone = window.innerWidth < 640;
const charts = [];
const $ = (id) => document.getElementById(id);
const num = (x, n = 0) => Number(x).toLocaleString("en-US", { maximumFractionDigits: n });
const axis = (name, extra) => Object.assign({ name, nameLocation: "middle", nameGap: 28, nameTextStyle: { color: C.dim }, axisLabel: { color: C.dim }, axisLine: { lineStyle: { color: C.line } }, splitLine: { lineStyle: { color: C.line } } }, extra);
function draw(id, option) {
  const el = $(id);
  if (!el) return;
  const chart = echarts.init(el, null, { renderer: "canvas" });
  chart.setOption(Object.assign({ animation: false, textStyle: { color: C.fg }, legend: { top: 0, textStyle: { color: C.fg } }, color: [C.a, C.b, C.c, C.d], aria: { enabled: true, decal: { show: false } }, tooltip: { trigger: "axis", backgroundColor: C.bg, textStyle: { color: C.fg } } }, option));
  charts.push(chart);
}
window.addEventListener("resize", () => charts.forEach((c) => c.resize()));
window.addEventListener("beforeprint", () => charts.forEach((c) => c.resize({ width: 680 })));
