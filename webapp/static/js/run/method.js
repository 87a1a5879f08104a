// The method's own view, by its kind; a kind without a drawing here has no tab.
import { bestCandidate, valueOf } from "../reducer.js";
import { numberText } from "../format.js";
import { candidateLink } from "./cells.js";

const DRAW = { population: drawPopulation };

export function methodView({ page }) {
  const tab = document.getElementById("tab-method");
  const box = document.querySelector("[data-method]");
  let drawn = null;

  return function show(state) {
    const { kind, view } = state.method;
    const draw = DRAW[kind];
    tab.hidden = !draw || Object.keys(view).length === 0;
    if (tab.hidden || document.getElementById("panel-method").hidden || drawn === state.method) return;
    drawn = state.method;
    box.replaceChildren(...draw(view, state, page.dataset.candidates));
  };
}

function make(tag, text, css) {
  const element = document.createElement(tag);
  if (text !== undefined) element.textContent = text;
  if (css) element.className = css;
  return element;
}

// An evolution's population: how full, how old, how different, and where the best comes from.
function drawPopulation(view, state, base) {
  const rows = view.members.map((number) => state.candidates.get(number)).filter(Boolean);
  const kinds = new Set(rows.map((row) => row.architecture_id)).size;
  const newest = Math.max(-1, ...state.candidates.keys());
  const ages = rows.map((row) => newest - row.number);
  const mean = ages.length ? ages.reduce((a, b) => a + b, 0) / ages.length : null;
  const survival = view.survival === "age" ? "the oldest leaves when a child joins" : "the worst by rank and crowding leaves when a child joins";
  const facts = make("dl", undefined, "ps-values");
  const fact = (name, text, title = "") => {
    const pair = make("div");
    pair.append(make("dt", name), make("dd", text));
    pair.title = title;
    facts.append(pair);
  };
  fact("Population", `${rows.length} of ${view.size}`);
  fact("Survival", view.survival === "age" ? "by age" : "by rank", survival);
  fact("Different architectures", rows.length ? `${kinds} of ${rows.length}` : "–", "Members that are not copies of another");
  fact("Mean age", mean === null ? "–" : `${mean.toFixed(1)} candidates`, "Candidates asked since a member was");
  fact("Born by mutation", `${rows.filter((row) => row.parents.length > 0).length} of ${rows.length}`);
  const best = bestCandidate(state);
  const parts = [facts];
  if (best) parts.push(make("h3", "Lineage of the best", "ps-method-title"), lineage(best, state, base));
  parts.push(make("h3", "Members, oldest first", "ps-method-title"), members(rows, state, base));
  return parts;
}

// First parents only, back to one that was drawn at random; a cycle cannot occur.
function lineage(best, state, base) {
  const goal = state.run.goals[0];
  const line = make("p", undefined, "ps-lineage");
  let row = best;
  let steps = 0;
  while (row && steps < 40) {
    const value = valueOf(row, goal.name);
    const step = make("span");
    step.append(candidateLink(row.number, base), ` ${value === null ? "" : `${numberText(goal.name, value, goal.unit)} ${goal.unit}`} ${row.origin}`);
    line.append(step);
    row = row.parents.length ? state.candidates.get(row.parents[0]) : null;
    steps += 1;
  }
  if (row) line.append(make("span", "and further back"));
  return line;
}

function members(rows, state, base) {
  const list = make("div", undefined, "ps-members");
  const goal = state.run.goals[0];
  for (const row of rows) {
    const item = make("span", undefined, "ps-member");
    const value = valueOf(row, goal.name);
    item.append(candidateLink(row.number, base), make("small", value === null ? "–" : `${numberText(goal.name, value, goal.unit)} ${goal.unit}`));
    list.append(item);
  }
  return list;
}
