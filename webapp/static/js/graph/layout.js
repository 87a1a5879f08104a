// The layout of one cell from left to right, by dagre's layered layout.
import dagre from "../../vendor/dagre-3.1.3/dagre.esm.js";

const NODE_HEIGHT = 26;
const CHARACTER = 6.2;
export const LABEL_CHARACTER = 6.2; // of an edge's label at 11 px
const LABEL_HEIGHT = 15;
const CHAIN_GAP = 10; // between a node and the label of its edge
const ROW_GAP = 30;
const MIN_CHAIN = 5; // nodes of a chain that is wrapped into rows
const DOT = 12; // a node in a thumbnail
const MARGIN = 8;

function widthOf(text, minimum) {
  return Math.max(minimum, text.length * CHARACTER + 14);
}

// `cell` is one cell of docs/graphs.md. Returns {width, height, nodes: [{...node, x, y, w, h}],
// edges: [{...edge, points, x, y, w}]} in pixels; x, y of an edge is the middle of its label.
// A chain that is wider than `width` is wrapped into rows.
export function layoutCell(cell, { labels = true, width = Infinity } = {}) {
  const chain = labels ? chainOf(cell) : null;
  if (chain) {
    const wrapped = layoutChain(cell, chain, width);
    if (wrapped.rows > 1) return framed(wrapped.nodes, wrapped.edges);
  }
  const graph = new dagre.graphlib.Graph({ multigraph: true });
  graph.setGraph({
    rankdir: "LR",
    nodesep: labels ? 18 : 12,
    edgesep: labels ? 12 : 6,
    ranksep: labels ? 34 : 18,
  });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const node of cell.nodes) {
    const minimum = node.role === "node" ? NODE_HEIGHT : 36;
    const size = labels ? { width: widthOf(node.label, minimum), height: NODE_HEIGHT } : { width: DOT, height: DOT };
    graph.setNode(node.id, size);
  }
  // Edges with a `room` (in letters) keep their place when their label changes.
  const drawn = cell.edges.filter((edge) => edge.family !== "none" || edge.room);
  drawn.forEach((edge, index) => {
    const label = labels && edge.family !== "concat";
    const size = label ? { width: labelWidth(edge), height: LABEL_HEIGHT, labelpos: "c" } : {};
    graph.setEdge(edge.source, edge.target, { ...size, minlen: 1 }, String(index));
  });
  dagre.layout(graph);
  const nodes = cell.nodes.map((node) => {
    const at = graph.node(node.id);
    return { ...node, x: at.x, y: at.y, w: at.width, h: at.height };
  });
  const edges = drawn.map((edge, index) => {
    const at = graph.edge({ v: edge.source, w: edge.target, name: String(index) });
    return { ...edge, points: at.points, x: at.x, y: at.y, w: at.width };
  });
  return framed(nodes, edges);
}

const labelWidth = (edge) => (edge.room ?? edge.label.length) * LABEL_CHARACTER + 8;

// The edges of a cell from its first node to its last if every node has one edge in and one out; else null.
function chainOf(cell) {
  if (cell.nodes.length < MIN_CHAIN || cell.edges.length !== cell.nodes.length - 1) return null;
  const after = new Map(cell.edges.map((edge) => [edge.source, edge]));
  const targets = new Set(cell.edges.map((edge) => edge.target));
  const first = cell.nodes.find((node) => !targets.has(node.id));
  if (!first || after.size !== cell.edges.length || targets.size !== cell.edges.length) return null;
  const chain = [];
  for (let edge = after.get(first.id); edge; edge = after.get(edge.target)) chain.push(edge);
  return chain.length === cell.edges.length ? chain : null;
}

// Rows from left to right; an edge to the next row goes back below its row, with its label there.
function layoutChain(cell, chain, width) {
  const nodes = new Map(cell.nodes.map((node) => [node.id, node]));
  const widthFor = (node) => widthOf(node.label, node.role === "node" ? NODE_HEIGHT : 36);
  const placed = [];
  const edges = [];
  let [left, y, rows] = [0, 0, 1];
  const put = (node) => {
    const w = widthFor(node);
    placed.push({ ...node, x: left + w / 2, y, w, h: NODE_HEIGHT });
    left += w;
    return placed.at(-1);
  };
  let last = put(nodes.get(chain[0].source));
  for (const edge of chain) {
    const node = nodes.get(edge.target);
    const room = edge.family === "concat" ? 2 * CHAIN_GAP : labelWidth(edge) + 2 * CHAIN_GAP;
    const end = { x: last.x + last.w / 2, y: last.y };
    if (left + room + widthFor(node) > width) {
      rows += 1;
      y += NODE_HEIGHT + ROW_GAP;
      left = CHAIN_GAP;
      const middle = y - (NODE_HEIGHT + ROW_GAP) / 2;
      last = put(node);
      const start = { x: last.x - last.w / 2, y: last.y };
      const points = [
        end,
        { x: end.x + CHAIN_GAP, y: middle - 8 },
        { x: end.x - CHAIN_GAP, y: middle },
        { x: start.x + CHAIN_GAP, y: middle },
        { x: start.x - CHAIN_GAP, y: middle + 8 },
        start,
      ];
      edges.push({ ...edge, points, x: (end.x + start.x) / 2, y: middle, w: labelWidth(edge) });
      continue;
    }
    left += room;
    last = put(node);
    const points = [end, { x: end.x + room / 2, y }, { x: end.x + room, y }];
    edges.push({ ...edge, points, x: end.x + room / 2, y, w: labelWidth(edge) });
  }
  return { nodes: placed, edges, rows };
}

// Moves everything into view: the size that dagre reports excludes edges around the nodes.
function framed(nodes, edges) {
  const boxes = [
    ...nodes.map((n) => [n.x - n.w / 2, n.y - n.h / 2, n.x + n.w / 2, n.y + n.h / 2]),
    ...edges.flatMap((e) => e.points.map((p) => [p.x, p.y, p.x, p.y])),
  ];
  const left = Math.min(...boxes.map((b) => b[0])) - MARGIN;
  const top = Math.min(...boxes.map((b) => b[1])) - MARGIN;
  const width = Math.max(...boxes.map((b) => b[2])) + MARGIN - left;
  const height = Math.max(...boxes.map((b) => b[3])) + MARGIN - top;
  const moved = (thing) => ({ ...thing, x: thing.x - left, y: thing.y - top });
  return {
    width: Math.max(width, 60),
    height: Math.max(height, 40),
    nodes: nodes.map(moved),
    edges: edges.map((edge) => ({ ...moved(edge), points: edge.points.map(moved) })),
  };
}
