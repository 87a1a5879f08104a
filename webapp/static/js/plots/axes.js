// Ranges of an axis that hold every value with some room, linear or log, worse to the right.
import { least, most } from "../front.js";

// `flip` turns the axis round, so that better stays left (or down) when higher is better.
export function rangeOf(values, { log = false, flip = false } = {}) {
  const usable = log ? values.filter((v) => v > 0).map(Math.log10) : values;
  let [low, high] = [least(usable), most(usable)];
  if (!Number.isFinite(low)) return null;
  const room = (high - low || Math.abs(high) * 0.2 || 1) * 0.07;
  low -= room;
  high += room;
  return flip ? [high, low] : [low, high];
}

// The worst corner shown, in data units: where step lines end.
export function worstOf(range, log) {
  return log ? 10 ** range[1] : range[1];
}

export function goalTitle(goal) {
  const [kind, device] = goal.name.split("@");
  const unit = goal.unit && goal.unit !== "MAC" ? ` (${goal.unit})` : "";
  return `${kind}${device ? ` on ${device}` : ""}${unit}`;
}
