// The layout of one cell from left to right, by dagre's layered layout.
import dagre from "../../vendor/dagre-3.1.3/dagre.esm.js";

const NODE_HEIGHT = 26;
const CHARACTER = 6.2;
const DOT = 12; // a node in a thumbnail
const MARGIN = 8;

function widthOf(text, minimum) {
  return Math.max(minimum, text.length * CHARACTER + 14);
}

// `cell` is one cell of docs/graphs.md. Returns {width, height, nodes: [{...node, x, y, w, h}],
// edges: [{...edge, points, x, y, w}]} in pixels; x, y of an edge is the middle of its label.
export function layoutCell(cell, { labels = true } = {}) {
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
    const size = label ? { width: (edge.room ?? edge.label.length) * 5.6 + 8, height: 14, labelpos: "c" } : {};
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
