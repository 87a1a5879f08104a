// Parallel coordinates: one vertical axis per objective or choice, one line per candidate. Drawn on a canvas.
import { least, most } from "../front.js";
import { numberText } from "../format.js";

const TOP = 44;
const BOTTOM = 18;
const SIDE = 56;
const STEP = 104; // least distance of two axes; narrow pages scroll
const NEAR = 6;

// An axis is {name, title, values, options: null or names, log, better, range: null or [low, high]}; a value is null
// where a candidate has none, and then its line has a gap. Choices are their option's position.
export function scaleOf(axis) {
  const usable = axis.values
    .filter((v) => v !== null && (!axis.log || v > 0))
    .map((v) => (axis.log ? Math.log10(v) : v));
  let [low, high] = axis.options ? [0, axis.options.length - 1] : [least(usable), most(usable)];
  if (!Number.isFinite(low)) [low, high] = [0, 1];
  if (low === high) [low, high] = [low - 1, high + 1];
  const share = (value) => {
    if (value === null || (axis.log && value <= 0)) return null;
    return ((axis.log ? Math.log10(value) : value) - low) / (high - low);
  };
  const value = (part) => {
    const plain = low + part * (high - low);
    return axis.log ? 10 ** plain : plain;
  };
  return { share, value };
}

// The positions of the candidates that every brushed axis contains.
export function brushed(axes, count) {
  const limits = axes.filter((axis) => axis.range);
  return Array.from({ length: count }, (_, i) => i).filter((i) =>
    limits.every(({ values, range }) => values[i] !== null && values[i] >= range[0] && values[i] <= range[1]),
  );
}

// `state` is {axes, numbers, front: Set, pointed, colour}. Returns where everything is, for the pointer.
export function drawParallel(canvas, state, look, width, height) {
  const wide = Math.max(width, 2 * SIDE + STEP * (state.axes.length - 1));
  const scale = window.devicePixelRatio || 1;
  canvas.width = wide * scale;
  canvas.height = height * scale;
  canvas.style.setProperty("width", `${wide}px`);
  canvas.style.setProperty("height", `${height}px`);
  const pen = canvas.getContext("2d");
  pen.scale(scale, scale);
  pen.fillStyle = look.surface;
  pen.fillRect(0, 0, wide, height);
  const placed = placeAxes(state, wide, height);
  const inside = new Set(brushed(state.axes, state.numbers.length));
  const order = state.numbers.map((number, i) => ({ number, i }));
  const rank = ({ number, i }) => (number === state.pointed ? 3 : !inside.has(i) ? 0 : state.front.has(number) ? 2 : 1);
  order.sort((a, b) => rank(a) - rank(b));
  for (const line of order) {
    const kind = rank(line);
    pen.strokeStyle = kind === 3 ? look.accent : kind === 2 ? state.colour : look.dominated;
    pen.globalAlpha = [0.06, 0.35, 0.9, 1][kind];
    pen.lineWidth = kind === 3 ? 3 : kind === 2 ? 1.6 : 1;
    traceLine(pen, placed, line.i);
  }
  pen.globalAlpha = 1;
  for (const axis of placed) drawAxis(pen, axis, look, height);
  return placed;
}

function placeAxes(state, wide, height) {
  const gap = state.axes.length > 1 ? (wide - 2 * SIDE) / (state.axes.length - 1) : 0;
  return state.axes.map((axis, at) => {
    const { share, value } = scaleOf(axis);
    const span = height - TOP - BOTTOM;
    const y = (v) => {
      const part = share(v);
      return part === null ? null : height - BOTTOM - part * span;
    };
    return { axis, x: SIDE + at * gap, y, valueAt: (py) => value((height - BOTTOM - py) / span) };
  });
}

function traceLine(pen, placed, i) {
  pen.beginPath();
  let open = false;
  for (const { axis, x, y } of placed) {
    const py = y(axis.values[i]);
    if (py === null) open = false;
    else if (open) pen.lineTo(x, py);
    else {
      pen.moveTo(x, py);
      open = true;
    }
  }
  pen.stroke();
}

// The same line as SVG: a value that is missing is a gap.
function pathOf(placed, i) {
  let move = "M";
  return placed
    .map(({ axis, x, y }) => {
      const py = y(axis.values[i]);
      const step = py === null ? "" : `${move}${x.toFixed(1)},${py.toFixed(1)}`;
      move = py === null ? "M" : "L";
      return step;
    })
    .join("");
}

