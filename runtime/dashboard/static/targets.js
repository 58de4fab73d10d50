// The estimates: label, probability, its recent course.

import { colour, onSchemeChange, prepared } from "./colours.js";

const COURSE = 120;

export class Targets {
  constructor(place) {
    this.place = place;
    this.parts = {};
    onSchemeChange(() => this.drawCourses());
    addEventListener("resize", () => this.drawCourses());
  }

  start(targets) {
    this.place.replaceChildren();
    this.parts = {};
    for (const [name, classes] of Object.entries(targets)) {
      const box = document.createElement("div");
      box.className = "target";
      box.dataset.target = name;
      box.innerHTML = `<div class="row"><span class="name"></span><span class="label none">–</span>
        <span class="share"></span></div><div class="meter"><div></div></div><canvas></canvas><div class="change"></div>`;
      box.querySelector(".name").textContent = name;
      this.place.append(box);
      this.parts[name] = { box, classes, course: [] };
    }
  }

  put(message) {
    for (const [name, part] of Object.entries(this.parts)) {
      const answer = message[name];
      if (!answer) continue;
      part.course.push(answer.smoothed ?? answer.probability_high);
      if (part.course.length > COURSE) part.course.shift();
      part.answer = answer;
      part.resting = message.baseline_left_s;
    }
  }

  draw() {
    for (const { box, classes, answer, resting } of Object.values(this.parts)) {
      if (!answer) continue;
      const state = answer.state ?? answer.label;
      const none = answer.probability_high == null;
      const high = state === classes[1];
      const label = box.querySelector(".label");
      label.textContent = none ? "no answer" : resting > 0 ? `rest: ${Math.round(resting)} s` : state;
      label.className = "label " + (none || resting > 0 ? "none" : high ? "high" : "low");
      box.querySelector(".share").textContent = none ? "" : `${Math.round(answer.probability_high * 100)} % ${classes[1]}`;
      const meter = box.querySelector(".meter div");
      meter.style.width = none ? "0" : `${answer.probability_high * 100}%`;
      meter.className = high ? "high" : "";
      box.querySelector(".change").textContent = answer.change == null ? ""
        : `${answer.change >= 0 ? "+" : "−"}${Math.abs(answer.change * 100).toFixed(0)} points against rest`;
    }
    this.drawCourses();
  }

  drawCourses() {
    for (const { box, course } of Object.values(this.parts)) {
      const { context: c, width, height } = prepared(box.querySelector("canvas"));
      const y = (p) => 2 + (1 - p) * (height - 4);
      c.strokeStyle = colour("line");
      c.setLineDash([3, 3]);
      c.beginPath();
      c.moveTo(0, y(0.5));
      c.lineTo(width, y(0.5));
      c.stroke();
      c.setLineDash([]);
      c.strokeStyle = colour("accent");
      c.lineWidth = 1.6;
      c.beginPath();
      let pen = false;
      course.forEach((p, i) => {
        const x = width - ((course.length - 1 - i) * width) / (COURSE - 1);
        if (p == null) pen = false;
        else {
          if (pen) c.lineTo(x, y(p));
          else c.moveTo(x, y(p));
          pen = true;
        }
      });
      c.stroke();
    }
  }
}
