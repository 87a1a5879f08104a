// Times relative to now, kept moving. The server's clock decides; exact times are in the viewer's zone.
import { ageText, durationText } from "./format.js";

const AGES_MS = 15000;
const ELAPSED_MS = 1000;
const page = document.querySelector("[data-now]");
const offset = page ? new Date(page.dataset.now).getTime() - Date.now() : 0;

// The present, in milliseconds of the server's clock.
export function serverNow() {
  return Date.now() + offset;
}

function showAge(element) {
  const moment = new Date(element.getAttribute("datetime"));
  element.textContent = ageText((serverNow() - moment.getTime()) / 1000);
  element.title = moment.toLocaleString(undefined, { dateStyle: "medium", timeStyle: "medium" });
}

function showElapsed(root = document) {
  for (const element of root.querySelectorAll("[data-elapsed-since]")) {
    const start = new Date(element.dataset.elapsedSince).getTime();
    element.textContent = durationText((serverNow() - start) / 1000);
  }
}

// Brings every time below `root` up to date.
export function showTimes(root = document) {
  for (const element of root.querySelectorAll("time[data-ago]")) showAge(element);
  showElapsed(root);
}

showTimes();
setInterval(showTimes, AGES_MS);
setInterval(showElapsed, ELAPSED_MS);
document.addEventListener("htmx:afterSettle", (event) => showTimes(event.target));
