// The front as a table.
import { valueOf } from "../reducer.js";
import { candidateLink, measuredElement } from "./cells.js";

export function frontView({ page }) {
  const body = document.querySelector("[data-front-rows]");
  const empty = document.querySelector("[data-front-empty]");
  const least = document.querySelector("[data-front-least]");
  let shown = null;

  return function show(state) {
    const goal = state.run.goals[0];
    const sign = goal.better === "higher" ? -1 : 1;
    const rows = state.front.numbers.map((number) => state.candidates.get(number)).filter(Boolean);
    rows.sort((a, b) => sign * (valueOf(a, goal.name) - valueOf(b, goal.name)) || a.number - b.number);
    const key = JSON.stringify(rows.map((row) => [row.number, row.values]));
    if (key === shown) return;
    shown = key;
    empty.hidden = rows.length > 0;
    least.hidden = !rows.some((row) => row.violation > 0);
    body.replaceChildren(...rows.map((row) => line(row, state.run.goals)));
  };

  function line(row, goals) {
    const tr = document.createElement("tr");
    tr.dataset.open = row.number;
    const head = document.createElement("th");
    head.scope = "row";
    head.append(candidateLink(row.number, page.dataset.candidates));
    tr.append(head);
    for (const goal of goals) {
      const cell = document.createElement("td");
      cell.className = "num";
      cell.append(measuredElement(row.values[goal.name], goal.name));
      tr.append(cell);
    }
    return tr;
  }
}
