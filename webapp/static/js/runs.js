// The list of runs: selecting, batch actions, columns, and figures that change while runs are active.
import { fetchMarkup, swapChanged } from "./swap.js";
import { showTimes } from "./clock.js";

const REFRESH_MS = 8000;
const table = () => document.getElementById("run-table");
let lastTick = null;

function ticks() {
  return [...table().querySelectorAll("[data-tick]")];
}

// The keys of the selected runs; the box of a study stands for all of its runs.
function chosenKeys() {
  const values = ticks().filter((tick) => tick.checked && !tick.disabled);
  return [...new Set(values.flatMap((tick) => tick.value.split(",")))];
}

const MAX_KEYS_IN_FILTER = 100;

function showBatch() {
  const chosen = chosenKeys();
  const count = table().querySelector("[data-batch-count]");
  if (!count) return;
  count.textContent = `${chosen.length} selected`;
  table().querySelector("[data-batch-actions]").hidden = chosen.length === 0;
  table().querySelector("[data-batch-hint]").hidden = chosen.length > 0;
  const ticked = ticks().filter((tick) => tick.checked).length;
  const all = table().querySelector("[data-tick-all]");
  all.checked = ticked > 0 && ticked === ticks().length;
  all.indeterminate = ticked > 0 && ticked < ticks().length;
  const csv = table().querySelector("[data-csv-link]");
  csv.dataset.all ??= csv.getAttribute("href");
  const some = chosen.length > 0 && chosen.length <= MAX_KEYS_IN_FILTER;
  const query = new URLSearchParams({ q: `id:${chosen.join(",")} (archived or -archived)` });
  csv.setAttribute("href", some ? `${csv.pathname}?${query}` : csv.dataset.all);
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

// The runs of a study or group, below its line; a second click folds them again.
document.addEventListener("click", async (event) => {
  const link = event.target.closest("[data-unfold]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  const line = link.closest("tr");
  const unfolded = [...table().querySelectorAll(`tr[data-of-study="${line.dataset.line}"]`)];
  link.setAttribute("aria-expanded", String(unfolded.length === 0));
  if (unfolded.length > 0) {
    for (const row of unfolded) row.remove();
    showBatch();
    return;
  }
  const params = new URLSearchParams(location.search);
  params.set(line.dataset.parameter, line.dataset.line);
  params.set("size", "100");
  params.delete("page");
  const fresh = await fetchMarkup(`${location.pathname}?${params}`).catch(() => null);
  if (!fresh) return location.assign(link.href);
  const rows = [...fresh.querySelectorAll("#run-table tbody tr[data-run]")];
  for (const row of rows) row.dataset.ofStudy = line.dataset.line;
  line.after(...rows);
  showTimes(table());
  showBatch();
});

document.addEventListener("click", (event) => {
  // One short address instead of one parameter per run.
  if (event.target.closest("[data-compare-button]")) {
    const { compare } = table().querySelector("[data-batch-form]").dataset;
    location.assign(`${compare}?runs=${chosenKeys().join(",")}`);
  }
  const move = event.target.closest("[data-move]");
  if (move) {
    const item = move.closest("li");
    const up = move.dataset.move === "-1";
    const other = up ? item.previousElementSibling : item.nextElementSibling;
    if (other?.querySelector("input")) other[up ? "before" : "after"](item);
    move.focus();
  }
});

document.addEventListener("submit", (event) => {
  const button = event.submitter;
  if (!event.target.closest("[data-batch-form]") || !button) return;
  const field = table().querySelector("#batch-tag");
  if (button.matches("[data-needs-tag]") && !field.value.trim()) {
    event.preventDefault();
    field.focus();
  } else if (button.dataset.ask && !confirm(button.dataset.ask)) event.preventDefault();
});

// Enter in the field of the tag adds it; without a tag the first button would be pressed.
document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.target.id !== "batch-tag") return;
  event.preventDefault();
  table().querySelector('button[value="tag"]').click();
});

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-choose-columns]");
  if (!button) return;
  const dialog = document.getElementById("columns-dialog");
  const fresh = await fetchMarkup(`${button.dataset.chooseColumns}${location.search}`).catch(() => null);
  if (!fresh) return;
  dialog.replaceChildren(...fresh.body.childNodes);
  dialog.showModal();
});

function showAddress() {
  for (const field of document.querySelectorAll("[data-current-query]")) field.value = location.search.slice(1);
}

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
  showAddress();
});
addEventListener("pageshow", showBatch);
setInterval(refresh, REFRESH_MS);
