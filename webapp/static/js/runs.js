// The list of runs: selecting, comparing, and numbers that move while runs are busy.
import "./clock.js";

const LOOK_MS = 8000;
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
      for (const one of all.slice(from, to + 1)) one.checked = tick.checked;
    }
    lastTick = tick;
    showBatch();
  }
  const all = event.target.closest("[data-tick-all]");
  if (all) {
    for (const one of ticks()) one.checked = all.checked;
    showBatch();
  }
});

// One short address instead of a parameter a run.
document.addEventListener("submit", (event) => {
  const form = event.target.closest("[data-compare]");
  if (!form) return;
  event.preventDefault();
  const chosen = ticks()
    .filter((tick) => tick.checked)
    .map((tick) => tick.value);
  location.assign(`${form.action}?runs=${chosen.join(",")}`);
});

// Cells that changed are put in place one by one, so that nothing moves under the cursor.
async function look() {
  if (document.hidden || table().dataset.busy !== "1") return;
  const response = await fetch(location.href, { headers: { "HX-Request": "true" } }).catch(() => null);
  if (!response?.ok) return;
  const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
  for (const row of table().querySelectorAll("tr[data-run]")) {
    const twin = fresh.querySelector(`tr[data-run="${row.dataset.run}"]`);
    for (const cell of row.querySelectorAll("[data-cell]")) {
      const other = twin?.querySelector(`[data-cell="${cell.dataset.cell}"]`);
      if (other && other.innerHTML !== cell.innerHTML) cell.replaceChildren(...other.childNodes);
    }
  }
  table().dataset.busy = fresh.getElementById("run-table")?.dataset.busy ?? "0";
}

document.addEventListener("htmx:afterSettle", () => {
  lastTick = null;
  showBatch();
});
addEventListener("pageshow", showBatch);
setInterval(look, LOOK_MS);
