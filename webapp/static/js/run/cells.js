// Table cells drawn in the browser, the same as the templates draw them.
import { MISSING, numberText } from "../format.js";
import { ageElement } from "../clock.js";
import { stateBadge } from "../words.js";

export function missing(reason) {
  const span = document.createElement("span");
  span.className = "ps-missing";
  span.title = reason;
  span.textContent = MISSING;
  return span;
}

// A measured value {value, unit, spread ...} as a number; where it comes from on hover.
export function measuredElement(value, objective, reason = "not measured") {
  if (!value || value.value === null) return missing(reason);
  const span = document.createElement("span");
  span.title = provenance(value);
  span.textContent = numberText(objective, value.value, value.unit ?? "");
  return span;
}

export function provenance(value) {
  const parts = [`${value.value} ${value.unit ?? ""}`.trim()];
  if (value.spread !== null && value.spread !== undefined) parts.push(`± ${value.spread}`);
  if (value.method) parts.push(value.method);
  if (value.device) parts.push(`on ${value.device}`);
  if ((value.repetitions ?? 1) > 1) parts.push(`${value.repetitions} repetitions`);
  return parts.join(", ");
}

export function stateCell(row) {
  const parts = [stateBadge("candidateStates", row.state, row.reason)];
  if (row.reason) {
    const reason = document.createElement("span");
    reason.className = "ps-reason";
    reason.textContent = row.reason.length > 140 ? `${row.reason.slice(0, 139)}…` : row.reason;
    parts.push(reason);
  }
  return parts;
}

export function epochsCell(row) {
  if (row.epoch === null || row.epoch === undefined) return [missing("no epoch ended yet")];
  return [row.epochs ? `${row.epoch} of ${row.epochs}` : String(row.epoch)];
}

export function endedCell(row) {
  return [row.ended_at ? ageElement(row.ended_at) : missing("not yet")];
}

// A link that opens a candidate's drawer, or its page where scripts do not run.
export function candidateLink(number, base) {
  const link = document.createElement("a");
  link.href = `${base}${number}/`;
  link.dataset.openCandidate = number;
  link.textContent = `#${number}`;
  return link;
}
