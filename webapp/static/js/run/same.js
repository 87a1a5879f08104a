// Whether two lists have the same parts, so that what was drawn from them is still right.
export function sameParts(first, second) {
  return first !== null && first.length === second.length && first.every((part, i) => part === second[i]);
}
