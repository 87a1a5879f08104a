// The part of the address that scripts keep: axes, replay, open tab, open candidate.
const OWN = ["x", "y", "z", "lx", "ly", "cube", "replay", "tab", "candidate"];
// Left out of the address, as are empty filters of the table.
const DEFAULTS = { sort: "newest" };

export function watchAddress() {
  const held = new Map();
  const first = new URLSearchParams(location.search);
  for (const key of OWN) if (first.has(key)) held.set(key, first.get(key));

  function write() {
    const params = new URLSearchParams(location.search);
    for (const [key, value] of [...params]) {
      if (value === "" || value === DEFAULTS[key]) params.delete(key);
    }
    for (const key of OWN) {
      if (held.has(key)) params.set(key, held.get(key));
      else params.delete(key);
    }
    const text = params.toString();
    history.replaceState(history.state, "", text ? `?${text}` : location.pathname);
  }

  // Links and filters of the table replace the address; put this part back.
  document.body.addEventListener("htmx:replacedInHistory", write);
  return {
    get: (key) => held.get(key) ?? null,
    set(key, value) {
      if (value === null || value === undefined || value === "") held.delete(key);
      else held.set(key, String(value));
      write();
    },
  };
}
