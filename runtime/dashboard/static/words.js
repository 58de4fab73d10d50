// The words in which an answer is shown: the same as runtime/sinks/words.py.

// What is shown of one target's answer (docs/jsonl.md): the state and the number that it follows from.
// target: {classes, words, guess}, of the start event; message: the prediction, or null.
export function shown(answer, { classes, words, guess }, message) {
  const none = { state: "withheld", share: null, number: "", change: "" };
  if (answer?.smoothed == null) return { ...none, word: message?.reference_left_s > 0 ? "no answer yet" : "no answer" };
  if (answer.state === "withheld") return { ...none, word: `at rest, ${Math.round(message.baseline_left_s)} s left` };
  const side = classes.indexOf(answer.state);
  const means = words ?? classes;
  const word = side < 0 ? answer.state : means[side];
  const percent = `${Math.round(100 * answer.smoothed)} %`;
  return {
    state: guess ? "guess" : side < 0 ? answer.state : ["low", "high"][side],
    word: guess ? `a guess: ${word}` : word,
    share: answer.smoothed,
    number: words && word === means[1] ? percent : `${percent} ${means[1]}`,
    change: answer.change == null ? "" : signed(100 * answer.change),
  };
}

// What is shown of an answer adapted to the person; "" without one.
export function adapted(own, { classes, words }) {
  if (!own) return "";
  const since = new Date(own.since).toLocaleString([], { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
  const taught = `${own.labels} label${own.labels === 1 ? "" : "s"} since ${since}`;
  if (own.smoothed == null) return `for you: no answer; ${taught}`;
  const means = words ?? classes;
  const side = classes.indexOf(own.state);
  const word = side < 0 ? own.state : means[side];
  const points = own.difference == null ? null : Math.round(100 * own.difference);
  const difference = points == null ? "" : points ? `${signed(points)} points with ` : "no different with ";
  const number = `${Math.round(100 * own.smoothed)} %${word === means[1] ? "" : ` ${means[1]}`}`;
  return `for you: ${word} ${number}; ${difference}${taught}`;
}

function signed(value) {
  return (value < 0 ? "−" : "+") + Math.abs(value).toFixed(0);
}

// A point in time: 6:23, and from an hour on 1:06:23.
export function clock(time) {
  const whole = Math.round(Math.abs(time));
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (value) => String(value).padStart(2, "0");
  return (time <= -0.5 ? "−" : "") + (h ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`);
}

// How fast time passes where that is not life's pace.
export function pace(speed) {
  if (speed == null) return "the highest speed possible";
  return speed === 1 ? "" : `${speed}× real time`;
}

// What is waited for while the personal reference is learnt.
export function learning(left) {
  return left > 0 ? `learning what is usual for this person: ${Math.ceil(left)} s left` : "";
}

// How many responses the last minute had; "" where that is not known.
export function perMinute(count) {
  return count == null ? "" : `${count || "no"} response${count === 1 ? "" : "s"} per minute`;
}

export function filling(fill, window, speed, reference = 0) {
  const total = Math.max(window, reference);
  const what = reference > window ? "answer" : "window";
  const text = `first ${what}: ${Math.round(Math.min(fill, total))} of ${total} s of signal`;
  return pace(speed) ? `${text}, at ${pace(speed)}` : text;
}
