// Fetches the parts of the page that the server renders after changes, and puts them in place.
import { fetchMarkup, swapChanged } from "../swap.js";

const PAUSE_MS = 1000; // between two requests while the run keeps changing
const MAX_PAUSE_MS = 15000; // after requests that failed
const MAX_ROWS = 100;

// Returns `update()`: call it whenever the state or the selection may have changed. The first change
// is fetched at once, later ones after a pause, until the markup is as new as the state.
export function serverParts({ page, state, selection, swapped }) {
  const drawn = new WeakMap(); // row of the table -> the candidate it shows
  let seq = Number(page.dataset.renderedSeq); // the markup may be older than the state
  let selected = selection.number;
  let pause = PAUSE_MS;
  let askedAt = -Infinity;
  let timer = null;
  let busy = false;

  const isCurrent = () => seq >= state().seq && selected === selection.number;

  function address(rows, number) {
    const params = new URLSearchParams();
    if (number !== null) params.set("selected", number);
    if (rows.length > 0) params.set("rows", rows.join(","));
    return `${page.dataset.liveParts}?${params}`;
  }

  // The rows on screen whose candidate has changed since they were drawn.
  function staleRows() {
    const { candidates } = state();
    const lines = [...document.querySelectorAll("#candidate-table tr[data-number]")];
    return lines
      .map((line) => ({ line, candidate: candidates.get(Number(line.dataset.number)) }))
      .filter(({ line, candidate }) => candidate && drawn.get(line) !== candidate)
      .slice(0, MAX_ROWS);
  }

  async function ask() {
    timer = null;
    if (busy || isCurrent() || document.hidden) return;
    busy = true;
    askedAt = performance.now();
    const rows = staleRows();
    const number = selection.number;
    try {
      const numbers = rows.map(({ candidate }) => candidate.number);
      const fresh = await fetchMarkup(address(numbers, number));
      seq = Number(fresh.querySelector("[data-live-seq]").dataset.liveSeq);
      selected = number;
      for (const { line, candidate } of rows) drawn.set(line, candidate);
      swapChanged(fresh);
      swapped(state());
      pause = PAUSE_MS;
    } catch {
      pause = Math.min(MAX_PAUSE_MS, pause * 2);
    }
    busy = false;
    update();
  }

  function update() {
    const selects = selected !== selection.number;
    if (isCurrent() || busy || (timer !== null && !selects)) return;
    clearTimeout(timer);
    // A new selection is fetched at once.
    const wait = selects ? 0 : askedAt + pause - performance.now();
    timer = setTimeout(ask, Math.max(0, wait));
  }

  document.addEventListener("visibilitychange", update);
  return update;
}
