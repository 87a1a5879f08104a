// The list of runs: selecting, comparing, and figures that change while runs are active.
import { fetchMarkup, swapChanged } from "./swap.js";
import { showTimes } from "./clock.js";

const REFRESH_MS = 8000;
const table = () => document.getElementById("run-table");
let lastTick = null;

function ticks() {
  return [...table().querySelectorAll("[data-tick]")];
}

function showBatch() {
  const chosen = ticks().filter((tick) => tick.checked).length;
  const count = table().querySelector("[data-batch-count]");
  if (!count) return;
  count.textContent = `${chosen} selected`;
  table().querySelector("[data-compare-button]").disabled = chosen === 0;
  const all = table().querySelector("[data-tick-all]");
  all.checked = chosen > 0 && chosen === ticks().length;
  all.indeterminate = chosen > 0 && chosen < ticks().length;
}

document.addEventListener("click", (event) => {
  const tick = event.target.closest("[data-tick]");
  if (tick) {
    const all = ticks();
    if (event.shiftKey && lastTick && all.includes(lastTick)) {
      const [from, to] = [all.indexOf(lastTick), all.indexOf(tick)].sort((a, b) => a - b);
      for (const other of all.slice(from, to + 1)) other.checked = tick.checked;
    }
    lastTick = tick;
    showBatch();
  }
  const all = event.target.closest("[data-tick-all]");
  if (all) {
    for (const other of ticks()) other.checked = all.checked;
    showBatch();
  }
});

// The runs of a study, below its line; a second click folds them again.
document.addEventListener("click", async (event) => {
  const link = event.target.closest("[data-unfold]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  const line = link.closest("tr");
  const unfolded = [...table().querySelectorAll(`tr[data-of-study="${line.dataset.study}"]`)];
  link.setAttribute("aria-expanded", String(unfolded.length === 0));
  if (unfolded.length > 0) {
    for (const row of unfolded) row.remove();
    showBatch();
    return;
  }
  const params = new URLSearchParams(location.search);
  params.set("study", line.dataset.study);
  params.set("size", "100");
  params.delete("page");
  const fresh = await fetchMarkup(`${location.pathname}?${params}`).catch(() => null);
  if (!fresh) return location.assign(link.href);
  const rows = [...fresh.querySelectorAll("#run-table tbody tr[data-run]")];
  for (const row of rows) row.dataset.ofStudy = line.dataset.study;
  line.after(...rows);
  showTimes(table());
  showBatch();
});

// One short address instead of one parameter per run.
document.addEventListener("submit", (event) => {
  const form = event.target.closest("[data-compare]");
  if (!form) return;
  event.preventDefault();
  const chosen = ticks()
    .filter((tick) => tick.checked)
    .map((tick) => tick.value);
  location.assign(`${form.action}?runs=${chosen.join(",")}`);
});

// Refreshes the cells that change while runs are active.
async function refresh() {
  if (document.hidden || table().dataset.busy !== "1") return;
  const fresh = await fetchMarkup(location.href).catch(() => null);
  if (!fresh) return; // the next refresh tries again
  swapChanged(fresh, table());
  table().dataset.busy = fresh.getElementById("run-table")?.dataset.busy ?? "0";
}

document.addEventListener("htmx:afterSettle", () => {
  lastTick = null;
  showBatch();
});
addEventListener("pageshow", showBatch);
setInterval(refresh, REFRESH_MS);
