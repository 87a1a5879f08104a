// The parts of which the methods' views are built: facts, titles, tables, bars and plots.
import { valueText } from "../format.js";
import { Plot } from "../plots/plot.js";
import { valueOf } from "../reducer.js";

export function make(tag, text, css) {
  const element = document.createElement(tag);
  if (text !== undefined) element.textContent = text;
  if (css) element.className = css;
  return element;
}

export const quiet = (text) => make("p", text, "ps-quiet");

export const title = (text) => make("h3", text, "ps-method-title");

// Pairs of a name and a text (or an element), with a hover text each.
export function facts(pairs) {
  const list = make("dl", undefined, "ps-values");
  for (const [name, value, about = ""] of pairs) {
    const pair = make("div");
    const detail = make("dd");
    detail.append(value);
    pair.append(make("dt", name), detail);
    pair.title = about;
    list.append(pair);
  }
  return list;
}

// A link that opens a candidate's drawer, or its page without scripts.
export function candidateLink(number, base) {
  const link = make("a", `#${number}`);
  link.href = `${base}${number}/`;
  link.dataset.openCandidate = number;
  return link;
}

// A candidate's link, followed by its value of an objective, the first one by default.
export function candidateWithValue(number, state, base, goal = state.run.goals[0]) {
  const item = make("span", undefined, "ps-member");
  const row = state.candidates.get(number);
  const value = row ? valueOf(row, goal.name) : null;
  const text = value === null ? "–" : valueText(goal.name, value, goal.unit);
  item.append(candidateLink(number, base), make("small", text));
  return item;
}

// Links to candidates, or a sentence if there are none.
export function members(numbers, state, base) {
  if (numbers.length === 0) return quiet("No members yet.");
  const list = make("div", undefined, "ps-members");
  list.append(...numbers.map((number) => candidateWithValue(number, state, base)));
  return list;
}

// Header cells {text, numeric}, rows of texts, numbers or elements.
export function table(header, rows, caption) {
  if (rows.length === 0) return quiet("No rows yet: they appear when candidates are measured.");
  const wrap = make("div", undefined, "ps-table-wrap");
  wrap.tabIndex = 0; // narrow pages scroll it by keyboard too
  wrap.role = "group";
  wrap.ariaLabel = caption;
  const made = make("table", undefined, "ps-table");
  made.append(make("caption", caption, "visually-hidden"));
  const head = make("tr");
  for (const column of header) {
    const cell = make("th", column.text, column.numeric ? "num" : "");
    cell.scope = "col";
    head.append(cell);
  }
  const top = make("thead");
  top.append(head);
  const body = make("tbody");
  for (const row of rows) {
    const line = make("tr");
    row.forEach((value, i) => {
      const cell = make("td", undefined, header[i].numeric ? "num" : "");
      cell.append(value ?? "–");
      line.append(cell);
    });
    body.append(line);
  }
  made.append(top, body);
  wrap.append(made);
  return wrap;
}

// Probabilities of named options as bars from 0 to 1, with percentages.
export function bars(options) {
  if (options.length === 0) return quiet("Appears with the first measured candidate.");
  const list = make("div", undefined, "ps-bars");
  for (const { name, chance } of options) {
    const bar = make("meter");
    bar.min = 0;
    bar.max = 1;
    bar.value = chance;
    bar.textContent = `${(100 * chance).toFixed(0)} %`;
    const row = make("div", undefined, "ps-bar");
    row.append(make("span", name), bar, make("small", `${(100 * chance).toFixed(0)} %`));
    list.append(row);
  }
  return list;
}

// A titled plot that is redrawn when its data changes: {element, draw}.
export function plotSection(text, empty, { figure, table: rows, name, label }) {
  const element = make("section");
  const head = make("div", undefined, "ps-method-head");
  head.append(title(text), saveButtons(text));
  const area = make("div", undefined, "ps-plot ps-plot-low");
  area.setAttribute("role", "figure");
  area.setAttribute("aria-label", label);
  area.hidden = true;
  element.append(head, area, make("p", empty, "ps-plot-empty"));
  const plot = new Plot(element, { figure, table: rows, name });
  return { element, draw: () => plot.draw() };
}

// The page's own buttons (templates/parts/save.html), named for one plot.
function saveButtons(name) {
  const group = document.getElementById("save-buttons").content.firstElementChild.cloneNode(true);
  group.setAttribute("aria-label", `Save: ${name}`);
  return group;
}
