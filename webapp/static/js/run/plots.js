// The three plots of the run page, redrawn only when their data has changed.
import { hypervolumeFigure, hypervolumeTable } from "../plots/hypervolume.js";
import { Plot } from "../plots/plot.js";
import { curvesView } from "./curves.js";
import { paretoView } from "./pareto.js";
import { sameParts } from "./same.js";

const ENDED = new Set(["stopped", "finished", "failed"]);

export function plotViews(context) {
  return [
    paretoView(context),
    simpleView(context, "hypervolume", hypervolumeFigure, hypervolumeTable, (s) => [s.front, s.run.told]),
    curvesView(context),
    emptyTexts,
  ];
}

// The texts of empty charts: what will appear while the run goes on, what is missing at its end.
function emptyTexts({ run }) {
  const ended = ENDED.has(run.state);
  for (const text of document.querySelectorAll("[data-run-ended]")) text.hidden = !ended;
  for (const text of document.querySelectorAll("[data-run-open]")) text.hidden = ended;
}

function simpleView({ state }, what, figure, table, parts) {
  const plot = new Plot(document.getElementById(`${what}-card`), {
    figure: (look) => figure(state(), look),
    table: () => table(state()),
    name: () => `${state().run.name}-${what}`,
  });
  let drawn = null;
  return function show(now) {
    const next = parts(now);
    if (sameParts(drawn, next)) return;
    drawn = next;
    plot.draw();
  };
}