function drawAxis(pen, { axis, x, y, valueAt }, look, height) {
  pen.strokeStyle = look.quiet;
  pen.lineWidth = 1;
  pen.beginPath();
  pen.moveTo(x, TOP);
  pen.lineTo(x, height - BOTTOM);
  pen.stroke();
  if (axis.range) {
    const [top, bottom] = [y(axis.range[1]) ?? TOP, y(axis.range[0]) ?? height - BOTTOM];
    pen.fillStyle = look.accent;
    pen.globalAlpha = 0.35;
    pen.fillRect(x - 6, Math.max(TOP, top) - 2, 12, Math.min(height - BOTTOM, bottom) - Math.max(TOP, top) + 4);
    pen.globalAlpha = 1;
  }
  pen.textAlign = "center";
  pen.font = "600 12px system-ui, sans-serif";
  pen.fillStyle = look.ink;
  pen.fillText(short(axis.title, 16), x, 16);
  pen.font = "11px system-ui, sans-serif";
  pen.fillStyle = look.quiet;
  if (!axis.options) {
    pen.fillText(numberText(axis.name, valueAt(TOP)), x, TOP - 8);
    pen.fillText(numberText(axis.name, valueAt(height - BOTTOM)), x, height - 4);
    return;
  }
  pen.textAlign = "left";
  axis.options.forEach((option, at) => {
    const py = y(at) + 4;
    const text = short(option, 13);
    pen.fillStyle = look.surface;
    pen.globalAlpha = 0.75;
    pen.fillRect(x + 4, py - 10, pen.measureText(text).width + 4, 13);
    pen.globalAlpha = 1;
    pen.fillStyle = look.ink;
    pen.fillText(text, x + 6, py);
  });
}

const short = (text, limit) => (text.length > limit ? `${text.slice(0, limit - 1)}…` : text);

// The number of the candidate whose line is nearest to a place, or null.
export function nearestLine(placed, numbers, px, py) {
  const right = placed.findIndex(({ x }) => x >= px);
  if (right < 1) return null;
  const [a, b] = [placed[right - 1], placed[right]];
  const part = (px - a.x) / (b.x - a.x || 1);
  let best = null;
  let distance = NEAR;
  numbers.forEach((number, i) => {
    const [ya, yb] = [a.y(a.axis.values[i]), b.y(b.axis.values[i])];
    if (ya === null || yb === null) return;
    const off = Math.abs(ya + part * (yb - ya) - py);
    if (off < distance) [best, distance] = [number, off];
  });
  return best;
}

// The drawing as SVG text.
export function parallelSvg(state, look, width, height) {
  const placed = placeAxes(state, Math.max(width, 2 * SIDE + STEP * (state.axes.length - 1)), height);
  const escape = (text) => text.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);
  const inside = new Set(brushed(state.axes, state.numbers.length));
  const lines = state.numbers.map((number, i) => {
    const colour = state.front.has(number) ? state.colour : look.dominated;
    const path = pathOf(placed, i);
    return `<path d="${path}" fill="none" stroke="${colour}" opacity="${inside.has(i) ? 0.6 : 0.06}"/>`;
  });
  const axes = placed.map(({ axis, x, valueAt }) => {
    const ends = axis.options
      ? axis.options.map((option, at) => [option, placed.find((p) => p.axis === axis).y(at) + 4])
      : [
          [numberText(axis.name, valueAt(TOP)), TOP - 8],
          [numberText(axis.name, valueAt(height - BOTTOM)), height - 4],
        ];
    const texts = ends.map(([text, y]) => `<text x="${x + 4}" y="${y}">${escape(text)}</text>`).join("");
    return `<line x1="${x}" x2="${x}" y1="${TOP}" y2="${height - BOTTOM}" stroke="${look.quiet}"/>
<text x="${x}" y="16" text-anchor="middle" font-weight="600">${escape(axis.title)}</text>${texts}`;
  });
  const wide = placed.at(-1).x + 2 * SIDE;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${wide}" height="${height}" font-family="sans-serif"
 font-size="11" fill="${look.ink}"><rect width="100%" height="100%" fill="${look.surface}"/>
${lines.join("\n")}\n${axes.join("\n")}</svg>`;
}
