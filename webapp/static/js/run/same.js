// Whether two lists have the same parts, so that what was drawn from them is still right.
export function sameParts(one, other) {
  return one !== null && one.length === other.length && one.every((part, i) => part === other[i]);
}
