// What the methods' own views are built of: facts, titles, tables, bars and plots.
import { numberText } from "../format.js";
import { Plot } from "../plots/plot.js";
import { valueOf } from "../reducer.js";
import { candidateLink } from "../run/cells.js";

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
    const told = make("dd");
    told.append(value);
    pair.append(make("dt", name), told);
    pair.title = about;
    list.append(pair);
  }
  return list;
}

// A candidate's link with its first objective behind it.
export function candidateWithValue(number, state, base) {
  const item = make("span", undefined, "ps-member");
  const goal = state.run.goals[0];
  const row = state.candidates.get(number);
  const value = row ? valueOf(row, goal.name) : null;
  const text = value === null ? "–" : `${numberText(goal.name, value, goal.unit)} ${goal.unit}`.trim();
  item.append(candidateLink(number, base), make("small", text));
  return item;
}

// Links to candidates, or what will stand there.
export function members(numbers, state, base) {
  if (numbers.length === 0) return quiet("Nobody yet: they appear as candidates are measured.");
  const list = make("div", undefined, "ps-members");
  list.append(...numbers.map((number) => candidateWithValue(number, state, base)));
  return list;
}

// Header cells {text, numeric}, rows of texts, numbers or elements.
export function table(header, rows, caption) {
  if (rows.length === 0) return quiet("Nothing yet: rows appear as candidates are measured.");
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

// Chances of named options as bars with their percent; bars are scaled to 1.
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

// A titled plot that stays while its data changes: {element, draw}.
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

function saveButtons(what) {
  const group = make("span", undefined, "ps-card-actions");
  group.setAttribute("role", "group");
  group.setAttribute("aria-label", `Save: ${what}`);
  for (const kind of ["csv", "png", "svg"]) {
    const button = make("button", kind.toUpperCase(), "ps-mini");
    button.type = "button";
    button.dataset.save = kind;
    button.disabled = true;
    group.append(button);
  }
  return group;
}
