// The comments of a thing: live, with names to click, and the one that the address names in sight.
import { showTimes } from "./clock.js";
import { openConnection } from "./connection.js";
import { fetchMarkup, swapChanged } from "./swap.js";

const RETRY_MS = 2000;
const linked = /^#comment-\d+$/.test(location.hash) ? location.hash : null;
const open = new Map(); // element -> its connection

// A form that is open keeps its text: the list is swapped once all are closed.
const isBusy = (place) => place.querySelector("[data-live] details[open]") !== null;

async function refresh(place) {
  if (!place.isConnected) return;
  if (isBusy(place)) {
    setTimeout(refresh, RETRY_MS, place);
    return;
  }
  const fresh = await fetchMarkup(place.getAttribute("hx-get"));
  if (!isBusy(place)) {
    swapChanged(fresh, place);
    window.htmx.process(place);
  }
}

function connect(place) {
  for (const [other, connection] of open) {
    if (other.isConnected) continue;
    connection.close();
    open.delete(other);
  }
  if (open.has(place)) return;
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  const load = () => refresh(place).catch(() => setTimeout(refresh, RETRY_MS, place));
  open.set(
    place,
    openConnection({
      address: `${scheme}://${location.host}${place.dataset.socket}`,
      after: () => 0,
      onEvents: load,
      onReset: load,
      onStatus: () => {},
    }),
  );
}

function showLinked() {
  const comment = linked && document.querySelector(linked);
  if (!comment || comment.dataset.seen) return;
  comment.dataset.seen = "1";
  comment.scrollIntoView({ block: "center" });
  comment.focus({ preventScroll: true });
}

document.body.addEventListener("htmx:afterSettle", ({ target }) => {
  const place = target.closest?.("[data-comments]");
  if (!place) return;
  showTimes(place);
  connect(place);
  showLinked();
});

document.body.addEventListener("click", ({ target }) => {
  const name = target.closest?.("[data-mention]")?.dataset.mention;
  if (!name) return;
  const field = target.closest("form").elements.text;
  field.setRangeText(`@${name} `, field.selectionStart, field.selectionEnd, "end");
  field.focus();
});
