// The front of two axes for the plots. The front of all objectives comes from the server.

// `points` are {x, y, number}; the flips say for each axis whether higher is better. Returns the
// points that no other point dominates, by x; equal points are kept once.
export function frontOf(points, [flipX, flipY] = [false, false]) {
  const sx = flipX ? -1 : 1;
  const sy = flipY ? -1 : 1;
  const ordered = [...points].sort((a, b) => sx * (a.x - b.x) || sy * (a.y - b.y) || a.number - b.number);
  const front = [];
  let best = Infinity;
  for (const point of ordered) {
    if (sy * point.y < best) {
      best = sy * point.y;
      front.push(point);
    }
  }
  return front;
}

// Returns the step line of a front and the polygon of the region it dominates. `corner` is the worst
// x and y shown; the line ends there on both sides.
export function steps(front, corner) {
  if (front.length === 0) return { line: { x: [], y: [] }, area: { x: [], y: [] } };
  const x = [front[0].x, front[0].x];
  const y = [corner.y, front[0].y];
  for (let i = 1; i < front.length; i += 1) {
    x.push(front[i].x, front[i].x);
    y.push(front[i - 1].y, front[i].y);
  }
  x.push(corner.x);
  y.push(front.at(-1).y);
  return { line: { x, y }, area: { x: [...x, corner.x], y: [...y, corner.y] } };
}

// Returns about `limit` points: one of each cell of a fine grid, so that isolated points and the
// extremes stay.
export function thin(points, limit) {
  if (points.length <= limit) return points;
  const side = Math.floor(Math.sqrt(limit));
  const xs = points.map((p) => p.x);
  const ys = points.map((p) => p.y);
  const [x0, x1, y0, y1] = [least(xs), most(xs), least(ys), most(ys)];
  const cell = (value, low, high) => Math.min(side - 1, Math.floor(((value - low) / (high - low || 1)) * side));
  const kept = new Map();
  for (const point of points) {
    const key = cell(point.x, x0, x1) * side + cell(point.y, y0, y1);
    if (!kept.has(key)) kept.set(key, point);
  }
  for (const edge of [x0, x1]) keep(points.find((p) => p.x === edge));
  for (const edge of [y0, y1]) keep(points.find((p) => p.y === edge));
  function keep(point) {
    kept.set(`edge ${point.number}`, point);
  }
  return [...new Set(kept.values())];
}

export const least = (values) => values.reduce((a, b) => (b < a ? b : a), Infinity);
export const most = (values) => values.reduce((a, b) => (b > a ? b : a), -Infinity);
