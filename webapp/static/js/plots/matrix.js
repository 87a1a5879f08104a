// Scatter matrix: a small plot for each pair of axes, below a diagonal of histograms. Drawn on a canvas or as SVG.
import { numberText } from "../format.js";
import { brushed, scaleOf } from "./parallel.js";

const LEFT = 64;
const BOTTOM = 34;
const GAP = 8;
const CELL = 104; // least side of a small plot; narrow pages scroll
const LARGEST = 170;
const BINS = 12;
const NEAR = 7;
const INSET = 5; // of the points within a small plot
export const MAX_AXES = 7;
const PRIMES = [2, 3, 5, 7, 11, 13, 17];

// `state` is that of the parallel coordinates: {axes, numbers, front: Set, pointed, colour}.
export function matrixPlan(state, width) {
  const axes = state.axes.slice(0, MAX_AXES);
  const side = Math.min(LARGEST, Math.max(CELL, (width - LEFT) / Math.max(axes.length, 1) - GAP));
  const step = side + GAP;
  const scales = axes.map(scaleOf);
  // Candidates with the same option lie side by side, always in the same places; each axis has its own sequence.
  const part = (at, i) => {
    const share = scales[at].share(axes[at].values[i]);
    if (share === null || !axes[at].options) return share;
    const off = ((state.numbers[i] * Math.sqrt(PRIMES[at])) % 1) - 0.5;
    return Math.min(1, Math.max(0, share + (0.5 * off) / Math.max(axes[at].options.length - 1, 1)));
  };
  const parts = axes.map((_, at) => state.numbers.map((_, i) => part(at, i)));
  const inner = side - 2 * INSET;
  const cells = [];
  for (let row = 0; row < axes.length; row += 1) {
    for (let column = 0; column <= row; column += 1) {
      cells.push({ row, column, x: LEFT + column * step, y: row * step, side });
    }
  }
  const place = (cell, i) => {
    const [px, py] = [parts[cell.column][i], parts[cell.row][i]];
    if (px === null || py === null) return null;
    return [cell.x + INSET + px * inner, cell.y + side - INSET - py * inner];
  };
  const extent = LEFT + axes.length * step;
  return { axes, scales, parts, cells, side, place, wide: Math.max(extent, LEFT + CELL), high: extent - LEFT + BOTTOM };
}

// Everything that is drawn, as boxes, dots and texts, so that canvas and SVG show the same.
function marksOf(plan, state, look) {
  const inside = new Set(brushed(state.axes, state.numbers.length));
  const kindOf = (i) =>
    state.numbers[i] === state.pointed ? 3 : !inside.has(i) ? 0 : state.front.has(state.numbers[i]) ? 2 : 1;
  const order = state.numbers.map((_, i) => [kindOf(i), i]).sort((a, b) => a[0] - b[0]);
  const boxes = [];
  const dots = [];
  for (const cell of plan.cells) {
    boxes.push({ x: cell.x, y: cell.y, width: cell.side, height: cell.side, line: look.grid });
    if (cell.row === cell.column) {
      boxes.push(...bars(plan, cell, look, inside));
      continue;
    }
    for (const [kind, i] of order) {
      const at = plan.place(cell, i);
      if (at === null) continue;
      const colour = kind === 3 ? look.accent : kind === 2 ? state.colour : look.dominated;
      dots.push({ x: at[0], y: at[1], r: [1.5, 2, 2.8, 4.5][kind], colour, opacity: [0.15, 0.55, 0.95, 1][kind] });
    }
  }
  return { boxes, dots, texts: textsOf(plan, look) };
}

function bars(plan, cell, look, inside) {
  const axis = plan.axes[cell.row];
  const bins = axis.options ? Math.max(1, axis.options.length) : BINS;
  const counts = new Array(bins).fill(0);
  axis.values.forEach((value, i) => {
    const share = plan.scales[cell.row].share(value);
    if (share === null || !inside.has(i)) return;
    counts[axis.options ? value : Math.min(bins - 1, Math.floor(share * bins))] += 1;
  });
  const top = Math.max(...counts, 1);
  const width = (cell.side - 2 * INSET) / bins;
  return counts.map((count, at) => {
    const height = (count / top) * (cell.side - 26);
    return {
      x: cell.x + INSET + at * width,
      y: cell.y + cell.side - INSET - height,
      width: Math.max(width - 1, 1),
      height,
      fill: look.dominated,
    };
  });
}

