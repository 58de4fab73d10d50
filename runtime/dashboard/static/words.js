// The words in which an answer is shown: the same as runtime/sinks/words.py.

// What is shown of one target's answer (docs/jsonl.md): the state and the number that it follows from.
export function shown(answer, classes, baselineLeft) {
  if (answer?.smoothed == null) return { state: "withheld", word: "no answer", share: null, number: "", change: "" };
  if (answer.state === "withheld") {
    return { state: "withheld", word: `at rest, ${Math.round(baselineLeft)} s left`, share: null, number: "", change: "" };
  }
  const side = classes.indexOf(answer.state);
  return {
    state: side < 0 ? answer.state : ["low", "high"][side],
    word: answer.state,
    share: answer.smoothed,
    number: `${Math.round(100 * answer.smoothed)} % ${classes[1]}`,
    change: answer.change == null ? "" : signed(100 * answer.change),
  };
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

export function filling(fill, total, speed) {
  const text = `first window: ${Math.round(Math.min(fill, total))} of ${total} s of signal`;
  return pace(speed) ? `${text}, at ${pace(speed)}` : text;
}
