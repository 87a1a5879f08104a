// Puts drawings into the page: every <figure data-graph="ID"> shows the JSON of element ID.
import { fileName, saveText } from "../save.js";
import { listDecisions } from "./decisions.js";
import { describeArchitecture, drawArchitecture } from "./draw.js";

const SMALLEST = 0.8; // share of its natural width at which the labels can be read
const mounted = new Map();
const MAX_PARTS = 1500; // nodes and edges of a cell: the layout of more takes seconds, of thousands it never ends

// A list of decisions has no cells.
const partsOf = ({ cells = [] }) => Math.max(0, ...cells.map((cell) => cell.nodes.length + cell.edges.length));

export function showDrawing(figure, drawing, title) {
  mounted.set(figure, { drawing, title });
  redraw(figure);
}

function redraw(figure) {
  const { drawing, title } = mounted.get(figure);
  const size = figure.dataset.size ?? "card";
  const parts = partsOf(drawing);
  figure.classList.toggle("is-list", Boolean(drawing.decisions));
  for (const button of document.querySelectorAll("[data-graph-save]"))
    if (button.dataset.graphSave === figure.id) button.hidden = Boolean(drawing.decisions) || parts > MAX_PARTS;
  if (drawing.decisions) {
    boxOf(figure, size, title).replaceChildren(listDecisions(drawing.decisions, size));
    return;
  }
  if (parts > MAX_PARTS) {
    boxOf(figure, size, title).textContent =
      `Too large to draw: a cell has ${parts.toLocaleString("en")} nodes and edges, at most ${MAX_PARTS} are drawn.`;
    return;
  }
  const width = figure.clientWidth || 600;
  const svg = drawArchitecture(drawing, { size, title, width });
  // A drawing that is a little too wide shrinks. Any wider, it scrolls: its labels could not be read.
  const fits = svg.dataset.naturalWidth * SMALLEST <= width;
  if (size !== "thumb" && !fits) svg.style.minWidth = `${svg.dataset.naturalWidth}px`;
  if (size === "full") svg.style.maxWidth = `${Math.round(svg.dataset.naturalWidth * 1.25)}px`;
  boxOf(figure, size, title).replaceChildren(svg);
  const words = figure.querySelector(".ps-graph-words");
  if (words) words.replaceChildren(describeArchitecture(drawing));
}

function boxOf(figure, size, title) {
  const box = figure.querySelector(".ps-graph-box") ?? figure.appendChild(document.createElement("div"));
  box.className = "ps-graph-box";
  if (size !== "thumb") {
    // It may scroll, so the keyboard must reach it.
    box.tabIndex = 0;
    box.setAttribute("role", "group");
    box.setAttribute("aria-label", title);
  }
  return box;
}

export function mountDrawings(root = document) {
  for (const figure of root.querySelectorAll("[data-graph]")) {
    const source = document.getElementById(figure.dataset.graph);
    const drawing = source ? JSON.parse(source.textContent) : null;
    if (drawing) showDrawing(figure, drawing, figure.dataset.title ?? "Architecture");
  }
}

export function saveDrawing(figure, name) {
  const svg = figure.querySelector("svg").cloneNode(true);
  svg.setAttribute("width", svg.dataset.naturalWidth);
  svg.setAttribute("height", svg.dataset.naturalHeight);
  svg.removeAttribute("style");
  saveText(`${fileName(name)}.svg`, new XMLSerializer().serializeToString(svg), "image/svg+xml");
}

document.addEventListener("theme", () => {
  for (const figure of mounted.keys()) {
    if (figure.isConnected) redraw(figure);
    else mounted.delete(figure);
  }
});
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-graph-save]");
  if (!button) return;
  const figure = document.getElementById(button.dataset.graphSave);
  if (figure?.querySelector("svg")) saveDrawing(figure, button.dataset.name ?? "architecture");
});
document.addEventListener("htmx:afterSettle", (event) => mountDrawings(event.target));
