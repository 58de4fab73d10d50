// The stream (docs/dashboard.md describes it), and what is done with it.

import { Guide } from "./guide.js";
import { Plane } from "./plane.js";
import { Plots } from "./plots.js";
import { Series } from "./series.js";
import { Say } from "./say.js";
import { Targets } from "./targets.js";
import { clock, filling, learning, pace, perMinute } from "./words.js";

const RETRY_MS = [500, 1000, 2000, 4000];
const FRAME_MS = 100;
const HEAD = 0.25;

const by = (id) => document.getElementById(id);
const eda = new Series(1);
const parts = new Series(2);
const latest = { time: [], tonic: [], phasic: [] };
const marks = [];
const responses = [];
const plots = new Plots(by("level"), by("phasic"), { eda, parts, latest, marks, responses });
const plane = new Plane(by("plane"));
const targets = new Targets(by("targets"));
const guide = new Guide(by("guide"), (text) => tell("step", text));
const say = new Say(by("say"), (text) => tell("label", text));

let run = null;
let paused = false;
let dirty = true;
let socket = null;
let failures = 0;
let ended = false;
let predicted = false;
let answered = 0;
let arrived = 0;

const receive = {
  start(m) {
    // A reconnection gets everything again.
    [eda, parts, plane, guide, say].forEach((item) => item.clear());
    Object.assign(latest, { time: [], tonic: [], phasic: [] });
    marks.length = responses.length = 0;
    by("responses").textContent = "";
    run = m;
    predicted = ended = false;
    by("waiting").hidden = false;
    by("source").textContent = [m.sensor, m.port, pace(m.speed)].filter(Boolean).join(" · ");
    by("profile").textContent = m.profile ?? "";
    by("profile").hidden = !m.profile;
    by("model").textContent = m.model;
    by("trained").textContent = m.trained_on;
    targets.start(m);
    const guesses = Object.values(m.guess);
    plane.colour = guesses.length ? "soft" : "accent";
    by("plane-note").textContent = guesses.join(" ") || "Valence from skin conductance is close to a guess.";
    document.querySelectorAll("[data-needs]").forEach((item) => {
      item.hidden = !item.dataset.needs.split(" ").every((name) => name in m.targets);
    });
    by("notice").hidden = true;
  },
  samples(m) {
    eda.put(m.time_s, m.eda_us);
    arrived = performance.now();
    if (!predicted) {
      by("waiting").textContent = filling(m.fill_s, run.context_s + run.window_s, run.speed, run.reference_left_s);
    }
  },
  prediction(m) {
    predicted = true;
    answered = performance.now();
    by("waiting").textContent = learning(m.reference_left_s);
    by("waiting").hidden = !by("waiting").textContent;
    if (m.tonic_us?.length) {
      const step = (m.time_s - m.start_s) / m.tonic_us.length;
      const time = m.tonic_us.map((_, i) => m.start_s + i * step);
      Object.assign(latest, { time, tonic: m.tonic_us, phasic: m.phasic_us });
      // Parts are least certain at a window's head: of earlier windows their middle is kept.
      const skip = parts.newest == null || parts.newest < m.start_s ? 0 : Math.round(time.length * HEAD);
      parts.put(...[time, m.tonic_us, m.phasic_us].map((column) => column.slice(skip)));
    }
    by("responses").textContent = perMinute(m.scr_per_min);
    targets.put(m);
    plane.put(m.valence?.smoothed, m.arousal?.smoothed);
    const good = !m.reasons.length;
    by("quality").textContent = `${Math.round(m.quality * 100)} %, ${good ? "good" : m.reasons.join("; ")}`;
    by("quality").className = good ? "good" : "bad";
    const after = run.speed == null ? "" : `, ${m.latency_ms.toFixed(1)} ms after the newest sample`;
    by("latency").textContent = `computed in ${m.compute_ms.toFixed(1)} ms${after}`;
    by("fresh").textContent = `at ${clock(m.time_s)}, about the last ${run.window_s} s`;
  },
  marker(m) {
    marks.push({ time: m.time_s, text: m.text });
  },
  scr(m) {
    responses.push(m.peak_s);
    while (responses[0] < m.peak_s - 900) responses.shift();
  },
  label(m) {
    marks.push({ time: m.time_s, text: m.text });
    if (m.source === "enrolment") return;
    say.note(`said at ${clock(m.time_s)}: ${m.text}`);
    say.asked(null);
  },
  step(m) {
    guide.put(m);
  },
  status(m) {
    if (m.kind === "question" || m.kind === "hint") {
      say.asked(m.text);
      return;
    }
    by("notice").textContent = m.text;
    by("notice").hidden = m.kind === "reconnected";
  },
  health(m) {
    by("outputs").textContent = m.sinks
      .map((s) => s.name + (s.trouble ? `: ${s.trouble}` : "") + (s.missed ? ` (${s.missed} missed)` : ""))
      .join(", ");
    by("outputs").className = m.sinks.some((s) => s.trouble) ? "bad" : "";
  },
  summary(m) {
    ended = true;
    by("notice").textContent = `The run has ended: ${m.windows} windows in ${m.seconds.toFixed(0)} s.`;
    by("notice").hidden = false;
  },
};

