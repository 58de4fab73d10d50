// What the person says of how they feel: buttons and keys.

const KEYS = { c: "calm", t: "tense" };

export class Say {
  // send: takes words such as "arousal 4".
  constructor(place, send) {
    this.place = place;
    this.send = send;
    for (const target of ["arousal", "valence"]) {
      const row = place.querySelector(`[data-rate=${target}]`);
      for (let rating = 1; rating <= 5; rating++) {
        const button = document.createElement("button");
        button.textContent = rating;
        button.title = target === "arousal" ? `${rating}` : `Shift ${rating}`;
        button.setAttribute("aria-label", `${target} ${rating} of 5`);
        button.onclick = () => send(`${target} ${rating}`);
        row.append(button);
      }
    }
    place.querySelectorAll("[data-say]").forEach((button) => (button.onclick = () => send(button.dataset.say)));
  }

  // Whether a key said something.
  key(event) {
    // By its place on the keyboard: with Shift it types another character.
    const digit = /^Digit([1-5])$/.exec(event.code)?.[1] ?? /^[1-5]$/.exec(event.key)?.[0];
    const words = digit ? `${event.shiftKey ? "valence" : "arousal"} ${digit}` : KEYS[event.key.toLowerCase()];
    if (words) this.send(words);
    return Boolean(words);
  }

  clear() {
    this.note("");
    this.asked(null);
  }

  // What the person is asked or told; nothing with null.
  asked(text) {
    const place = this.place.querySelector(".asked");
    place.textContent = text ?? "";
    place.hidden = !text;
    this.place.classList.toggle("asking", Boolean(text));
  }

  note(text) {
    this.place.querySelector(".said").textContent = text;
  }
}
