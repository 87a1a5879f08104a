// A report with active runs: newer figures replace the shown ones, and the plots are drawn from newer data.
import { fetchMarkup, swapChanged } from "./swap.js";

const REFRESH_MS = 10_000;
const busy = () => document.querySelector('#report-body [data-busy="1"]') !== null;

async function refresh() {
  if (document.hidden || !busy()) return;
  const fresh = await fetchMarkup(location.href).catch(() => null);
  if (!fresh) return; // the next refresh tries again
  swapChanged(fresh);
  for (const element of document.querySelectorAll("[data-busy]")) {
    const other = fresh.querySelector(`[data-live="${element.dataset.live}"]`);
    element.dataset.busy = other?.dataset.busy ?? "0";
  }
  document.dispatchEvent(new Event("report-data"));
}

setInterval(refresh, REFRESH_MS);
