// About `limit` elements at equal distances, in order.
export function thinned(values, limit) {
  if (values.length <= limit) return values;
  const step = values.length / limit;
  return Array.from({ length: limit }, (_, i) => values[Math.floor(i * step)]);
}