function textsOf(plan, look) {
  const fits = Math.max(6, Math.floor(plan.side / 7.2));
  const cut = (text) => (text.length > fits ? `${text.slice(0, fits - 1)}…` : text);
  const texts = [];
  plan.axes.forEach((axis, at) => {
    const cell = plan.cells.find(({ row, column }) => row === at && column === at);
    texts.push({ text: cut(axis.title), x: cell.x + plan.side / 2, y: cell.y + 14, anchor: "middle", bold: true });
    const ends = axis.options
      ? [axis.options[0], axis.options.at(-1)]
      : [0, 1].map((share) => numberText(axis.name, plan.scales[at].value(share)));
    const small = (text, x, y, anchor) => texts.push({ text, x, y, anchor, colour: look.quiet });
    const short = ends.map((text) => (text.length > 9 ? `${text.slice(0, 8)}…` : text));
    if (at > 0) {
      small(short[1], LEFT - 6, cell.y + 12, "end");
      small(short[0], LEFT - 6, cell.y + plan.side - 3, "end");
    }
    if (at === plan.axes.length - 1) return;
    const bottom = (plan.axes.length - 1) * (plan.side + GAP) + plan.side + 14;
    small(short[0], cell.x, bottom, "start");
    small(short[1], cell.x + plan.side, bottom, "end");
  });
  return texts;
}

export function drawMatrix(canvas, state, look, width) {
  const plan = matrixPlan(state, width);
  const scale = window.devicePixelRatio || 1;
  canvas.width = plan.wide * scale;
  canvas.height = plan.high * scale;
  canvas.style.setProperty("width", `${plan.wide}px`);
  canvas.style.setProperty("height", `${plan.high}px`);
  const pen = canvas.getContext("2d");
  pen.scale(scale, scale);
  pen.fillStyle = look.surface;
  pen.fillRect(0, 0, plan.wide, plan.high);
  const { boxes, dots, texts } = marksOf(plan, state, look);
  for (const box of boxes) {
    if (box.fill) {
      pen.fillStyle = box.fill;
      pen.fillRect(box.x, box.y, box.width, box.height);
    } else {
      pen.strokeStyle = box.line;
      pen.strokeRect(box.x + 0.5, box.y + 0.5, box.width, box.height);
    }
  }
  for (const dot of dots) {
    pen.globalAlpha = dot.opacity;
    pen.fillStyle = dot.colour;
    pen.beginPath();
    pen.arc(dot.x, dot.y, dot.r, 0, 2 * Math.PI);
    pen.fill();
  }
  pen.globalAlpha = 1;
  for (const { text, x, y, anchor, bold, colour } of texts) {
    pen.font = `${bold ? "600 12px" : "11px"} system-ui, sans-serif`;
    pen.fillStyle = colour ?? look.ink;
    pen.textAlign = { middle: "center", start: "left", end: "right" }[anchor];
    pen.fillText(text, x, y);
  }
  return plan;
}

// The number of the candidate whose point is nearest to a place, or null.
export function nearestPoint(plan, numbers, x, y) {
  const cell = plan.cells.find(
    ({ row, column, x: left, y: top, side }) =>
      row > column && x >= left && x <= left + side && y >= top && y <= top + side,
  );
  if (!cell) return null;
  let best = null;
  let distance = NEAR;
  numbers.forEach((number, i) => {
    const at = plan.place(cell, i);
    const off = at === null ? Infinity : Math.hypot(at[0] - x, at[1] - y);
    if (off < distance) [best, distance] = [number, off];
  });
  return best;
}

export function matrixSvg(state, look, width) {
  const plan = matrixPlan(state, width);
  const escape = (text) => text.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);
  const { boxes, dots, texts } = marksOf(plan, state, look);
  const parts = [
    ...boxes.map(
      ({ x, y, width: w, height: h, fill, line }) =>
        `<rect x="${x}" y="${y}" width="${w}" height="${h}" fill="${fill ?? "none"}" stroke="${line ?? "none"}"/>`,
    ),
    ...dots.map(
      ({ x, y, r, colour, opacity }) =>
        `<circle cx="${x.toFixed(1)}" cy="${y.toFixed(1)}" r="${r}" fill="${colour}" opacity="${opacity}"/>`,
    ),
    ...texts.map(
      ({ text, x, y, anchor, bold, colour }) =>
        `<text x="${x}" y="${y}" text-anchor="${anchor}" font-weight="${bold ? 600 : 400}"` +
        ` fill="${colour ?? look.ink}">` +
        `${escape(text)}</text>`,
    ),
  ];
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${plan.wide}" height="${plan.high}" font-family="sans-serif"
 font-size="11"><rect width="100%" height="100%" fill="${look.surface}"/>\n${parts.join("\n")}</svg>`;
}
