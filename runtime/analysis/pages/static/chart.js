"use strict";
// The whole recording: parts above, phasic below, and a strip that shows where one is. Data comes as
// base64 of 16-bit numbers between a low and a high; 65535 is "no value".

const told = JSON.parse(document.getElementById("data").textContent);
const series = Object.fromEntries(Object.entries(told.series).map(([name, packed]) => [name, unpack(packed)]));
const n = told.count;
const end = told.start + n / told.rate;
let view = [told.start, end];
const place = document.getElementById("chart");
const readout = document.getElementById("readout");
const main = make("main", 430);
const strip = make("strip", 64);
const MARGIN = { left: 52, right: 8, top: 8, bottom: 22, gap: 14 };

function unpack({ low, high, data }) {
  const bytes = Uint8Array.from(atob(data), (c) => c.charCodeAt(0));
  const whole = new Uint16Array(bytes.buffer);
  const step = (high - low) / 65534;
  return { low, high, at: (i) => (whole[i] === 65535 ? NaN : low + step * whole[i]) };
}

function make(name, height) {
  const canvas = document.createElement("canvas");
  canvas.className = name;
  canvas.style.height = `${height}px`;
  place.append(canvas);
  return canvas;
}

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
const index = (time) => Math.min(n - 1, Math.max(0, Math.round((time - told.start) * told.rate)));

function clock(seconds, step = 1) {
  const sign = seconds < 0 ? "−" : "";
  const all = Math.abs(seconds);
  const [h, m] = [Math.floor(all / 3600), Math.floor((all % 3600) / 60)];
  const s = (all % 60).toFixed(step < 1 ? 1 : 0).padStart(step < 1 ? 4 : 2, "0");
  return `${sign}${h ? `${h}:${String(m).padStart(2, "0")}` : m}:${s}`;
}

function niceStep(span, count, units) {
  const rough = span / count;
  const found = units.find((unit) => unit >= rough);
  if (found) return found;
  const power = 10 ** Math.floor(Math.log10(rough));
  return [1, 2, 5, 10].map((k) => k * power).find((step) => step >= rough);
}

// Lowest and highest value in each column of pixels: nothing that sticks out is lost.
function columnsOf(trace, from, to, width) {
  const first = (from - told.start) * told.rate;
  const per = ((to - from) * told.rate) / width;
  const result = [];
  for (let x = 0; x < width; x++) {
    const a = Math.max(0, Math.floor(first + x * per));
    const b = Math.min(n, Math.max(a + 1, Math.ceil(first + (x + 1) * per)));
    let [low, high] = [Infinity, -Infinity];
    for (let i = a; i < b; i++) {
      const value = trace.at(i);
      if (value < low) low = value;
      if (value > high) high = value;
    }
    result.push([low, high]);
  }
  return result;
}

function line(g, box, trace, scale, from, to) {
  const x = (time) => box.x + ((time - from) / (to - from)) * box.w;
  const y = (value) => box.y + box.h - ((value - scale[0]) / (scale[1] - scale[0])) * box.h;
  g.beginPath();
  let open = false;
  if ((to - from) * told.rate > 2 * box.w) {
    columnsOf(trace, from, to, Math.round(box.w)).forEach(([low, high], k) => {
      if (low > high) return void (open = false);
      if (open) g.lineTo(box.x + k, y(high));
      else g.moveTo(box.x + k, y(high));
      if (high > low) g.lineTo(box.x + k, y(low));
      open = true;
    });
  } else {
    for (let i = Math.max(0, index(from) - 1); i <= Math.min(n - 1, index(to) + 1); i++) {
      const value = trace.at(i);
      if (Number.isNaN(value)) { open = false; continue; }
      const at = [x(told.start + i / told.rate), y(value)];
      if (open) g.lineTo(...at);
      else g.moveTo(...at);
      open = true;
    }
  }
  g.stroke();
}

function scaleOf(names, from, to, floor) {
  let [low, high] = [Infinity, -Infinity];
  for (const name of names) {
    for (const [a, b] of columnsOf(series[name], from, to, 600)) {
      low = Math.min(low, a);
      high = Math.max(high, b);
    }
  }
  if (low > high) return [0, 1];
  if (floor) low = Math.min(low, 0);
  const air = Math.max(0.02, (high - low) * 0.08) / 2;
  return [floor ? low : low - air, high + 2 * air];
}

function prepared(canvas) {
  const ratio = window.devicePixelRatio || 1;
  const [w, h] = [canvas.clientWidth, canvas.clientHeight];
  if (canvas.width !== Math.round(w * ratio) || canvas.height !== Math.round(h * ratio)) {
    [canvas.width, canvas.height] = [Math.round(w * ratio), Math.round(h * ratio)];
  }
  const g = canvas.getContext("2d");
  g.setTransform(ratio, 0, 0, ratio, 0, 0);
  g.clearRect(0, 0, w, h);
  g.font = "12px system-ui, sans-serif";
  g.lineJoin = "round";
  return [g, w, h];
}

