"use strict";
const t = D.looks.map((r) => r.time);
const line = (name, key, extra) => Object.assign({ name, type: "line", step: "end", symbol: t.length < 40 ? "circle" : "none", symbolSize: 6, data: D.looks.map((r, i) => [t[i], typeof key === "string" ? r[key] : key(r)]) }, extra);
const time = axis("", { type: "time", axisLabel: { color: C.dim, hideOverlap: true } });
const grid = { left: 64, right: 20, top: phone ? 70 : 40, bottom: 40 };
draw("links", { grid, xAxis: time, yAxis: axis(phone ? "" : "links", { type: "value", minInterval: 1, nameGap: 48 }), series: [
  line("not told of", (r) => r.links - r.known, { stack: "go", areaStyle: {}, color: C.dim }),
  line("dark", "dark", { stack: "go", areaStyle: {}, color: C.b }),
  line("wrong", "wrong", { stack: "go", areaStyle: {}, color: C.bad }),
] });
draw("causes", { grid, xAxis: time, yAxis: axis(phone ? "" : "causes", { type: "value", minInterval: 1, nameGap: 48 }), series: [line("open", "causes_open"), line("new", "causes_new", { lineStyle: { type: "dashed" } }), line("closed", "causes_closed", { lineStyle: { type: "dotted" } })] });
