// A region drawn around points of a plot of two objectives; webapp/runs/lasso.py reads the same text.
import { thinned } from "./arrays.js";

const MAX_CORNERS = 40;
const DIGITS = 5;

// "X|Y|SCALES|x,y;x,y;...", or "" for fewer than three corners.
export function lassoText(view, xs, ys) {
  const corners = thinned(
    xs.map((x, i) => `${Number(x.toPrecision(DIGITS))},${Number(ys[i].toPrecision(DIGITS))}`),
    MAX_CORNERS,
  );
  if (corners.length < 3) return "";
  const scales = (view.logX ? "l" : "n") + (view.logY ? "l" : "n");
  return [view.x, view.y, scales, corners.join(";")].join("|");
}

// {x, y, logX, logY, corners, contains(x, y)}, or null if the text is none.
export function readLasso(text) {
  const parts = (text ?? "").split("|");
  if (parts.length !== 4) return null;
  const [x, y, scales, drawn] = parts;
  const [logX, logY] = [scales[0] === "l", scales[1] === "l"];
  const corners = drawn.split(";").map((corner) => corner.split(",").map(Number));
  if (corners.length < 3 || corners.some((c) => c.length !== 2 || !c.every(Number.isFinite))) return null;
  const scaled = corners.map(([cx, cy]) => [logX ? Math.log10(cx) : cx, logY ? Math.log10(cy) : cy]);
  const contains = (px, py) => isInside(scaled, logX ? Math.log10(px) : px, logY ? Math.log10(py) : py);
  return { x, y, logX, logY, corners, contains };
}

// The even-odd rule.
function isInside(corners, x, y) {
  let inside = false;
  corners.forEach(([x0, y0], i) => {
    const [x1, y1] = corners[(i + 1) % corners.length];
    if (y0 > y !== y1 > y && x < ((x1 - x0) * (y - y0)) / (y1 - y0) + x0) inside = !inside;
  });
  return inside && Number.isFinite(x);
}
