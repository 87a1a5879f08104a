// Whether the page is live, and when it last heard something.
import { ageText } from "../format.js";
import { serverNow } from "../clock.js";

const WORDS = { live: "Live", connecting: "Reconnecting", offline: "Offline" };

export function statusView() {
  let status = "connecting";
  let last = null;

  function paint() {
    const box = document.getElementById("connection");
    if (!box) return;
    box.dataset.status = status;
    const age = last === null ? "" : `, last update ${ageText((serverNow() - last) / 1000)}`;
    const text = `${WORDS[status]}${age}`;
    const word = box.querySelector("[data-live-word]");
    if (word.textContent !== text) word.textContent = text;
  }

  setInterval(paint, 5000);
  document.addEventListener("htmx:afterSettle", paint);
  return {
    show(next) {
      status = next;
      paint();
    },
    heard(at) {
      if (at) last = new Date(at).getTime();
      paint();
    },
  };
}
