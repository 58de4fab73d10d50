// The two scrolling charts: level (EDA and tonic), and phasic.

import { colour, onSchemeChange } from "./colours.js";

const { uPlot } = window;
const HEIGHTS = { wide: [340, 200], narrow: [210, 130] };
const LEAST_US = 0.1; // a resting signal should not look like a storm

function spread(u, low, high) {
  if (low == null || high == null) return [0, 1];
  const missing = Math.max(LEAST_US - (high - low), (high - low) * 0.1) / 2;
  return [low - missing, high + missing];
}

function clock(seconds) {
  const whole = Math.round(seconds);
  const sign = whole < 0 ? "-" : "";
  const [m, s] = [Math.floor(Math.abs(whole) / 60), Math.abs(whole) % 60];
  return `${sign}${m}:${String(s).padStart(2, "0")}`;
}

export class Plots {
  // data: eda, a Series(1); parts, a Series(2) of tonic and phasic; latest, the newest window whole:
  // {time, tonic, phasic}; marks: [{time, text}]
  constructor(level, phasic, data) {
    this.places = [level, phasic];
    this.data = data;
    this.span = 60;
    this.zoomed = null; // [from, to] where a person chose
    this.plots = [];
    this.build();
    onSchemeChange(() => this.build());
    new ResizeObserver(() => this.resize()).observe(level);
  }

  build() {
    this.plots.forEach((plot) => plot.destroy());
    this.plots = [
      this.make(0, [
        { stroke: colour("eda"), width: 1.6 },
        { stroke: colour("tonic"), width: 2 },
      ], false),
      this.make(1, [{ stroke: colour("phasic"), width: 1.6 }], true),
    ];
    this.draw();
  }

  size(i) {
    const heights = matchMedia("(max-width: 900px)").matches ? HEIGHTS.narrow : HEIGHTS.wide;
    return { width: this.places[i].clientWidth || 600, height: heights[i] };
  }

  make(i, lines, showsTime) {
    const axis = { stroke: colour("soft"), grid: { stroke: colour("grid"), width: 1 }, ticks: { show: false } };
    return new uPlot({
      ...this.size(i),
      legend: { show: false },
      cursor: { drag: { x: true, y: false, setScale: false }, sync: { key: "signal" }, points: { show: false } },
      scales: { x: { time: false }, y: { range: spread } },
      axes: [
        { ...axis, size: showsTime ? 26 : 6, values: (u, at) => at.map((t) => (showsTime ? clock(t) : "")) },
        { ...axis, size: 52, values: (u, at) => at.map((v) => v.toFixed(2)), label: "µS", labelSize: 16, labelGap: -2 },
      ],
      series: [{}, ...lines.map((line) => ({ ...line, points: { show: false } }))],
      hooks: {
        draw: [(u) => this.drawMarks(u, !showsTime)],
        setSelect: [(u) => this.select(u)],
      },
    }, [[], ...lines.map(() => [])], this.places[i]);
  }

  select(u) {
    if (u.select.width > 4) {
      this.zoomed = [u.posToVal(u.select.left, "x"), u.posToVal(u.select.left + u.select.width, "x")];
      this.onZoom?.();
    }
    u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
    this.draw();
  }

  follow() {
    this.zoomed = null;
    this.draw();
  }

  drawMarks(u, named) {
    const { ctx, bbox } = u;
    ctx.save();
    ctx.strokeStyle = ctx.fillStyle = colour("mark");
    ctx.lineWidth = devicePixelRatio;
    ctx.setLineDash([4 * devicePixelRatio, 3 * devicePixelRatio]);
    ctx.font = `${11 * devicePixelRatio}px system-ui, sans-serif`;
    for (const { time, text } of this.data.marks) {
      if (time < u.scales.x.min || time > u.scales.x.max) continue;
      const x = Math.round(u.valToPos(time, "x", true));
      ctx.beginPath();
      ctx.moveTo(x, bbox.top);
      ctx.lineTo(x, bbox.top + bbox.height);
      ctx.stroke();
      if (named) ctx.fillText(text, x + 4 * devicePixelRatio, bbox.top + 12 * devicePixelRatio);
    }
    ctx.restore();
  }

  range() {
    if (this.zoomed) return this.zoomed;
    const newest = Math.max(this.data.eda.newest ?? 0, this.span);
    return [newest - this.span, newest];
  }

  // The newest window as it is, and before it what earlier ones said.
  parts(from, to) {
    const { parts, latest } = this.data;
    const head = latest.time.length ? latest.time[0] : Infinity;
    const columns = parts.slice(from, to);
    const count = columns[0].findIndex((time) => time >= head - 1e-6);
    if (count < 0) return columns;
    return [latest.time, latest.tonic, latest.phasic].map((column, i) => [...columns[i].slice(0, count), ...column]);
  }

  draw() {
    const [from, to] = this.range();
    const [t, eda] = this.data.eda.slice(from, to);
    const [tp, tonic, phasic] = this.parts(from, to);
    const level = t.length && tp.length ? uPlot.join([[t, eda], [tp, tonic]])
      : t.length ? [t, eda, t.map(() => null)] : [[], [], []];
    [level, [tp, phasic]].forEach((data, i) => {
      this.plots[i].batch(() => {
        this.plots[i].setData(data, false);
        this.plots[i].setScale("x", { min: from, max: to });
      });
    });
  }

  resize() {
    this.plots.forEach((plot, i) => {
      const size = this.size(i);
      if (size.width !== plot.width || size.height !== plot.height) plot.setSize(size);
    });
  }
}