function connect() {
  const token = new URLSearchParams(location.search).get("token");
  const query = token ? `?token=${encodeURIComponent(token)}` : "";
  socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws${query}`);
  socket.onopen = () => {
    failures = 0;
    link("live", "live");
  };
  socket.onmessage = ({ data }) => {
    const message = JSON.parse(data);
    receive[message.type]?.(message);
    dirty = true;
  };
  socket.onclose = () => {
    link("lost", ended ? "ended" : "not connected, trying again");
    setTimeout(connect, RETRY_MS[Math.min(failures++, RETRY_MS.length - 1)]);
  };
}

function link(kind, text) {
  by("link").className = "pill " + kind;
  by("link").textContent = text;
}

// An answer that nothing followed for so long says nothing any more; at the end the last one stays.
function expire() {
  const silence = ((performance.now() - answered) / 1000) * (run?.speed ?? 1);
  if (!predicted || ended || silence < run.expires_s) return;
  answered = performance.now();
  targets.expire();
  plane.put(null, null);
  by("fresh").textContent = "none now";
  dirty = true;
}

// The samples' time now: they come in groups.
function now() {
  if (eda.newest == null) return null;
  return eda.newest + Math.min((performance.now() - arrived) / 1000, 1) * (run?.speed ?? 0);
}

function draw() {
  expire();
  if (!document.hidden) guide.draw(now());
  if (!dirty || document.hidden) return;
  dirty = false;
  targets.draw();
  plane.draw();
  if (!paused) plots.draw();
}

function pause(on = !paused) {
  paused = on;
  by("pause").setAttribute("aria-pressed", paused);
  by("pause").textContent = paused ? "Go on" : "Pause";
  if (!paused) plots.follow();
}

function tell(type, text) {
  if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify({ type, text }));
}

function mark() {
  tell("marker", `mark ${marks.length + 1}`);
}

plots.onZoom = () => pause(true);
document.querySelectorAll("[data-span]").forEach((button) => {
  button.onclick = () => {
    document.querySelectorAll("[data-span]").forEach((b) => b.setAttribute("aria-pressed", b === button));
    plots.span = Number(button.dataset.span);
    pause(false);
  };
});
by("pause").onclick = () => pause();
by("mark").onclick = mark;
document.querySelectorAll(".plot").forEach((place) => (place.ondblclick = () => pause(false)));
addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  const guided = { n: "skip", r: "restart", q: "stop" }[event.key.toLowerCase()];
  if (event.key === "m" || event.key === "M") mark();
  else if (guided && !by("guide").hidden) tell("step", guided);
  else if (say.key(event)) return;
  else if (event.key === " " && event.target.tagName !== "BUTTON") {
    event.preventDefault();
    pause();
  }
});
document.addEventListener("visibilitychange", () => (dirty = true));
setInterval(draw, FRAME_MS);
connect();
