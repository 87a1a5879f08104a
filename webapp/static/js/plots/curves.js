// Learning curves of the running candidates, of the last finished ones and of the best; or of chosen ones.
// The training steps of a supernet, each a candidate with one epoch, are one curve.
import { bestCandidate } from "../reducer.js";
import { methodLook } from "../vocabulary.js";
import { axis, faded, layout, named } from "./look.js";
import { LINES } from "./palette.js";

const OPEN = new Set(["queued", "running", "lost"]);

export function curvesFigure(state, look) {
  const best = bestCandidate(state)?.number ?? null;
  const { key, label, unit } = state.run.curve;
  const usable = (points) => points.filter((p) => Number.isFinite(p[key]));
  const steps = state.chosen ? [] : supernetSteps(state);
  const supernet = steps.flatMap((n) => usable(state.curves.get(n)));
  const numbers = [...state.curves.keys()]
    .filter((n) => !steps.includes(n) && usable(state.curves.get(n)).length > 0)
    .sort((a, b) => a - b);
  if (numbers.length === 0 && supernet.length === 0) return null;
  const colour = methodLook(state.run.strategy).colour;
  const styles = {
    best: { line: { color: colour, width: 3 }, marker: { size: 6 } },
    running: { line: { color: look.accent, width: 1.8, dash: "dot" }, marker: { size: 5, symbol: "circle-open" } },
    ended: { line: { color: faded(hexOf(look.dominated), 0.75), width: 1.3 }, marker: { size: 4 } },
  };
  const traces = numbers.map((number, i) => {
    const points = usable(state.curves.get(number));
    const own = { line: { color: LINES[i % LINES.length], width: 2 }, marker: { size: 5 } };
    const role = roleOf(state, number, best);
    return {
      x: points.map((p) => p.epoch),
      y: points.map((p) => p[key]),
      type: "scatter",
      mode: "lines+markers",
      name: `#${number} ${role}`,
      ...(styles[role] ?? own),
      role,
      hovertemplate: `#${number} (${role}), epoch %{x}: %{y:.2f} ${unit}<extra></extra>`,
    };
  });
  if (supernet.length > 0) {
    traces.push({
      x: supernet.map((p) => p.epoch),
      y: supernet.map((p) => p[key]),
      type: "scatter",
      mode: "lines+markers",
      name: "supernet",
      line: { color: colour, width: 2, dash: "dash" },
      marker: { size: 4 },
      role: "supernet",
      hovertemplate: `supernet, epoch %{x}: %{y:.2f} ${unit}<extra></extra>`,
    });
  }
  const order = { supernet: 0, chosen: 0, ended: 0, running: 1, best: 2 };
  traces.sort((a, b) => order[a.role] - order[b.role]);
  const data = traces.map(({ role, ...trace }) => ({ ...trace, meta: role }));
  const axes = {
    xaxis: axis(look, { dtick: longest(state) <= 12 ? 1 : undefined, nticks: 7 }),
    yaxis: axis(look, { rangemode: "tozero", nticks: 5 }),
  };
  return {
    data,
    layout: layout(look, {
      ...axes,
      showlegend: Boolean(state.chosen),
      xaxis: named(axes.xaxis, "epoch"),
      yaxis: named(axes.yaxis, unit || label),
      uirevision: "curves",
    }),
    saved: layout(look, {
      margin: { l: 80, r: 24, t: 50, b: 60 },
      showlegend: true,
      title: { text: `${state.run.name}: ${label}`, font: { size: 16 } },
      xaxis: { ...axes.xaxis, title: { text: "epoch" } },
      yaxis: { ...axes.yaxis, title: { text: "validation error (%)" } },
    }),
    points: { curves: traces.length },
  };
}

// The numbers of the supernet training steps that have a curve, in order.
export function supernetSteps(state) {
  return [...state.curves.keys()].filter((n) => state.candidates.get(n)?.state === "trained").sort((a, b) => a - b);
}

function roleOf(state, number, best) {
  if (state.chosen) return "chosen";
  if (number === best) return "best";
  return OPEN.has(state.candidates.get(number)?.state) ? "running" : "ended";
}

function longest(state) {
  let most = 0;
  for (const points of state.curves.values()) most = Math.max(most, points.at(-1)?.epoch ?? 0);
  return most;
}

const hexOf = (colour) => (/^#[0-9a-f]{6}$/i.test(colour) ? colour : "#7a8492");

export function curvesTable(state) {
  const { key } = state.run.curve;
  const rows = [];
  for (const [number, points] of state.curves) {
    for (const point of points) rows.push([number, point.epoch, point[key] ?? null, point.train_loss ?? null]);
  }
  return { header: ["number", "epoch", key, "train_loss"], rows };
}
