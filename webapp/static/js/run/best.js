// The drawing in the card of the best architecture; the server renders the rest of the card.
import { showDrawing } from "../graph/mount.js";
import { drawingOf, putDrawing } from "./drawings.js";

export function bestView(context) {
  const { page } = context;
  const card = document.getElementById("best-card");
  const figure = document.getElementById("best-figure");
  const empty = card.querySelector(".ps-plot-empty");
  const number = () => Number(card.querySelector("[data-shown]")?.dataset.shown ?? NaN);
  let drawn = null;

  const embedded = document.getElementById("best-graph");
  if (embedded) putDrawing(number(), JSON.parse(embedded.textContent));

  card.addEventListener("click", (event) => {
    if (event.target.closest("[data-best-follow]")) context.select(null);
    if (event.target.closest("[data-best-open]")) context.open(number());
  });

  return function show(state) {
    const wanted = number();
    if (Number.isNaN(wanted) || drawn === wanted) return;
    drawn = wanted;
    card.dataset.shown = wanted;
    drawingOf(wanted, page.dataset.candidates).then(
      (graph) => {
        if (drawn !== wanted || !graph) return;
        empty.hidden = true;
        figure.hidden = false;
        showDrawing(figure, graph, `${state.run.name} candidate ${wanted}`);
      },
      () => {
        drawn = null; // the next change tries again
      },
    );
  };
}
