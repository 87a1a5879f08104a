// Times relative to now, kept moving; the server's clock decides, the viewer's zone shows.
import { ageText } from "./format.js";

const page = document.querySelector("[data-now]");
const ahead = page ? new Date(page.dataset.now).getTime() - Date.now() : 0;

// Now, in milliseconds of the server's clock.
export function serverNow() {
  return Date.now() + ahead;
}

export function showAge(element) {
  const moment = new Date(element.getAttribute("datetime"));
  element.textContent = ageText((serverNow() - moment.getTime()) / 1000);
  element.title = moment.toLocaleString(undefined, { dateStyle: "medium", timeStyle: "medium" });
}

export function ageElement(text) {
  const element = document.createElement("time");
  element.setAttribute("datetime", text);
  element.dataset.ago = "";
  showAge(element);
  return element;
}

function showAll(root = document) {
  for (const element of root.querySelectorAll("time[data-ago]")) showAge(element);
}

showAll();
setInterval(showAll, 15000);
document.addEventListener("htmx:afterSettle", (event) => showAll(event.target));
