// Axis ranges that contain every value with a margin, linear or log.
import { least, most } from "../front.js";
import { axis, ticksOf } from "./look.js";

// `flip` reverses the axis, so that better is left (or down) even if higher is better.
export function rangeOf(values, { log = false, flip = false } = {}) {
  const usable = log ? values.filter((v) => v > 0).map(Math.log10) : values;
  let [low, high] = [least(usable), most(usable)];
  if (!Number.isFinite(low)) return null;
  const room = (high - low || Math.abs(high) * 0.2 || 1) * 0.07;
  low -= room;
  high += room;
  return flip ? [high, low] : [low, high];
}

// The worst value shown, in data units: step lines end there.
export function worstOf(range, log) {
  return log ? 10 ** range[1] : range[1];
}

export function goalTitle(goal) {
  const [kind, device] = goal.name.split("@");
  const unit = goal.unit && goal.unit !== "MAC" ? ` (${goal.unit})` : "";
  return `${kind}${device ? ` on ${device}` : ""}${unit}`;
}

// Both axes of a plot of fronts: `view` has logX and logY, `range` the shown part of each.
export function frontAxes(points, view, range, look) {
  const axisOf = (log, shown, values) =>
    axis(look, { type: log ? "log" : "linear", range: shown, nticks: 7, ...ticksOf(values) });
  return {
    xaxis: axisOf(view.logX, range.x, points.map((p) => p.x)),
    yaxis: axisOf(view.logY, range.y, points.map((p) => p.y)),
  };
}
