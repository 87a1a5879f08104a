// Number formats of plots; webapp/runs/numbers.py has the same for pages. Tests hold both to
// tests/assets/format.json.
export const MISSING = "–";
const PREFIXES = ["", "k", "M", "G", "T", "P"];
const COUNTS = ["params", "macs"];
const SIZES = ["B"]; // units that are written with a prefix: 39.2 MB
const UNIT_LABELS = { MAC: "" };

const usable = (value) => typeof value === "number" && Number.isFinite(value);

export function significant(value, digits = 3, prefixes = true) {
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size >= 1e6 && prefixes) return counted(value);
  if (size < 1e-4 || size >= 1e6) return scientific(value, digits);
  const decimals = Math.max(0, digits - 1 - Math.floor(Math.log10(size)));
  return value.toFixed(decimals);
}

function scientific(value, digits) {
  const exponent = Math.floor(Math.log10(Math.abs(value)));
  const write = (power) => (value / 10 ** power).toFixed(digits - 1);
  const text = write(exponent);
  if (!/^-?10/.test(text)) return `${text}e${exponent}`;
  return `${write(exponent + 1)}e${exponent + 1}`; // 9.999 is rounded up
}

export function counted(value) {
  let size = Math.abs(value);
  let step = 0;
  while (size >= 999.5 && step < PREFIXES.length - 1) {
    size /= 1000;
    step += 1;
  }
  if (step === 0) return Number.isInteger(value) ? value.toFixed(0) : significant(value);
  const decimals = size < 9.995 ? 2 : size < 99.95 ? 1 : 0;
  return `${(Math.sign(value) * size).toFixed(decimals)} ${PREFIXES[step]}`;
}

export function numberText(kind, value, unit = "") {
  if (!usable(value)) return MISSING;
  if (COUNTS.includes(kind.split("@")[0]) || SIZES.includes(unit)) return counted(value);
  if (unit === "%") return value.toFixed(2);
  return significant(value, 3, !unit);
}

export function valueText(kind, value, unit = "", spread = null) {
  const number = numberText(kind, value, unit);
  if (number === MISSING) return MISSING;
  const [mantissa, prefix = ""] = number.split(" ");
  const text = `${mantissa} ${prefix}${UNIT_LABELS[unit] ?? unit}`.trimEnd();
  return usable(spread) ? `${text} (± ${deviationText(spread, number)})` : text;
}

export function meanText(kind, mean, deviation, unit = "") {
  const number = numberText(kind, mean, unit);
  if (number === MISSING || !usable(deviation)) return number;
  return `${number} ± ${deviationText(deviation, number)} ${number.split(" ")[1] ?? ""}`.trimEnd();
}

function deviationText(deviation, number) {
  if (!deviation) return "0";
  const [mantissa, prefix = ""] = number.split(" ");
  if (mantissa.includes("e")) return significant(deviation, 2, false);
  const scaled = deviation / 1000 ** PREFIXES.indexOf(prefix);
  const text = scaled.toFixed((mantissa.split(".")[1] ?? "").length);
  return Number(text) ? text : significant(scaled, 1);
}

export function durationText(seconds) {
  if (!usable(seconds)) return MISSING;
  const whole = Math.max(0, Math.floor(seconds));
  const two = (n) => String(n).padStart(2, "0");
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${two(whole % 60)} s`;
  if (whole < 86400) return `${Math.floor(whole / 3600)} h ${two(Math.floor((whole % 3600) / 60))} min`;
  return `${Math.floor(whole / 86400)} d ${Math.floor((whole % 86400) / 3600)} h`;
}

export function ageText(seconds) {
  if (!usable(seconds)) return MISSING;
  const whole = Math.max(0, Math.floor(seconds));
  if (whole < 10) return "just now";
  for (const [size, word] of [
    [86400, "d"],
    [3600, "h"],
    [60, "min"],
  ]) {
    if (whole >= size) return `${Math.floor(whole / size)} ${word} ago`;
  }
  return `${whole} s ago`;
}
