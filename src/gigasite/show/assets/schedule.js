"use strict";
const plain = (s) => String(s).replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`); // names come from files
/* Gantt: rows are drawn only where they are seen; a tall empty element gives the scroll bar its length. */
function gantt2(S) {
  const G = S.gantt, box = $("gantt2"), cv = box.querySelector("canvas"), g = cv.getContext("2d"), ROW = 20, HEAD = 26;
  const tall = document.createElement("div"); box.appendChild(tall);
  const n = G.s.length, driving = new Uint8Array(n), groups = new Map(), open = new Set();
  for (const i of G.driving) driving[i] = 1;
  const last = G.f.reduce((a, b) => Math.max(a, b), 1), left = () => (box.clientWidth < 640 ? 110 : 300);
  let t0 = 0, t1 = last * 1.02, rows = [], sel = -1, find = "", only = false, by = "trade", drag = null;
  const hall = (p) => { const m = /^(H\d+)/.exec(G.places[p]); return m ? m[1] : "campus"; };
  const levels = (i) => (by === "trade" ? [G.trades[G.t[i]], G.titles[G.t[i]]] : [hall(G.p[i]), G.trades[G.t[i]], G.titles[G.t[i]]]);
  function build() {
    groups.clear();
    const words = find.toLowerCase().split(/\s+/).filter(Boolean);
    for (let i = 0; i < n; i++) {
      if (only && !driving[i]) continue;
      if (words.length) { const text = (G.titles[G.t[i]] + " " + G.places[G.p[i]] + " " + G.trades[G.t[i]]).toLowerCase(); if (!words.every((w) => new RegExp("(^|[^a-z0-9])" + w.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).test(text))) continue; }
      let at = groups, key = "";
      for (const name of levels(i)) {
        key += "/" + name;
        let node = at.get(name);
        if (!node) { node = { name, key, s: 1e9, f: 0, count: 0, driving: 0, done: 0, below: new Map(), ids: [] }; at.set(name, node); }
        node.s = Math.min(node.s, G.s[i]); node.f = Math.max(node.f, G.f[i]); node.count++; node.driving |= driving[i]; node.done += G.done ? G.done[i] : 0;
        if (G.bs) { node.bs = Math.min(node.bs ?? 1e9, G.bs[i]); node.bf = Math.max(node.bf ?? 0, G.bf[i]); }
        at = node.below; node.last = node;
        if (name === G.titles[G.t[i]]) node.ids.push(i);
      }
    }
    flat();
  }
  function flat() {
    rows = [];
    const walk = (nodes, depth) => {
      for (const node of [...nodes.values()].sort((a, b) => a.s - b.s)) {
        rows.push({ node, depth });
        if (!open.has(node.key)) continue;
        walk(node.below, depth + 1);
        for (const i of node.ids.sort((a, b) => G.s[a] - G.s[b])) rows.push({ i, depth: depth + 1 });
      }
    };
    walk(groups, 0);
    tall.style.height = Math.max(rows.length * ROW + HEAD - cv.clientHeight, 0) + "px";
    sel = Math.min(sel, rows.length - 1);
    if (cv.style.width !== box.clientWidth + "px") size(); // a scroll bar came or went
    paint();
  }
  const x = (t) => left() + ((t - t0) / (t1 - t0)) * (box.clientWidth - left() - 4);
  const day = (px) => t0 + ((px - left()) / (box.clientWidth - left() - 4)) * (t1 - t0);
  function size() { const r = window.devicePixelRatio || 1, w = box.clientWidth, h = box.clientHeight; cv.width = w * r; cv.height = h * r; cv.style.width = w + "px"; cv.style.height = h + "px"; g.setTransform(r, 0, 0, r, 0, 0); }
  function bar(a, b, y, h, color, alpha) { const p = Math.max(x(a), left()), q = Math.min(x(b), box.clientWidth); if (q < left() || p > box.clientWidth) return; g.globalAlpha = alpha; g.fillStyle = color; g.fillRect(p, y, Math.max(q - p, 1.5), h); g.globalAlpha = 1; }
  function diamond(t, y, color) { const p = x(t); if (p < left() || p > box.clientWidth) return; g.fillStyle = color; g.beginPath(); g.moveTo(p, y - 5); g.lineTo(p + 5, y); g.lineTo(p, y + 5); g.lineTo(p - 5, y); g.fill(); }
  function clip(text, w) { if (g.measureText(text).width <= w) return text; while (text.length > 1 && g.measureText(text + "\u2026").width > w) text = text.slice(0, -1); return text + "\u2026"; }
  const range = (r) => (r.node ? [r.node.s, r.node.f, r.node.bs, r.node.bf, r.node.count ? r.node.done / r.node.count : 0, r.node.driving] : [G.s[r.i], G.f[r.i], G.bs && G.bs[r.i], G.bf && G.bf[r.i], G.done ? G.done[r.i] : 0, driving[r.i]]);
  const label = (r) => (r.node ? (open.has(r.node.key) ? "\u25be " : "\u25b8 ") + r.node.name + (r.node.count > 1 ? ` (${num(r.node.count)})` : "") : G.places[G.p[r.i]]);
  function paint() {
    const w = box.clientWidth, h = box.clientHeight, top = box.scrollTop, first = Math.floor(top / ROW), L = left();
    g.clearRect(0, 0, w, h); g.font = "12px system-ui, sans-serif"; g.textBaseline = "middle";
    const step = [0.25, 0.5, 1, 2, 5, 7, 14, 28, 56, 91, 182, 365].find((s) => (s / (t1 - t0)) * (w - L) > 52) || 730;
    for (let t = Math.ceil(t0 / step) * step; t <= t1; t += step) { const p = x(t); if (p < L) continue; g.strokeStyle = C.line; g.beginPath(); g.moveTo(p, HEAD - 6); g.lineTo(p, h); g.stroke(); }
    for (let k = first; k < rows.length && (k - first) * ROW < h; k++) {
      const r = rows[k], y = HEAD + k * ROW - top, [a, b, ba, bb, done, drives] = range(r);
      if (k === sel) { g.fillStyle = C.line; g.globalAlpha = 0.5; g.fillRect(0, y, w, ROW); g.globalAlpha = 1; }
      g.fillStyle = r.node ? C.fg : C.dim; g.fillText(clip(label(r), L - 14 - r.depth * 12), 6 + r.depth * 12, y + ROW / 2);
      if (ba !== undefined) bar(ba, bb, y + ROW - 4, 3, C.dim, 0.8);
      if (b - a < 1e-6 && !r.node) diamond(a, y + ROW / 2, drives ? C.bad : C.a);
      else {
        bar(a, b, y + (r.node ? 6 : 4), r.node ? 7 : 11, drives && !r.node ? C.bad : C.a, r.node ? 0.45 : 0.75);
        if (done > 0) bar(a, a + (b - a) * done, y + (r.node ? 6 : 4), r.node ? 7 : 11, C.c, 0.95);
        if (r.node && drives) bar(a, b, y + 13, 2, C.bad, 1);
      }
    }
    g.fillStyle = C.bg; g.fillRect(0, 0, w, HEAD - 6); g.fillStyle = C.dim;
    for (let t = Math.ceil(t0 / step) * step; t <= t1; t += step) if (x(t) >= L) g.fillText(num(t, 2), x(t) + 2, 9);
    g.fillText(w < 640 ? "day" : "project day", 6, 9);
    if (S.status !== null) line(S.status, C.c, "status", 22);
    for (const m of S.marks) if (["first step", "full size"].includes(m.name)) line(m.day, m.name === "first step" ? C.b : C.d, m.name, 8);
    if (!rows.length) { g.fillStyle = C.dim; g.fillText("No activity is found by these words.", 12, HEAD + 20); }
  }
  function line(t, color, text, up) { const p = x(t); if (p < left() || p > box.clientWidth) return; g.strokeStyle = color; g.setLineDash([5, 4]); g.beginPath(); g.moveTo(p, HEAD - 6); g.lineTo(p, box.clientHeight); g.stroke(); g.setLineDash([]); g.fillStyle = color; g.textAlign = p > box.clientWidth - 70 ? "right" : "left"; g.fillText(text, p + (g.textAlign === "left" ? 3 : -3), box.clientHeight - up); g.textAlign = "left"; }
  function say(k) {
    const r = rows[k]; if (!r) return;
    const [a, b, ba, bb, done, drives] = range(r), name = r.node ? `${r.node.name}: ${num(r.node.count)} ${r.node.count === 1 ? "activity" : "activities"}` : `${G.titles[G.t[r.i]]}: ${G.places[G.p[r.i]]}`;
    $("gsay").textContent = `${name}; day ${num(a, 2)} to ${num(b, 2)}` + (ba !== undefined ? `, baseline ${num(ba, 2)} to ${num(bb, 2)}` : "") + (done ? `, ${num(done * 100)} % done` : "") + (drives ? (r.node ? "; holds part of the driving path" : "; on the driving path") : "") + ".";
  }
  function zoom(f, at) { const mid = at ?? (t0 + t1) / 2, span = Math.min(Math.max((t1 - t0) * f, 0.5), last * 1.2); const share = (mid - t0) / (t1 - t0); t0 = Math.max(mid - share * span, 0); t1 = t0 + span; paint(); }
  function move(dt) { const span = t1 - t0; t0 = Math.min(Math.max(t0 + dt, 0), Math.max(last * 1.1 - span, 0)); t1 = t0 + span; paint(); }
  function toggle(k) { const r = rows[k]; if (!r || !r.node) return; if (open.has(r.node.key)) open.delete(r.node.key); else open.add(r.node.key); sel = k; flat(); }
  const at = (e) => Math.floor((e.clientY - cv.getBoundingClientRect().top - HEAD + box.scrollTop) / ROW);
  cv.addEventListener("wheel", (e) => { if (!e.ctrlKey && !e.shiftKey && !e.metaKey) return; e.preventDefault(); zoom(e.deltaY + e.deltaX > 0 ? 1.25 : 0.8, day(e.offsetX)); }, { passive: false });
  cv.addEventListener("pointerdown", (e) => { drag = { x: e.clientX, moved: false }; if (e.pointerType === "mouse") cv.setPointerCapture(e.pointerId); });
  cv.addEventListener("pointermove", (e) => { if (drag) { const dx = e.clientX - drag.x; if (Math.abs(dx) > 3 || drag.moved) { drag.moved = true; move((-dx / (box.clientWidth - left())) * (t1 - t0)); drag.x = e.clientX; } } else { sel = at(e); say(sel); paint(); } });
  cv.addEventListener("pointerup", (e) => { if (drag && !drag.moved) { sel = at(e); say(sel); toggle(sel); } drag = null; });
  cv.addEventListener("pointercancel", () => { drag = null; });
  cv.addEventListener("keydown", (e) => {
    const span = t1 - t0, keys = { ArrowLeft: () => move(-span / 8), ArrowRight: () => move(span / 8), ArrowDown: () => step(1), ArrowUp: () => step(-1), PageDown: () => step(15), PageUp: () => step(-15), "+": () => zoom(0.7), "=": () => zoom(0.7), "-": () => zoom(1.4), Home: fit, Enter: () => toggle(sel), " ": () => toggle(sel) };
    if (keys[e.key]) { e.preventDefault(); keys[e.key](); }
  });
  function step(d) { sel = Math.min(Math.max(sel + d, 0), rows.length - 1); const y = sel * ROW, seen = box.clientHeight - HEAD - ROW; if (y < box.scrollTop) box.scrollTop = y; else if (y > box.scrollTop + seen) box.scrollTop = y - seen; say(sel); paint(); }
  function fit() { t0 = 0; t1 = last * 1.02; paint(); }
  $("gin").onclick = () => zoom(0.6); $("gout").onclick = () => zoom(1.6); $("gfit").onclick = fit;
  $("gby").onchange = (e) => { by = e.target.value; box.scrollTop = 0; start(); };
  $("gfind").oninput = (e) => { find = e.target.value; box.scrollTop = 0; start(); };
  const only_ = $("gdriving");
  if (!G.driving.length) only_.parentElement.style.display = "none";
  only_.onchange = () => { only = only_.checked; box.scrollTop = 0; if (only) { t0 = 0; t1 = G.driving.reduce((a, i) => Math.max(a, G.f[i]), 1) * 1.05; } else { t0 = 0; t1 = last * 1.02; } start(); };
  box.addEventListener("scroll", paint);
  window.addEventListener("resize", () => { size(); flat(); });
  const items = [[C.a, "activity, or all of a kind"]];
  if (G.driving.length) items.push([C.bad, "driving path of the first step"]);
  if (G.done) items.push([C.c, "done"]);
  if (G.bs) items.push([C.dim, "baseline"]);
  $("glegend").innerHTML = items.map(([c, t]) => `<span><i style="background:${c}"></i>${t}</span>`).join("") + "<span>\u25c6 milestone</span>" + (G.whole ? `<span>${num(n)} activities</span>` : "<span>one bar per kind of work and hall; activities.csv has every activity</span>");
  const start = () => { // trades lie open but for the many lines of orders, and all that few words find
    open.clear(); build();
    const few = find && rows.reduce((a, r) => a + r.node.count, 0) <= 300;
    for (let k = 0; k < (few ? 3 : 1); k++) { for (const r of rows.slice()) if (r.node && (few || r.node.name !== "delivery")) open.add(r.node.key); flat(); }
  };
  size(); start();
}
function lob(S) {
  const pick = $("lobby"), sets = new Map();
  for (const b of S.balance) { const k = `${b.trade}, by ${b.unit}`; if (!sets.has(k)) sets.set(k, []); sets.get(k).push(b); }
  const names = [...sets.keys()];
  if (!names.length) { $("lob").className = "dim"; $("lob").textContent = "No kind of work is repeated by row or array often enough for a line."; pick.parentElement.style.display = "none"; return; }
  pick.replaceChildren(...names.map((k) => new Option(k)));
  const colors = [C.a, C.b, C.c, C.d, C.bad, C.fg, C.dim], types = ["solid", "solid", "solid", "solid"];
  draw("lob", {});
  const chart = charts[charts.length - 1];
  function show() {
    const mine = sets.get(pick.value), series = [];
    mine.forEach((b, k) => {
      const color = colors[k % colors.length], moved = b.now.some((v, i) => Math.abs(v - b.planned[i]) > 0.01);
      series.push({ name: b.title, type: "line", showSymbol: false, itemStyle: { color }, lineStyle: { color, width: 2, type: k >= colors.length ? "dotted" : "solid" }, data: b.now.map((d, i) => [d, i + 1, b.places[i]]).sort((p, q) => p[1] - q[1]) });
      if (moved) series.push({ name: b.title, type: "line", showSymbol: false, itemStyle: { color }, lineStyle: { color, width: 1.2, type: "dashed", opacity: 0.8 }, data: b.planned.map((d, i) => [d, i + 1, b.places[i]]) });
    });
    const rows = phone ? mine.length : Math.ceil(mine.length / 2);
    const marks = S.status === null ? [] : [{ xAxis: S.status, label: { formatter: "status", color: C.c, position: "insideEndTop" }, lineStyle: { color: C.c, type: "dashed" } }];
    if (series.length && marks.length) series[0].markLine = { symbol: "none", silent: true, data: marks };
    chart.setOption({ animation: false, textStyle: { color: C.fg }, grid: { left: 60, right: 20, top: 24 + 20 * rows, bottom: 50 }, legend: { top: 0, textStyle: { color: C.fg, width: phone ? 260 : 420, overflow: "truncate" }, data: [...new Set(mine.map((b) => b.title))] }, xAxis: axis("project day", { type: "value", scale: true }), yAxis: axis(mine[0].unit + "s finished", { type: "value", nameGap: 40 }), tooltip: { trigger: "item", backgroundColor: C.bg, textStyle: { color: C.fg }, formatter: (p) => `${plain(p.seriesName)}<br>${plain(p.value[2])}: day ${num(p.value[0], 1)}` }, series }, true);
  }
  pick.onchange = show; show();
}
function crews(S) {
  const pick = $("crewby");
  if (!S.crews.length) { $("crews").textContent = "No crew has work."; return; }
  pick.replaceChildren(...S.crews.map((c) => new Option(c.name)));
  const busiest = S.crews.reduce((a, b) => (b.people.reduce((s, p) => s + p[1], 0) / b.capacity > a.people.reduce((s, p) => s + p[1], 0) / a.capacity ? b : a));
  pick.value = busiest.name;
  draw("crews", {});
  const chart = charts[charts.length - 1];
  function show() {
    const c = S.crews.find((k) => k.name === pick.value), data = [{ yAxis: c.capacity, label: { formatter: `${c.capacity} people`, color: C.bad, position: "insideEndTop" }, lineStyle: { color: C.bad, type: "dashed" } }];
    if (S.status !== null) data.push({ xAxis: S.status, label: { formatter: "status", color: C.c }, lineStyle: { color: C.c, type: "dashed" } });
    chart.setOption({ animation: false, textStyle: { color: C.fg }, legend: { show: false }, grid: { left: 55, right: 20, top: 30, bottom: 50 }, xAxis: axis("project day", { type: "value", min: 0 }), yAxis: axis("people at work, mean of the day", { type: "value", nameGap: 38, min: 0, max: Math.ceil(Math.max(c.capacity * 1.15, 1, ...c.people.map((p) => p[1] * 1.05))), axisLabel: { color: C.dim, formatter: (v) => num(v) } }), tooltip: { trigger: "axis", backgroundColor: C.bg, textStyle: { color: C.fg }, valueFormatter: (v) => num(v, 1) + " people" }, series: [{ name: c.name, type: "line", step: "end", showSymbol: false, areaStyle: { color: C.a, opacity: 0.45 }, lineStyle: { width: 1, color: C.a }, itemStyle: { color: C.a }, data: c.people, markLine: { symbol: "none", silent: true, data } }] }, true);
  }
  pick.onchange = show; show();
}
function scurve(S) {
  const c = S.curve, k = (rows) => rows.map(([d, v]) => [d, v / 1000]), series = [];
  if (c.p10) {
    const low = k(c.p10), high = k(c.p90);
    series.push({ name: "P10 to P90", type: "line", showSymbol: false, stack: "fan", lineStyle: { opacity: 0 }, itemStyle: { color: C.a }, data: low, tooltip: { show: false } });
    series.push({ name: "P10 to P90", type: "line", showSymbol: false, stack: "fan", lineStyle: { opacity: 0 }, itemStyle: { color: C.a }, areaStyle: { color: C.a, opacity: 0.25 }, data: high.map(([d, v], i) => [d, v - low[i][1]]), tooltip: { show: false } });
  }
  series.push({ name: "planned", type: "line", showSymbol: false, lineStyle: { width: 2, color: C.a }, itemStyle: { color: C.a }, data: k(c.planned) });
  if (c.earned) series.push({ name: "earned", type: "line", showSymbol: false, lineStyle: { width: 3, color: C.c }, itemStyle: { color: C.c }, data: k(c.earned) });
  if (c.forecast) series.push({ name: "forecast", type: "line", showSymbol: false, lineStyle: { width: 2, type: "dashed", color: C.b }, itemStyle: { color: C.b }, data: k(c.forecast) });
  if (S.status !== null) series[0].markLine = { symbol: "none", silent: true, data: [{ xAxis: S.status, label: { formatter: "status", color: C.c }, lineStyle: { color: C.c, type: "dashed" } }] };
  draw("scurve", { grid: { left: 60, right: 20, top: 40, bottom: 50 }, xAxis: axis("project day", { type: "value", min: 0 }), yAxis: axis("thousand man-hours", { type: "value", nameGap: 42, min: 0, axisLabel: { color: C.dim, formatter: (v) => num(v) } }), tooltip: { trigger: "axis", valueFormatter: (v) => num(v, 1) + " k h", backgroundColor: C.bg, textStyle: { color: C.fg } }, series });
}
if (D.schedule) for (const part of [gantt2, lob, crews, scurve]) part(D.schedule);
