// The three plots of the run page, redrawn only when their data has changed.
import { paretoFigure } from "../plots/pareto.js";
import { curvesFigure, curvesTable } from "../plots/curves.js";
import { hypervolumeFigure, hypervolumeTable } from "../plots/hypervolume.js";
import { counted } from "../format.js";
import { Plot } from "../plots/plot.js";
import { hoverCard } from "./hover.js";

export function plotViews(context) {
  return [
    paretoView(context),
    simpleView(context, "hypervolume", hypervolumeFigure, hypervolumeTable, (s) => [s.front, s.run.told]),
    simpleView(context, "curves", curvesFigure, curvesTable, (s) => [s.curves, s.candidates]),
  ];
}

function sameParts(one, other) {
  return one !== null && one.length === other.length && one.every((part, i) => part === other[i]);
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

function paretoView(context) {
  const { state, address, selection } = context;
  const card = document.getElementById("pareto-card");
  const field = (id) => document.getElementById(id);
  const note = card.querySelector("[data-pareto-note]");
  const names = state().run.goals.map((goal) => goal.name);
  const linked = (key, otherwise) => (names.includes(address.get(key)) ? address.get(key) : otherwise);
  const view = {
    x: linked("x", names[1] ?? names[0]),
    y: linked("y", names[0]),
    logX: address.get("lx") === "1",
    logY: address.get("ly") === "1",
    selected: null,
  };
  const hover = hoverCard(context);
  const plot = new Plot(card, {
    figure: (look) => paretoFigure(state(), { ...view, selected: selection.number }, look),
    table: () => context.page.dataset.csv,
    name: () => `${state().run.name}-front`,
    wire(area) {
      area.on("plotly_click", (event) => {
        const number = event.points?.map((p) => p.customdata).find((n) => Number.isInteger(n));
        if (number !== undefined) {
          hover.hide();
          context.open(number);
        }
      });
      area.on("plotly_hover", (event) => hover.show(event, view));
      area.on("plotly_unhover", hover.hide);
    },
  });
  let drawn = null;

  field("axis-x").value = view.x;
  field("axis-y").value = view.y;
  field("log-x").checked = view.logX;
  field("log-y").checked = view.logY;
  card.addEventListener("change", () => {
    view.x = field("axis-x").value;
    view.y = field("axis-y").value;
    view.logX = field("log-x").checked;
    view.logY = field("log-y").checked;
    address.set("x", view.x === (names[1] ?? names[0]) ? null : view.x);
    address.set("y", view.y === names[0] ? null : view.y);
    address.set("lx", view.logX ? "1" : null);
    address.set("ly", view.logY ? "1" : null);
    drawn = null;
    context.redraw();
  });

  return function show(now) {
    const next = [now.candidates, now.front, selection.number];
    if (sameParts(drawn, next)) return;
    drawn = next;
    const running = now.run.counts.running ?? 0;
    const waiting = running > 0 ? `${running} running, not plotted until measured.` : "";
    plot.draw().then(() => {
      const shown = Number(plot.box.dataset.shown ?? 0);
      const all = Number(plot.box.dataset.points ?? 0) + now.total - now.candidates.size;
      const thinned = `${counted(shown)} of ${counted(all)} points are drawn; the table and the CSV have all.`;
      note.textContent = [shown < all ? thinned : "", waiting].filter(Boolean).join(" ");
    });
  };
}
