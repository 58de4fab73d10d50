// The two scrolling charts: level (EDA and tonic), and phasic. Dygraphs draws them.

import { colour, onSchemeChange } from "./colours.js";
import { clock } from "./words.js";

const { Dygraph } = window;
const LEAST_US = 0.1; // a resting signal should not look like a storm
const LEAST_DRAG = 5;
const EMPTY = { level: [[0, null, null]], phasic: [[0, null]] };

// Bottom and top of a chart's scale, with some air; rows are [time, value, ...].
function scale(rows, from, to) {
  let [low, high] = [Infinity, -Infinity];
  for (const [time, ...values] of rows) {
    if (time < from || time > to) continue;
    for (const value of values) {
      if (value == null || Number.isNaN(value)) continue;
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
  }
  if (low > high) return [0, 1];
  const air = Math.max(LEAST_US - (high - low), (high - low) * 0.1) / 2;
  return [low - air, high + air];
}

// Rows [time, eda, tonic] of two columns with times of their own. A value that is missing is NaN,
// which leaves a gap; null is where the other column alone has a time.
function merged([t, eda], [tp, tonic]) {
  const rows = [];
  for (let i = 0, k = 0; i < t.length || k < tp.length; ) {
    const time = Math.min(t[i] ?? Infinity, tp[k] ?? Infinity);
    const row = [time, null, null];
    if (t[i] === time) row[1] = eda[i++] ?? NaN;
    if (tp[k] === time) row[2] = tonic[k++] ?? NaN;
    rows.push(row);
  }
  return rows;
}

export class Plots {
  // data: eda, a Series(1); parts, a Series(2) of tonic and phasic; latest, the newest window whole:
  // {time, tonic, phasic}; marks: [{time, text}]; responses: times of their peaks
  constructor(level, phasic, data) {
    this.data = data;
    this.span = 60;
    this.zoomed = null; // [from, to] where a person chose
    this.plots = [
      this.make(level, ["time", "EDA", "tonic"], EMPTY.level, true),
      this.make(phasic, ["time", "phasic"], EMPTY.phasic, false),
    ];
    this.paint();
    onSchemeChange(() => this.paint());
    new ResizeObserver(() => this.plots.forEach((plot) => plot.resize())).observe(level);
    [level, phasic].forEach((place, i) => this.letZoom(place, this.plots[i]));
  }

  make(place, labels, rows, named) {
    return new Dygraph(place, rows, {
      labels,
      legend: "never",
      showLabelsOnHighlight: false,
      highlightCircleSize: 0,
      interactionModel: {},
      connectSeparatedPoints: true,
      strokeWidth: 1.8,
      axisLabelFontSize: 12,
      rightGap: 2,
      axes: {
        x: { axisLabelFormatter: clock, pixelsPerLabel: 70 },
        y: { axisLabelFormatter: (value) => value.toFixed(2), axisLabelWidth: 46, pixelsPerLabel: 26 },
      },
      underlayCallback: (context, area, plot) => this.drawMarks(context, area, plot, named),
    });
  }

  paint() {
    const colours = [["eda", "tonic"], ["phasic"]];
    this.plots.forEach((plot, i) => plot.updateOptions({
      colors: colours[i].map(colour), gridLineColor: colour("grid"), axisLineColor: colour("line"),
    }));
    this.draw();
  }

  // Drag across a chart, with the mouse or a finger, to see that stretch.
  letZoom(place, plot) {
    const shade = document.createElement("div");
    shade.className = "shade";
    place.append(shade);
    let from = null;
    const x = (event) => event.clientX - place.getBoundingClientRect().left;
    const end = () => {
      from = null;
      shade.style.width = "0";
    };
    place.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      from = x(event);
      place.setPointerCapture(event.pointerId);
    });
    place.addEventListener("pointermove", (event) => {
      if (from == null) return;
      shade.style.left = `${Math.min(from, x(event))}px`;
      shade.style.width = `${Math.abs(x(event) - from)}px`;
    });
    place.addEventListener("pointerup", (event) => {
      if (from == null) return;
      const [a, b] = [from, x(event)].sort((one, other) => one - other);
      end();
      if (b - a < LEAST_DRAG) return;
      this.zoomed = [plot.toDataXCoord(a), plot.toDataXCoord(b)];
      this.onZoom?.();
      this.draw();
    });
    place.addEventListener("pointercancel", end);
  }

  follow() {
    this.zoomed = null;
    this.draw();
  }

  drawMarks(context, area, plot, named) {
    const [from, to] = plot.xAxisRange();
    context.save();
    context.strokeStyle = context.fillStyle = colour("mark");
    context.lineWidth = 1;
    context.setLineDash([4, 3]);
    context.font = "11px system-ui, sans-serif";
    for (const { time, text } of this.data.marks) {
      if (time < from || time > to) continue;
      const x = Math.round(plot.toDomXCoord(time)) + 0.5;
      context.beginPath();
      context.moveTo(x, area.y);
      context.lineTo(x, area.y + area.h);
      context.stroke();
      if (named) context.fillText(text, x + 4, area.y + 12);
    }
    if (!named) this.drawResponses(context, area, plot, from, to);
    context.restore();
  }

  // A triangle above the peak of each response.
  drawResponses(context, area, plot, from, to) {
    context.fillStyle = colour("phasic");
    for (const time of this.data.responses) {
      if (time < from || time > to) continue;
      const x = plot.toDomXCoord(time);
      context.beginPath();
      context.moveTo(x - 5, area.y);
      context.lineTo(x + 5, area.y);
      context.lineTo(x, area.y + 8);
      context.fill();
    }
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
    const [time, tonic, phasic] = this.parts(from, to);
    const level = merged(this.data.eda.drawn(from, to), [time, tonic]);
    const below = time.map((t, i) => [t, phasic[i] ?? NaN]);
    [level.length ? level : EMPTY.level, below.length ? below : EMPTY.phasic].forEach((file, i) => {
      this.plots[i].updateOptions({ file, dateWindow: [from, to], valueRange: scale(file, from, to) });
    });
  }
}
