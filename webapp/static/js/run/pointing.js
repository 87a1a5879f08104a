// Pointing at a candidate in one place marks it in all plots and in the tables.
//
// Returns {point(number or null), onPoint(listener)}.
export function pointing() {
  const listeners = [];
  let pointed = null;

  function point(number) {
    if (number === pointed) return;
    pointed = number;
    for (const row of document.querySelectorAll("tr.ps-pointed")) row.classList.remove("ps-pointed");
    if (number !== null) {
      for (const row of document.querySelectorAll(`#run tr[data-open="${number}"]`)) row.classList.add("ps-pointed");
    }
    for (const listener of listeners) listener(number);
  }

  for (const kind of ["pointerover", "focusin"]) {
    document.getElementById("tabs").closest("#run").addEventListener(kind, (event) => {
      const row = event.target.closest("tr[data-open]");
      if (row) point(Number(row.dataset.open));
      else if (kind === "focusin" || event.target.closest("table")) point(null);
    });
  }
  for (const table of ["front-card", "tabs"]) {
    document.getElementById(table).addEventListener("pointerleave", () => point(null));
  }
  return { point, onPoint: (listener) => listeners.push(listener) };
}
