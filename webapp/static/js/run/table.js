// The candidate table: new candidates wait behind a button, so that rows do not move.
const ENDED = new Set(["stopped", "finished", "failed"]);

export function tableView({ page, redraw }) {
  const pill = document.querySelector("[data-new-pill]");
  const table = () => document.getElementById("candidate-table");
  let completed = false;

  function refresh() {
    window.htmx.trigger(table().querySelector("form"), "refresh");
  }

  pill.addEventListener("click", refresh);
  // The arrow keys move between the candidates of the table.
  page.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const row = event.target.closest("#candidate-table tr[data-open]");
    if (!step || !row || !event.target.matches("[data-open-candidate]")) return;
    event.preventDefault();
    const rows = [...table().querySelectorAll("tr[data-open]")];
    rows[rows.indexOf(row) + step]?.querySelector("[data-open-candidate]").focus();
  });
  document.addEventListener("htmx:afterSettle", (event) => {
    if (event.target.id === "candidate-table") redraw();
  });

  // An empty table, and the first page after the end of the run, are completed without a click.
  function completes(state, highest) {
    if (highest < 0) return true;
    return ENDED.has(state.run.state) && table().dataset.page === "1" && !completed;
  }

  return function show(state) {
    const highest = Number(table().dataset.highest);
    const count = Math.max(0, state.total - 1 - highest);
    pill.hidden = count === 0;
    pill.textContent = `Show ${count} new`;
    page.dataset.candidateCount = state.total;
    if (!ENDED.has(state.run.state)) completed = false;
    if (count > 0 && window.htmx && completes(state, highest)) {
      completed = ENDED.has(state.run.state);
      refresh();
    }
  };
}