function shade(g, box, from, to, list, fill) {
  g.fillStyle = fill;
  for (const [a, b] of list) {
    if (b < from || a > to) continue;
    const x0 = box.x + ((Math.max(a, from) - from) / (to - from)) * box.w;
    const x1 = box.x + ((Math.min(b, to) - from) / (to - from)) * box.w;
    g.fillRect(x0, box.y, Math.max(1, x1 - x0), box.h);
  }
}

function axes(g, box, scale, from, to, title, bottom) {
  g.textBaseline = "middle";
  g.textAlign = "right";
  g.strokeStyle = colour("grid");
  g.fillStyle = colour("faint");
  g.lineWidth = 1;
  const step = niceStep(scale[1] - scale[0], box.h / 34, []);
  for (let v = Math.ceil(scale[0] / step) * step; v <= scale[1]; v += step) {
    const y = Math.round(box.y + box.h - ((v - scale[0]) / (scale[1] - scale[0])) * box.h) + 0.5;
    g.beginPath();
    g.moveTo(box.x, y);
    g.lineTo(box.x + box.w, y);
    g.stroke();
    g.fillText(v.toFixed(Math.max(0, -Math.floor(Math.log10(step) + 1e-9))), box.x - 6, y);
  }
  g.textAlign = "center";
  g.textBaseline = "top";
  const units = [0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600];
  const tick = niceStep(to - from, box.w / 80, units);
  for (let t = Math.ceil(from / tick) * tick; t <= to; t += tick) {
    const x = box.x + ((t - from) / (to - from)) * box.w;
    g.beginPath();
    g.moveTo(Math.round(x) + 0.5, box.y);
    g.lineTo(Math.round(x) + 0.5, box.y + box.h);
    g.stroke();
    if (bottom && x > box.x + 14 && x < box.x + box.w - 14) g.fillText(clock(t, tick), x, box.y + box.h + 5);
  }
  g.textAlign = "left";
  g.fillText(title, box.x + 4, box.y + 3);
}

function marks(g, box, scale, from, to) {
  const { peak, amplitude, good } = told.responses;
  const shown = peak.map((time, k) => [time, k]).filter(([time]) => time >= from && time <= to);
  const small = shown.length > box.w / 5;
  for (const [time, k] of shown) {
    const x = box.x + ((time - from) / (to - from)) * box.w;
    const value = series.eda.at(index(time));
    const y = box.y + box.h - ((value - scale[0]) / (scale[1] - scale[0])) * box.h;
    if (Number.isNaN(y)) continue;
    g.fillStyle = colour(good[k] ? "scr" : "faint");
    g.beginPath();
    if (small) g.rect(x - 0.5, box.y + 1, 1, 6);
    else {
      g.moveTo(x, y - 3);
      g.lineTo(x - 4, y - 10);
      g.lineTo(x + 4, y - 10);
    }
    g.fill();
  }
}

function events(g, box, from, to, named) {
  shade(g, box, from, to, told.events.filter(([a, b]) => b > a), colour("band"));
  g.textAlign = "left";
  g.textBaseline = "bottom";
  let last = -Infinity;
  for (const [time, , text] of told.events) {
    if (time < from || time > to) continue;
    const x = Math.round(box.x + ((time - from) / (to - from)) * box.w) + 0.5;
    g.strokeStyle = g.fillStyle = colour("event");
    g.setLineDash([3, 3]);
    g.beginPath();
    g.moveTo(x, box.y);
    g.lineTo(x, box.y + box.h);
    g.stroke();
    g.setLineDash([]);
    if (named && text && x > last) {
      g.fillText(text, x + 3, box.y + box.h - 3);
      last = x + 8 + g.measureText(text).width;
    }
  }
}

function panels() {
  const [w, h] = [main.clientWidth - MARGIN.left - MARGIN.right, main.clientHeight];
  const room = h - MARGIN.top - MARGIN.bottom - MARGIN.gap;
  const upper = { x: MARGIN.left, y: MARGIN.top, w, h: Math.round(room * 0.64) };
  const y = upper.y + upper.h + MARGIN.gap;
  return [upper, { x: MARGIN.left, y, w, h: h - MARGIN.bottom - y }];
}

function draw() {
  const [from, to] = view;
  const [g] = prepared(main);
  const [upper, lower] = panels();
  const level = scaleOf(["eda", "tonic"], from, to, false);
  const phasic = scaleOf(["phasic"], from, to, true);
  for (const [box, scale, title, bottom] of [[upper, level, "skin conductance, µS", false], [lower, phasic, "phasic, µS", true]]) {
    shade(g, box, from, to, told.gaps, colour("gap"));
    shade(g, box, from, to, told.artefacts, colour("bad"));
    axes(g, box, scale, from, to, title, bottom);
    events(g, box, from, to, box === upper);
    g.save();
    g.beginPath();
    g.rect(box.x, box.y, box.w, box.h);
    g.clip();
    for (const name of box === upper ? ["eda", "tonic"] : ["phasic"]) {
      g.strokeStyle = colour(name);
      g.lineWidth = name === "tonic" ? 1.8 : 1.3;
      line(g, box, series[name], scale, from, to);
    }
    if (box === upper) marks(g, box, scale, from, to);
    g.restore();
  }
  drawStrip();
}

