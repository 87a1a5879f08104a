// Draws an architecture as SVG from the JSON of docs/graphs.md: one drawing, three sizes.
import { edgeColour, edgeDash, familyLabel, themeColours } from "./colours.js";
import { LABEL_CHARACTER, layoutCell } from "./layout.js";

const NS = "http://www.w3.org/2000/svg";
const GAP = 28;
const TITLE = 22;
const FONT = "system-ui, -apple-system, 'Segoe UI', sans-serif";

function make(tag, attributes = {}, text = null) {
  const element = document.createElementNS(NS, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  if (text !== null) element.textContent = text;
  return element;
}

// A smooth line through every point (Catmull-Rom spline), so that labels are on it.
function curve(points) {
  const at = (i) => points[Math.min(points.length - 1, Math.max(0, i))];
  const text = (x, y) => `${x.toFixed(1)} ${y.toFixed(1)}`;
  let path = `M${text(points[0].x, points[0].y)}`;
  for (let i = 0; i < points.length - 1; i += 1) {
    const [p0, p1, p2, p3] = [at(i - 1), at(i), at(i + 1), at(i + 2)];
    const first = text(p1.x + (p2.x - p0.x) / 6, p1.y + (p2.y - p0.y) / 6);
    const second = text(p2.x - (p3.x - p1.x) / 6, p2.y - (p3.y - p1.y) / 6);
    path += `C${first} ${second} ${text(p2.x, p2.y)}`;
  }
  return path;
}

const CHANGES = { kept: "in both", added: "only here", removed: "only in the other" };

// The line of an edge. In a difference of two architectures its `change` decides it: kept edges are
// grey, added ones green and solid, removed ones red and dashed.
function lineOf(edge, colours, labels) {
  const quiet = edge.family === "concat";
  const width = quiet ? 1.2 : (edge.width ?? (labels ? 2.2 : 3));
  if (edge.change === "kept") return { stroke: colours.line, width, dash: "" };
  if (edge.change) {
    const dash = edge.change === "removed" ? "6 5" : "";
    return { stroke: colours[edge.change], width: quiet ? 1.8 : width, dash };
  }
  const stroke = quiet ? colours.line : edgeColour(edge.family, edge.kernel, colours.dark);
  return { stroke, width, dash: edgeDash(edge.family) };
}

function drawEdge(edge, colours, labels) {
  const group = make("g", { class: "ps-op" });
  const quiet = edge.family === "concat";
  const line = lineOf(edge, colours, labels);
  const path = make("path", {
    d: curve(edge.points),
    fill: "none",
    stroke: line.stroke,
    "stroke-width": line.width,
    "stroke-linecap": "round",
    "data-family": edge.family,
  });
  if (edge.change) path.setAttribute("data-change", edge.change);
  if (line.dash) path.setAttribute("stroke-dasharray", line.dash);
  const change = edge.change ? `, ${CHANGES[edge.change]}` : "";
  const text = `${edge.op}: ${edge.source} to ${edge.target} (${familyLabel(edge.family)}${change})`;
  group.append(make("title", {}, text), path);
  if (edge.faint) group.setAttribute("opacity", 0.35);
  if (labels && !quiet && !edge.faint) {
    const width = edge.label.length * LABEL_CHARACTER + 6;
    group.append(
      make("rect", {
        x: edge.x - width / 2,
        y: edge.y - 7,
        width,
        height: 14,
        rx: 4,
        fill: colours.surface,
        "fill-opacity": 0.92,
      }),
      make(
        "text",
        {
          x: edge.x,
          y: edge.y + 3.5,
          "text-anchor": "middle",
          "font-size": 11,
          "font-family": FONT,
          fill: edge.change && edge.change !== "kept" ? line.stroke : colours.ink,
        },
        edge.label,
      ),
    );
  }
  return group;
}

function drawNode(node, colours, labels) {
  const group = make("g");
  const end = node.role !== "node";
  group.append(
    make("rect", {
      x: node.x - node.w / 2,
      y: node.y - node.h / 2,
      width: node.w,
      height: node.h,
      rx: end ? 6 : 13,
      fill: end ? colours.surface : colours.node,
      stroke: colours.quiet,
      "stroke-width": 1.2,
    }),
  );
  if (!labels) return group;
  group.append(
    make(
      "text",
      {
        x: node.x,
        y: node.y + 4,
        "text-anchor": "middle",
        "font-size": 11.5,
        "font-weight": 600,
        "font-family": FONT,
        fill: colours.ink,
      },
      node.label,
    ),
  );
  return group;
}

function drawCell(cell, colours, labels, available) {
  const laid = layoutCell(cell, { labels, width: available });
  const group = make("g");
  for (const edge of laid.edges) group.append(drawEdge(edge, colours, labels));
  for (const node of laid.nodes) group.append(drawNode(node, colours, labels));
  return { group, width: laid.width, height: laid.height };
}

const CELL_WORDS = { normal: "Normal cell", reduce: "Reduction cell", reduction: "Reduction cell", cell: "Cell" };

export function cellWord(name) {
  return CELL_WORDS[name] ?? name;
}

// `size` is "thumb" (colours only), "card" or "full". `width` in pixels decides whether cells are side
// by side or stacked. Returns an <svg> that scales with its box.
export function drawArchitecture(drawing, { size = "card", width = 800, title = "Architecture" } = {}) {
  const colours = themeColours();
  const labels = size !== "thumb";
  const cells = drawing.cells.map((cell) => ({ name: cell.name, ...drawCell(cell, colours, labels, width) }));
  const head = labels ? TITLE : 0;
  const sideways = cells.reduce((sum, cell) => sum + cell.width, 0) + GAP * (cells.length - 1);
  const sideBySide = size === "thumb" ? cells.length > 1 : sideways * 0.62 <= width;
  let [x, y, right, bottom] = [0, 0, 0, 0];
  const svg = make("svg", { role: "img", class: `ps-graph ps-graph-${size}`, xmlns: NS });
  svg.append(make("title", {}, title));
  for (const cell of cells) {
    const place = make("g", { transform: `translate(${x.toFixed(1)} ${(y + head).toFixed(1)})` });
    place.append(cell.group);
    if (labels)
      svg.append(
        make(
          "text",
          { x: x + 6, y: y + 14, "font-size": 12, "font-family": FONT, fill: colours.quiet },
          cellWord(cell.name),
        ),
      );
    svg.append(place);
    right = Math.max(right, x + cell.width);
    bottom = Math.max(bottom, y + head + cell.height);
    if (sideBySide) x += cell.width + GAP;
    else y = bottom + GAP / 2;
  }
  svg.setAttribute("viewBox", `0 0 ${right.toFixed(1)} ${bottom.toFixed(1)}`);
  svg.setAttribute("data-natural-width", right.toFixed(0));
  svg.setAttribute("data-natural-height", bottom.toFixed(0));
  return svg;
}

// The same architecture as a list of edges, for screen readers too.
export function describeArchitecture(drawing) {
  const list = document.createElement("ul");
  for (const cell of drawing.cells) {
    for (const edge of cell.edges) {
      if (edge.family === "concat" || edge.family === "none") continue;
      const item = document.createElement("li");
      const change = edge.change ? `, ${CHANGES[edge.change]}` : "";
      item.textContent = `${cellWord(cell.name)}: ${edge.label} from ${edge.source} to ${edge.target}${change}`;
      list.append(item);
    }
  }
  return list;
}
