// The guided first session: how a step looks at a moment. The same as runtime/sinks/steps.py.

import { clock } from "./words.js";

const MEASURING = ["rest", "arithmetic"];

export class Guide {
  // send: takes "skip", "restart" or "stop".
  constructor(place, send) {
    this.place = place;
    this.step = null;
    const part = (name) => place.querySelector(name);
    this.parts = Object.fromEntries(["title", "left", "text", "breath", "number", "lines"].map((name) => [name, part(`.${name}`)]));
    this.progress = part(".progress div");
    this.circle = part(".circle");
    place.querySelectorAll("[data-say]").forEach((button) => (button.onclick = () => send(button.dataset.say)));
  }

  clear() {
    this.put(null);
  }

  put(step) {
    this.step = step;
    this.place.hidden = !step || step.kind === "over";
    if (this.place.hidden) return;
    const { title, text, lines, breath, number } = this.parts;
    const measuring = MEASURING.includes(step.kind);
    title.textContent = measuring ? `Step ${step.index + 1} of ${step.count}: ${step.kind}` : { recap: "What was measured", stopped: "Stopped" }[step.kind];
    text.textContent = step.text;
    lines.replaceChildren(...step.lines.map((line) => Object.assign(document.createElement("li"), { textContent: line })));
    breath.hidden = !step.breath_s;
    number.hidden = !step.numbers;
    this.place.querySelector(".progress").hidden = !measuring;
    this.place.querySelector("[data-say=stop]").hidden = !measuring;
    this.place.querySelector("[data-say=skip]").textContent = measuring ? "Skip this step" : "Close";
  }

  // now: the samples' time, seconds.
  draw(now) {
    const step = this.step;
    if (this.place.hidden || now == null) return;
    const passed = Math.max(now - step.time_s, 0);
    const left = Math.min(Math.max(step.duration_s - passed, 0), step.duration_s);
    const measuring = MEASURING.includes(step.kind);
    this.parts.left.textContent = measuring ? `${clock(Math.ceil(left))} left` : "";
    if (measuring) this.progress.style.width = `${100 * (1 - left / step.duration_s)}%`;
    if (step.breath_s) {
      const [inhale, exhale] = step.breath_s;
      const at = passed % (inhale + exhale);
      const full = at < inhale ? at / inhale : 1 - (at - inhale) / exhale;
      this.circle.style.transform = `scale(${0.35 + 0.65 * full})`;
      this.circle.nextElementSibling.textContent = at < inhale ? "breathe in" : "breathe out";
    }
    if (step.numbers) {
      const [first, less, every] = step.numbers;
      const count = Math.min(Math.floor(passed / every), Math.floor(first / less));
      this.parts.number.firstElementChild.textContent = first - less * count;
      this.parts.number.lastElementChild.textContent = `from ${first}, minus ${less} each time`;
    }
  }
}