function drawStrip() {
  const [g, w, h] = prepared(strip);
  const box = { x: MARGIN.left, y: 2, w: w - MARGIN.left - MARGIN.right, h: h - 4 };
  shade(g, box, told.start, end, told.gaps, colour("gap"));
  shade(g, box, told.start, end, told.artefacts, colour("bad"));
  g.strokeStyle = colour("eda");
  g.lineWidth = 1;
  line(g, box, series.eda, scaleOf(["eda"], told.start, end, false), told.start, end);
  const x = (time) => box.x + ((time - told.start) / (end - told.start)) * box.w;
  g.fillStyle = colour("gap");
  g.fillRect(box.x, box.y, x(view[0]) - box.x, box.h);
  g.fillRect(x(view[1]), box.y, box.x + box.w - x(view[1]), box.h);
  g.strokeStyle = colour("tonic");
  g.strokeRect(x(view[0]) + 0.5, box.y + 0.5, Math.max(2, x(view[1]) - x(view[0]) - 1), box.h - 1);
}

let waiting = false;
function show(from, to) {
  const least = Math.min(end - told.start, 8 / told.rate);
  let span = Math.min(end - told.start, Math.max(least, to - from));
  const middle = (from + to) / 2;
  from = Math.min(Math.max(told.start, middle - span / 2), end - span);
  view = [from, from + span];
  if (waiting) return;
  waiting = true;
  requestAnimationFrame(() => {
    waiting = false;
    draw();
  });
}

function timeAt(canvas, event, [from, to]) {
  const box = canvas.getBoundingClientRect();
  const share = (event.clientX - box.left - MARGIN.left) / (box.width - MARGIN.left - MARGIN.right);
  return from + Math.min(1, Math.max(0, share)) * (to - from);
}

function zoom(factor, around = (view[0] + view[1]) / 2) {
  const from = around - (around - view[0]) * factor;
  show(from, from + (view[1] - view[0]) * factor);
}

main.addEventListener("wheel", (event) => {
  event.preventDefault();
  zoom(event.deltaY > 0 ? 1.25 : 0.8, timeAt(main, event, view));
}, { passive: false });
main.addEventListener("dblclick", () => show(told.start, end));

let held = null;
main.addEventListener("pointerdown", (event) => {
  held = { x: event.clientX, view };
  main.setPointerCapture(event.pointerId);
});
main.addEventListener("pointerup", () => (held = null));
main.addEventListener("pointermove", (event) => {
  if (held) {
    const width = main.clientWidth - MARGIN.left - MARGIN.right;
    const moved = ((event.clientX - held.x) / width) * (held.view[1] - held.view[0]);
    return show(held.view[0] - moved, held.view[1] - moved);
  }
  const time = timeAt(main, event, view);
  const [i, { onset, peak, amplitude }] = [index(time), told.responses];
  const near = peak.findIndex((p, k) => time >= onset[k] && time <= p + 1);
  const value = (name) => { const v = series[name].at(i); return Number.isNaN(v) ? "–" : v.toFixed(3); };
  const scr = near < 0 ? "" : ` · response of ${amplitude[near].toFixed(3)} µS, onset ${clock(onset[near], 0.1)}`;
  readout.textContent = `${clock(time, 0.1)} · EDA ${value("eda")} µS · tonic ${value("tonic")} · phasic ${value("phasic")}${scr}`;
  return undefined;
});

let brush = null;
strip.addEventListener("pointerdown", (event) => {
  brush = timeAt(strip, event, [told.start, end]);
  strip.setPointerCapture(event.pointerId);
});
strip.addEventListener("pointermove", (event) => {
  if (brush === null) return;
  const now = timeAt(strip, event, [told.start, end]);
  if (Math.abs(now - brush) > (end - told.start) / 400) show(Math.min(brush, now), Math.max(brush, now));
});
strip.addEventListener("pointerup", (event) => {
  const now = timeAt(strip, event, [told.start, end]);
  const half = (view[1] - view[0]) / 2;
  if (Math.abs(now - brush) <= (end - told.start) / 400) show(now - half, now + half);
  brush = null;
});

document.getElementById("in").addEventListener("click", () => zoom(0.5));
document.getElementById("out").addEventListener("click", () => zoom(2));
document.getElementById("all").addEventListener("click", () => show(told.start, end));
document.addEventListener("keydown", (event) => {
  const step = (view[1] - view[0]) / 4;
  if (event.key === "ArrowLeft") show(view[0] - step, view[1] - step);
  else if (event.key === "ArrowRight") show(view[0] + step, view[1] + step);
  else if (event.key === "+" || event.key === "=") zoom(0.5);
  else if (event.key === "-") zoom(2);
  else if (event.key === "0") show(told.start, end);
});
new ResizeObserver(() => show(...view)).observe(place);
window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => show(...view));
const wanted = /^#t=([\d.]+),([\d.]+)$/.exec(location.hash);
if (wanted) show(Number(wanted[1]), Number(wanted[2]));
else draw();
