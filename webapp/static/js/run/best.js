// The card of the best architecture; it follows what is selected until asked to go back.
import { showDrawing } from "../graph/mount.js";
import { valueText } from "../format.js";
import { bestCandidate } from "../reducer.js";
import { provenance } from "./cells.js";
import { drawingOf, putDrawing } from "./drawings.js";

export function bestView(context) {
  const { page, selection } = context;
  const card = document.getElementById("best-card");
  const figure = document.getElementById("best-figure");
  const empty = card.querySelector(".ps-plot-empty");
  const title = card.querySelector("[data-best-title]");
  const values = card.querySelector("[data-best-values]");
  const follow = card.querySelector("[data-best-follow]");
  let shown = null;
  let number = null;

  const embedded = document.getElementById("best-graph");
  const first = bestCandidate(context.state());
  if (embedded && first) putDrawing(first.number, JSON.parse(embedded.textContent));

  follow.addEventListener("click", () => context.select(null));
  card.querySelector("[data-best-open]").addEventListener("click", () => context.open(number));

  return function show(state) {
    const best = bestCandidate(state);
    const chosen = state.candidates.get(selection.number) ?? best;
    follow.hidden = selection.number === null || chosen === best;
    if (!chosen) return;
    number = chosen.number;
    const word = chosen === best ? "Best architecture" : "Selected architecture";
    const heading = `${word}: #${number}`;
    if (title.textContent !== heading) title.textContent = heading;
    values.replaceChildren(...state.run.goals.map((goal) => pair(goal, chosen.values[goal.name])));
    if (shown === number) return;
    shown = number;
    card.dataset.shown = number;
    drawingOf(number, page.dataset.candidates).then(
      (graph) => {
        if (shown !== number || !graph) return;
        empty.hidden = true;
        figure.hidden = false;
        showDrawing(figure, graph, `${state.run.name} candidate ${number}`);
      },
      () => {
        shown = null;
      },
    );
  };
}

function pair(goal, value) {
  const box = document.createElement("div");
  const name = document.createElement("dt");
  name.textContent = goal.name.replace("@", " on ");
  const text = document.createElement("dd");
  text.textContent = value ? valueText(goal.name, value.value, value.unit ?? "", value.spread) : "–";
  text.title = value ? provenance(value) : "not measured";
  box.append(name, text);
  return box;
}
