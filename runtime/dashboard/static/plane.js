// The plane of valence and arousal (Russell's circumplex, doi:10.1037/h0077714): where the point is,
// and where it was.

import { colour, onSchemeChange, prepared } from "./colours.js";

const TRAIL = 60;

export class Plane {
  constructor(canvas) {
    this.canvas = canvas;
    this.colour = "accent";
    this.points = []; // [valence, arousal], 0 to 1; null where there was no answer
    onSchemeChange(() => this.draw());
    new ResizeObserver(() => this.draw()).observe(canvas);
  }

  put(valence, arousal) {
    this.points.push(valence == null || arousal == null ? null : [valence, arousal]);
    if (this.points.length > TRAIL) this.points.shift();
  }

  clear() {
    this.points.length = 0;
  }

  draw() {
    const { context: c, width, height } = prepared(this.canvas);
    const edge = 22;
    const size = Math.min(width, height) - 2 * edge;
    if (size <= 0) return; // hidden: the model has no valence
    const place = ([x, y]) => [edge + x * size, edge + (1 - y) * size];
    c.lineWidth = 1;
    c.strokeStyle = colour("line");
    c.beginPath();
    c.arc(edge + size / 2, edge + size / 2, size / 2, 0, 2 * Math.PI);
    c.moveTo(edge, edge + size / 2);
    c.lineTo(edge + size, edge + size / 2);
    c.moveTo(edge + size / 2, edge);
    c.lineTo(edge + size / 2, edge + size);
    c.stroke();
    c.fillStyle = colour("soft");
    c.font = "12px system-ui, sans-serif";
    c.textAlign = "center";
    c.textBaseline = "middle";
    c.fillText("high arousal", edge + size / 2, edge / 2);
    c.fillText("low arousal", edge + size / 2, edge * 1.5 + size);
    for (const [word, x] of [["low valence", edge / 2], ["high valence", edge * 1.5 + size]]) {
      c.save();
      c.translate(x, edge + size / 2);
      c.rotate(-Math.PI / 2);
      c.fillText(word, 0, 0);
      c.restore();
    }
    c.fillStyle = c.strokeStyle = colour(this.colour);
    c.lineWidth = 2;
    this.points.forEach((point, i) => {
      const before = this.points[i - 1];
      if (!point) return;
      c.globalAlpha = 0.1 + 0.6 * (i / this.points.length);
      if (before) {
        c.beginPath();
        c.moveTo(...place(before));
        c.lineTo(...place(point));
        c.stroke();
      }
    });
    c.globalAlpha = 1;
    const last = this.points[this.points.length - 1];
    if (last) {
      c.beginPath();
      c.arc(...place(last), 7, 0, 2 * Math.PI);
      c.fill();
    }
  }
}
