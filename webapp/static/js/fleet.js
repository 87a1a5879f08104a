// The fleet page: loads its parts again whenever the socket announces a change.
import { showTimes } from "./clock.js";
import { openConnection } from "./connection.js";
import { statusView } from "./run/status.js";
import { fetchMarkup, swapChanged } from "./swap.js";

const RETRY_MS = 2000;
const page = document.getElementById("fleet");
const status = statusView();
let loading = false;
let again = false;

// A part with the same rows keeps its elements: only cells that differ are swapped, so that the
// focus and a selection stay where they are.
function swapPart(fresh) {
  const old = document.getElementById(fresh.id);
  if (old.dataset.rows === fresh.dataset.rows) {
    swapChanged(fresh, old);
    return;
  }
  old.replaceWith(fresh);
  showTimes(fresh);
}

async function load() {
  if (loading) {
    again = true;
    return;
  }
  loading = true;
  again = false;
  const focused = document.activeElement?.id;
  try {
    const fresh = await fetchMarkup(page.dataset.fleet);
    for (const part of fresh.querySelectorAll("[data-part]")) swapPart(part);
    status.heard(new Date().toISOString());
    const lost = focused && document.activeElement === document.body;
    if (lost) document.getElementById(focused)?.focus({ preventScroll: true });
  } catch {
    setTimeout(load, RETRY_MS);
  } finally {
    loading = false;
    if (again) load();
  }
}

const scheme = location.protocol === "https:" ? "wss" : "ws";
openConnection({
  address: `${scheme}://${location.host}${page.dataset.socket}`,
  after: () => 0,
  onEvents: load,
  onReset: load,
  onStatus: status.show,
});
