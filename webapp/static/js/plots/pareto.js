// The Pareto plot of one run.
import { frontOf, steps, thin } from "../front.js";
import { isFeasible, valueOf } from "../reducer.js";
import { methodLook } from "../vocabulary.js";
import { frontAxes, goalTitle, rangeOf, worstOf } from "./axes.js";
import { faded, layout } from "./look.js";

const DOMINATED_LIMIT = 3000;
const MANY = 500; // points; with more the front is painted before the others

// `view` is {x, y, logX, logY, selected}: names of two objectives, and a candidate number or null.
export function paretoFigure(state, view, look) {
  const goals = Object.fromEntries(state.run.goals.map((goal) => [goal.name, goal]));
  const [gx, gy] = [goals[view.x], goals[view.y]];
  if (!gx || !gy) return null;
  const points = pointsOf(state, view);
  if (points.length === 0) return null;
  const flips = [gx.better === "higher", gy.better === "higher"];
  const range = {
    x: rangeOf(
      points.map((p) => p.x),
      { log: view.logX, flip: flips[0] },
    ),
    y: rangeOf(
      points.map((p) => p.y),
      { log: view.logY, flip: flips[1] },
    ),
  };
  const allowed = points.filter((p) => p.feasible && p.done);
  const line = frontOf(allowed, flips);
  const corner = { x: worstOf(range.x, view.logX), y: worstOf(range.y, view.logY) };
  const { line: stepped, area } = steps(line, corner);
  const onFront = new Set(state.front.numbers);
  const colour = methodLook(state.run.strategy).colour;
  const shape = methodLook(state.run.strategy).marker;
  const sorted = {
    front: allowed.filter((p) => onFront.has(p.number)),
    dominated: thin(
      allowed.filter((p) => !onFront.has(p.number)),
      DOMINATED_LIMIT,
    ),
    infeasible: thin(
      points.filter((p) => !p.feasible),
      DOMINATED_LIMIT,
    ),
  };
  const chosen = points.filter((p) => p.number === view.selected);
  const data = [
    {
      ...path(area),
      name: "dominated region",
      fill: "toself",
      fillcolor: faded(colour, look.dark ? 0.16 : 0.09),
      line: { width: 0 },
    },
    { ...path(stepped), name: "front line", line: { color: colour, width: 2 } },
    {
      ...marks(sorted.dominated),
      name: "dominated",
      marker: { size: 7, color: look.dominated, opacity: 0.38, symbol: shape },
    },
    {
      ...marks(sorted.infeasible),
      name: "violates a constraint",
      marker: { size: 8, color: look.dominated, symbol: `${shape}-open`, line: { width: 1.4 } },
    },
    {
      ...marks(sorted.front),
      name: "front",
      marker: { size: 10, color: colour, symbol: shape, line: { color: look.surface, width: 1.2 } },
    },
    {
      ...marks(chosen),
      name: "selected",
      hoverinfo: "skip",
      marker: { size: 19, color: "rgba(0,0,0,0)", symbol: "circle", line: { color: look.ink, width: 2 } },
    },
  ];
  const others = sorted.dominated.length + sorted.infeasible.length;
  const axes = frontAxes(points, view, range, look);
  return {
    data,
    first: others > MANY ? data.map(withoutOthers) : null,
    layout: layout(look, {
      ...axes,
      hovermode: "closest",
      hoverdistance: 14,
      uirevision: [view.x, view.y, view.logX, view.logY].join(" "),
    }),
    saved: layout(look, {
      margin: { l: 80, r: 24, t: 50, b: 64 },
      title: { text: state.run.name, font: { size: 16 } },
      xaxis: { ...axes.xaxis, title: { text: `${goalTitle(gx)}, better to the left` } },
      yaxis: { ...axes.yaxis, title: { text: `${goalTitle(gy)}, better further down` } },
    }),
    points: {
      points: points.length,
      shown: sorted.front.length + others,
      front: sorted.front.length,
      infeasible: sorted.infeasible.length,
    },
  };
}

function withoutOthers(trace) {
  const kept = trace.name !== "dominated" && trace.name !== "violates a constraint";
  return kept ? trace : { ...trace, ...marks([]) };
}

function path({ x, y }) {
  return { x, y, mode: "lines", type: "scatter", hoverinfo: "skip" };
}

function marks(points) {
  return {
    x: points.map((p) => p.x),
    y: points.map((p) => p.y),
    customdata: points.map((p) => p.number),
    mode: "markers",
    type: "scatter",
    hoverinfo: "none",
  };
}

// The candidates with both values; values that are not positive have no place on a log axis.
export function pointsOf(state, view) {
  const points = [];
  for (const row of state.candidates.values()) {
    const x = valueOf(row, view.x);
    const y = valueOf(row, view.y);
    if (x === null || y === null || (view.logX && x <= 0) || (view.logY && y <= 0)) continue;
    if (row.state !== "done" && isFeasible(row)) continue;
    points.push({ number: row.number, x, y, feasible: isFeasible(row), done: row.state === "done" });
  }
  return points;
}
