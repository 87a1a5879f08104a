// The Pareto plot of three objectives: the points of a cube, turned and drawn on a plane.
//
// Better is toward one corner on every axis. Drawn by the library of the other plots, so it needs neither
// WebGL nor code that our policy forbids, and saves like them.
import { thin } from "../front.js";
import { valueText } from "../format.js";
import { methodLook } from "../vocabulary.js";
import { goalTitle, rangeOf } from "./axes.js";
import { layout } from "./look.js";

const LIMIT = 3000;
const CORNERS = [0, 1].flatMap((x) => [0, 1].flatMap((y) => [0, 1].map((z) => [x, y, z])));

// `points` are {number, x, y, z, feasible, done}; `view` has logX, logY, turn and tilt in degrees.
export function cubeFigure(state, points, goals, view, look) {
  const axes = [
    { key: "x", goal: goals[0], log: view.logX },
    { key: "y", goal: goals[1], log: view.logY },
    { key: "z", goal: goals[2], log: false },
  ].map((axis) => ({ ...axis, ...scaleOf(axis, points) }));
  const project = projection(view.turn, view.tilt);
  const placed = points.map((point) => {
    const [x, y, depth] = project(axes.map((axis) => axis.at(point[axis.key])));
    return { ...point, place: { x, y, depth } };
  });
  placed.sort((a, b) => b.place.depth - a.place.depth);
  const onFront = new Set(state.front.numbers);
  const { colour, marker: shape } = methodLook(state.run.strategy);
  const front = placed.filter((p) => p.feasible && onFront.has(p.number));
  const rest = thin(
    placed.filter((p) => !onFront.has(p.number)).map((p) => ({ ...p, x: p.place.x, y: p.place.y })),
    LIMIT,
  );
  const data = [
    frame(project, look),
    marks(
      rest.filter((p) => p.feasible),
      "dominated",
      { size: 7, color: look.dominated, opacity: 0.38, symbol: shape },
    ),
    marks(
      rest.filter((p) => !p.feasible),
      "violates a constraint",
      { size: 8, color: look.dominated, symbol: `${shape}-open`, line: { width: 1.4 } },
    ),
    marks(front, "front", { size: 10, color: colour, symbol: shape, line: { color: look.surface, width: 1.2 } }),
    marks(
      placed.filter((p) => p.number === view.selected),
      "selected",
      { size: 19, color: "rgba(0,0,0,0)", symbol: "circle", line: { color: look.ink, width: 2 } },
    ),
    { ...marks([], "pointed", pointedMarker(look)), hoverinfo: "skip" },
  ];
  const plane = { visible: false, range: [-1.15, 1.15], fixedrange: true };
  const made = layout(look, {
    margin: { l: 8, r: 8, t: 8, b: 8 },
    xaxis: plane,
    yaxis: { ...plane, scaleanchor: "x", range: [-0.95, 0.95] },
    annotations: axes.flatMap((axis, i) => labelsOf(axis, i, project, look)),
    hovermode: "closest",
    dragmode: false,
    uirevision: "cube",
  });
  return {
    data,
    layout: made,
    saved: { ...made, margin: { l: 24, r: 24, t: 50, b: 24 }, title: { text: state.run.name, font: { size: 16 } } },
    points: { points: points.length, shown: front.length + rest.length, front: front.length, infeasible: 0 },
  };
}

export const pointedMarker = (look) => ({
  size: 15,
  color: "rgba(0,0,0,0)",
  symbol: "circle",
  line: { color: look.accent, width: 3 },
});

// The position of a value on an axis from 0 (better) to 1.
function scaleOf({ key, goal, log }, points) {
  const scaled = (value) => (log ? Math.log10(value) : value);
  const [low, high] = rangeOf(
    points.map((p) => p[key]),
    { log },
  );
  const flip = goal.better === "higher";
  const at = (value) => {
    const share = (scaled(value) - low) / (high - low);
    return flip ? 1 - share : share;
  };
  const end = flip ? low : high;
  return { at, worst: log ? 10 ** end : end };
}

function projection(turn, tilt) {
  const [a, b] = [(turn * Math.PI) / 180, (tilt * Math.PI) / 180];
  return (place) => {
    const [x, y, z] = place.map((value) => value - 0.5);
    const across = x * Math.cos(a) - y * Math.sin(a);
    const away = x * Math.sin(a) + y * Math.cos(a);
    return [across, z * Math.cos(b) + away * Math.sin(b), away * Math.cos(b) - z * Math.sin(b)];
  };
}

function frame(project, look) {
  const [x, y] = [[], []];
  CORNERS.forEach((from, i) =>
    CORNERS.slice(i + 1).forEach((to) => {
      if (from.filter((value, axis) => value !== to[axis]).length !== 1) return;
      const [start, end] = [project(from), project(to)];
      x.push(start[0], end[0], null);
      y.push(start[1], end[1], null);
    }),
  );
  const line = { color: look.grid, width: 1 };
  return { x, y, mode: "lines", type: "scatter", hoverinfo: "skip", name: "axes", line };
}

function labelsOf(axis, index, project, look) {
  const along = (share) => [0, 1, 2].map((i) => (i === index ? share : 0));
  const text = (place, words, colour = look.quiet) => {
    const [x, y] = project(place);
    return { x, y, text: words, showarrow: false, font: { size: 11, color: colour }, bgcolor: look.surface };
  };
  const number = (value) => valueText(axis.goal.name, value, "");
  return [
    text(along(0.5), `${goalTitle(axis.goal)}${axis.log ? ", log" : ""}`, look.ink),
    text(along(1.04), number(axis.worst)),
    ...(index === 0 ? [text(along(0), "better")] : []),
  ];
}

function marks(points, name, marker) {
  return {
    x: points.map((p) => p.place.x),
    y: points.map((p) => p.place.y),
    customdata: points.map((p) => p.number),
    mode: "markers",
    type: "scatter",
    hoverinfo: "none",
    name,
    marker,
  };
}
