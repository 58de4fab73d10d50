// The answers: the state, the smoothed probability that it follows from, and its recent course.

import { colour, onSchemeChange, prepared } from "./colours.js";
import { adapted, shown } from "./words.js";

const COURSE = 120;

export class Targets {
  constructor(place) {
    this.place = place;
    this.parts = {};
    onSchemeChange(() => this.drawCourses());
    addEventListener("resize", () => this.drawCourses());
  }

  // Of the start event: classes, bounds, words and sentences about guesses, by target.
  start({ targets, bounds, words, guess }) {
    this.place.replaceChildren();
    this.parts = {};
    for (const [name, classes] of Object.entries(targets)) {
      const box = document.createElement("div");
      box.className = "target";
      box.dataset.target = name;
      box.innerHTML = `<div class="row"><span class="name"></span><span class="label withheld">–</span>
        <span class="share"></span></div><div class="meter"><div></div></div><canvas></canvas><div class="change"></div><div class="adapted"></div><div class="why"></div>`;
      box.querySelector(".name").textContent = name;
      box.querySelector(".why").textContent = guess[name] ?? "";
      this.place.append(box);
      const target = { classes, words: words[name], guess: guess[name] };
      this.parts[name] = { box, target, bounds: bounds[name], course: [] };
    }
  }

  put(message) {
    for (const [name, part] of Object.entries(this.parts)) {
      part.adapted = adapted(message[name]?.adapted, part.target);
      part.answer = shown(message[name], part.target, message);
      part.course.push(part.answer.share);
      if (part.course.length > COURSE) part.course.shift();
    }
  }

  // Nothing followed for so long that the last answer says nothing any more.
  expire() {
    for (const part of Object.values(this.parts)) {
      part.answer = shown(null, part.target, null);
      part.adapted = "";
      part.course.push(null);
    }
  }

  draw() {
    for (const { box, target, answer, adapted: own } of Object.values(this.parts)) {
      if (!answer) continue;
      box.querySelector(".adapted").textContent = own ?? "";
      const label = box.querySelector(".label");
      label.textContent = answer.word;
      label.className = `label ${answer.state}`;
      label.classList.toggle("words", target.words != null);
      box.querySelector(".share").textContent = answer.number;
      const meter = box.querySelector(".meter div");
      meter.style.width = `${100 * (answer.share ?? 0)}%`;
      meter.className = answer.state;
      box.querySelector(".change").textContent = answer.change && `${answer.change} points against rest`;
    }
    this.drawCourses();
  }

  drawCourses() {
    for (const { box, target, course, bounds } of Object.values(this.parts)) {
      const { context: c, width, height } = prepared(box.querySelector("canvas"));
      const y = (p) => 2 + (1 - p) * (height - 4);
      // Between its bounds it is undecided.
      c.fillStyle = colour("grid");
      c.fillRect(0, y(bounds[1]), width, Math.max(y(bounds[0]) - y(bounds[1]), 1));
      c.strokeStyle = colour(target.guess ? "soft" : "accent");
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
