// The candidate table: rows on screen change in place; new ones wait behind a pill.
import { endedCell, epochsCell, measuredElement, stateCell } from "./cells.js";

export function tableView({ page }) {
  const pill = document.querySelector("[data-new-pill]");
  const table = () => document.getElementById("candidate-table");
  const drawn = new WeakMap();

  pill.addEventListener("click", () => {
    const form = table().querySelector("form");
    window.htmx.trigger(form, "change");
  });
  document.addEventListener("htmx:afterSettle", () => {
    pill.hidden = true;
  });

  function update(line, row) {
    if (drawn.get(line) === row) return;
    const first = !drawn.has(line);
    drawn.set(line, row);
    if (first && line.querySelector("[data-state]")?.dataset.state === row.state && row.ended_at) return;
    line.querySelector('[data-cell="state"]').replaceChildren(...stateCell(row));
    line.querySelector('[data-cell="epochs"]').replaceChildren(...epochsCell(row));
    line.querySelector('[data-cell="ended"]').replaceChildren(...endedCell(row));
    for (const cell of line.querySelectorAll('[data-cell="value"]')) {
      cell.replaceChildren(measuredElement(row.values[cell.dataset.objective], cell.dataset.objective));
    }
  }

  return function show(state) {
    const box = table();
    for (const line of box.querySelectorAll("tr[data-number]")) {
      const row = state.candidates.get(Number(line.dataset.number));
      if (row) update(line, row);
    }
    const highest = Number(box.dataset.highest);
    let fresh = 0;
    for (const number of state.candidates.keys()) if (number > highest) fresh += 1;
    pill.hidden = fresh === 0;
    const text = `${fresh} new: show`;
    if (pill.textContent !== text) pill.textContent = text;
    page.dataset.candidateCount = state.candidates.size;
  };
}
