// The Pareto plot of one run.
import { frontOf, least, most, steps, thin } from "../front.js";
import { readLasso } from "../lasso.js";
import { isFeasible, valueOf } from "../reducer.js";
import { methodLook } from "../vocabulary.js";
import { frontAxes, goalTitle, rangeOf, worstOf } from "./axes.js";
import { cubeFigure, pointedMarker } from "./cube.js";
import { faded, layout } from "./look.js";

const DOMINATED_LIMIT = 3000;
const MANY = 500; // points; with more the front is painted before the others

// `view` is {x, y, logX, logY, selected}: names of two objectives, and a candidate number or null. Optional: `z`, the
// objective of the third axis, which is the colour or, with `cube`, an axis of its own with `turn` and `tilt`;
// `lasso`, the text of a region; `moment`, a moment of the replay (run/replay.js); `target`, {x, y} of a steered
// search, and `aiming` while it is dragged.
export function paretoFigure(present, view, look) {
  const state = view.moment ? stateAt(present, view.moment) : present;
  const goals = Object.fromEntries(state.run.goals.map((goal) => [goal.name, goal]));
  const [gx, gy, gz] = [goals[view.x], goals[view.y], goals[view.z]];
  if (!gx || !gy) return null;
  const points = pointsOf(state, view);
  if (points.length === 0) return null;
  const deep = gz && view.cube ? points.filter((p) => p.z !== null) : [];
  if (deep.length > 0) return cubeFigure(state, deep, [gx, gy, gz], view, look);
  const flips = [gx.better === "higher", gy.better === "higher"];
  // The axes stay while the replay moves.
  const all = view.moment ? pointsOf(present, view) : points;
  const allowed = points.filter((p) => p.feasible && p.done);
  const line = frontOf(allowed, flips);
  // The run's own front knows no predicted costs: with such an axis it is that of the two axes.
  const bars = gx.predicted || gy.predicted ? intervalsOf(state, line, view) : null;
  const range = {
    x: rangeOf(
      [...all.map((p) => p.x), ...(bars?.x.flat() ?? [])],
      { log: view.logX, flip: flips[0] },
    ),
    y: rangeOf(
      [...all.map((p) => p.y), ...(bars?.y.flat() ?? [])],
      { log: view.logY, flip: flips[1] },
    ),
  };
  const corner = { x: worstOf(range.x, view.logX), y: worstOf(range.y, view.logY) };
  const { line: stepped, area } = steps(line, corner);
  const onFront = new Set(bars ? line.map((p) => p.number) : state.front.numbers);
  const colour = methodLook(state.run.strategy).colour;
  const shape = methodLook(state.run.strategy).marker;
  const sorted = {
    front: bars ? line : allowed.filter((p) => onFront.has(p.number)),
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
      ...(bars ? { error_x: bar(bars.x, line, "x", colour), error_y: bar(bars.y, line, "y", colour) } : {}),
      name: "front",
      marker: { size: 10, color: colour, symbol: shape, line: { color: look.surface, width: 1.2 } },
    },
    {
      ...marks(chosen),
      name: "selected",
      hoverinfo: "skip",
      marker: { size: 19, color: "rgba(0,0,0,0)", symbol: "circle", line: { color: look.ink, width: 2 } },
    },
    { ...marks([]), name: "pointed", hoverinfo: "skip", marker: pointedMarker(look) },
  ];
  if (view.target) data.push(targetTrace(view.target, look));
  if (gz) colourBy(data, sorted, look);
  const lasso = lassoOn(view);
  if (lasso) encircle(data, lasso, look);
  const others = sorted.dominated.length + sorted.infeasible.length;
  const axes = frontAxes(points, view, range, look);
  return {
    data,
    first: others > MANY ? data.map(withoutOthers) : null,
    layout: layout(look, {
      ...axes,
      hovermode: "closest",
      hoverdistance: 14,
      // The page has a legend of its own: redrawing that of the library sets styles that our policy forbids.
      ...(gz ? { coloraxis: { ...colourAxis(gz, look), showscale: false } } : {}),
      selections: [],
      selectionrevision: view.lasso,
      dragmode: view.drawing ? "lasso" : view.aiming ? false : "zoom",
      uirevision: [view.x, view.y, view.logX, view.logY].join(" "),
    }),
    saved: layout(look, {
      ...(gz ? { coloraxis: colourAxis(gz, look) } : {}),
      margin: { l: 80, r: gz ? 90 : 24, t: 50, b: 64 },
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
    colours: gz ? spanOf(points) : null,
  };
}

// The candidates and the front at a moment of the replay.
function stateAt(state, moment) {
  const rows = [...moment.numbers].map((number) => [number, state.candidates.get(number)]);
  return {
    ...state,
    candidates: new Map(rows.filter(([, row]) => row)),
    front: { ...state.front, numbers: moment.front },
  };
}

// The region of the address, if it was drawn on these axes; on others only the table shows it.
function lassoOn(view) {
  const lasso = readLasso(view.lasso);
  return lasso && lasso.x === view.x && lasso.y === view.y ? lasso : null;
}

function encircle(data, lasso, look) {
  for (const trace of data) {
    if (trace.mode !== "markers" || trace.name === "selected" || trace.name === "pointed") continue;
    trace.selectedpoints = trace.x.flatMap((x, i) => (lasso.contains(x, trace.y[i]) ? [i] : []));
    trace.unselected = { marker: { opacity: 0.12 } };
  }
  const closed = [...lasso.corners, lasso.corners[0]];
  data.push({
    ...path({ x: closed.map((c) => c[0]), y: closed.map((c) => c[1]) }),
    name: "lasso",
    line: { color: look.accent, width: 1.5, dash: "dash" },
  });
}

function colourBy(data, sorted, look) {
  for (const [name, points] of Object.entries({ front: sorted.front, dominated: sorted.dominated })) {
    const trace = data.find((other) => other.name === name);
    const known = points.filter((p) => p.z !== null);
    Object.assign(trace, marks(known));
    trace.marker = { ...trace.marker, color: known.map((p) => p.z), coloraxis: "coloraxis", opacity: 1 };
    if (name === "front") trace.marker.line = { color: look.ink, width: 1.6 };
  }
}

// The best and the worst colour, or null without values.
function spanOf(points) {
  const values = points.map((p) => p.z).filter((z) => z !== null);
  return values.length > 0 ? [least(values), most(values)] : null;
}

function colourAxis(goal, look) {
  return {
    colorscale: "Cividis",
    reversescale: goal.better === "higher",
    colorbar: {
      title: { text: `${goalTitle(goal)}, darker is better`, side: "right", font: { size: 11, color: look.quiet } },
      tickfont: { size: 11, color: look.quiet },
      thickness: 10,
      outlinewidth: 0,
    },
  };
}

function withoutOthers(trace) {
  const kept = trace.name !== "dominated" && trace.name !== "violates a constraint";
  return kept ? trace : { ...trace, ...marks([]) };
}

// The target of a steered search.
function targetTrace({ x, y }, look) {
  return {
    ...marks([{ x, y, number: null }]),
    name: "target",
    hoverinfo: "skip",
    marker: { size: 20, color: look.accent, symbol: "circle-cross-open", line: { color: look.accent, width: 2.5 } },
  };
}

// The ends of the 90 % intervals of points; a value that was measured has none.
function intervalsOf(state, points, view) {
  const ends = (axis) =>
    points.map((p) => {
      const interval = state.candidates.get(p.number).intervals?.[view[axis]];
      return interval && !interval.measured ? [interval.low, interval.high] : [p[axis], p[axis]];
    });
  return { x: ends("x"), y: ends("y") };
}

function bar(ends, points, axis, colour) {
  return {
    type: "data",
    symmetric: false,
    array: points.map((p, i) => ends[i][1] - p[axis]),
    arrayminus: points.map((p, i) => p[axis] - ends[i][0]),
    color: colour,
    thickness: 1.2,
    width: 4,
  };
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
    const z = view.z ? valueOf(row, view.z) : null;
    points.push({ number: row.number, x, y, z, feasible: isFeasible(row), done: row.state === "done" });
  }
  return points;
}
