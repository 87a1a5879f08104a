// The learning curves: those of the best, running and last finished candidates, or of chosen ones.
import { curvesFigure, curvesTable, supernetSteps } from "../plots/curves.js";
import { Plot } from "../plots/plot.js";
import { sameParts } from "./same.js";

const MAX_CHOSEN = 20;

export function curvesView(context) {
  const { page, state } = context;
  const card = document.getElementById("curves-card");
  const form = document.getElementById("curve-choice");
  const note = form.querySelector("[role=status]");
  let chosen = null; // Map number -> points, null: the page chooses
  let drawn = null;

  const shown = () => (chosen ? { ...state(), curves: chosen, chosen: true } : state());
  const plot = new Plot(card, {
    figure: (look) => curvesFigure(shown(), look),
    table: () => curvesTable(shown()),
    name: () => `${state().run.name}-curves`,
    wire: (area, plotly) => pointCurves(context, area, plotly),
  });

  function showKeys() {
    for (const key of card.querySelectorAll(".ps-key")) key.hidden = chosen !== null;
    if (!supernetSteps(state()).length) card.querySelector(".ps-key-supernet").hidden = true;
  }

  async function choose() {
    const typed = form.elements.numbers.value.match(/\d{1,9}/g) ?? [];
    const numbers = [...new Set(typed.map(Number))].slice(0, MAX_CHOSEN);
    if (numbers.length === 0) {
      chosen = null;
      note.textContent = "";
    } else {
      const response = await fetch(`${page.dataset.curves}?numbers=${numbers.join(",")}`);
      if (!response.ok) return;
      const { curves } = await response.json();
      chosen = new Map(Object.entries(curves).map(([number, points]) => [Number(number), points]));
      const without = numbers.filter((number) => !chosen.get(number)?.length);
      note.textContent = without.length > 0 ? `No curve: ${without.map((n) => `#${n}`).join(", ")}` : "";
    }
    card.dataset.chosen = chosen ? chosen.size : "";
    showKeys();
    await plot.draw();
  }
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    choose();
  });
  form.addEventListener("change", choose);

  return function show(now) {
    if (chosen && [...chosen.keys()].some((number) => now.curves.get(number)?.length > chosen.get(number).length)) {
      for (const number of chosen.keys()) chosen.set(number, now.curves.get(number) ?? chosen.get(number));
      drawn = null;
    }
    const next = [now.curves, now.candidates];
    if (sameParts(drawn, next)) return;
    drawn = next;
    showKeys();
    plot.draw();
  };
}

// Pointing at a learning curve marks its candidate everywhere, and the other way round.
function pointCurves(context, area, plotly) {
  const numbers = () => area.data.map((trace) => Number(/^#(\d+)/.exec(trace.name)?.[1] ?? NaN));
  area.on("plotly_hover", (event) => {
    const number = numbers()[event.points[0].curveNumber];
    context.point(Number.isNaN(number) ? null : number);
  });
  area.on("plotly_unhover", () => context.point(null));
  context.onPoint((number) => {
    const widths = { best: 3, running: 1.8, ended: 1.3, chosen: 2, supernet: 2 };
    const marked = numbers().map((other, i) => (other === number ? 5 : widths[area.data[i].meta]));
    if (marked.some((width, i) => width !== area.data[i].line.width)) plotly.restyle(area, { "line.width": marked });
  });
}
