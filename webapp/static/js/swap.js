// Puts newer markup of the server in place: only what changed, so that nothing moves under the cursor.
import { showTimes } from "./clock.js";

const shown = new WeakMap(); // element -> the markup it was last given

// Every [data-live] element of `fresh` replaces the content of the page's element of that name.
export function swapChanged(fresh, page = document) {
  const newer = new Map([...fresh.querySelectorAll("[data-live]")].map((element) => [element.dataset.live, element]));
  for (const element of page.querySelectorAll("[data-live]")) {
    const other = newer.get(element.dataset.live);
    if (!other) continue;
    const markup = other.innerHTML;
    if (markup === (shown.get(element) ?? element.innerHTML)) continue;
    shown.set(element, markup);
    element.replaceChildren(...other.childNodes);
    showTimes(element);
  }
}

// Fetches markup and parses it; throws if the server does not answer with a page.
export async function fetchMarkup(address) {
  const response = await fetch(address, { headers: { "HX-Request": "true" } });
  if (!response.ok) throw new Error(`${address}: ${response.status}`);
  return new DOMParser().parseFromString(await response.text(), "text/html");
}
