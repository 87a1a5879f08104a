// Whether the page is connected, and when the last event arrived.
import { ageText } from "../format.js";
import { serverNow } from "../clock.js";

const LABELS = { live: "Live", connecting: "Reconnecting", offline: "Offline" };
const REPAINT_MS = 5000;

export function statusView() {
  const box = document.getElementById("connection");
  const label = box.querySelector("[data-live-word]");
  let status = "connecting";
  let last = null;

  function paint() {
    box.dataset.status = status;
    const age = last === null ? "" : `, last update ${ageText((serverNow() - last) / 1000)}`;
    const text = `${LABELS[status]}${age}`;
    if (label.textContent !== text) label.textContent = text;
  }

  setInterval(paint, REPAINT_MS);
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
