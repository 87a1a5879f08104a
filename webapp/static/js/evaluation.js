// The learning curves of an evaluation: one line per seed. The data come with the part of the page that
// htmx keeps up to date.
import { LINES } from "./plots/palette.js";
import { showTimes } from "./clock.js";
import { axis, layout, named } from "./plots/look.js";
import { Plot } from "./plots/plot.js";

const SYMBOLS = ["circle", "diamond", "triangle-up", "square", "cross", "x", "star", "pentagon"];
const MAX_MARKED = 30; // epochs up to which every one gets a marker
const card = document.getElementById("curves-card");
const choice = document.getElementById("curve-measure");
const read = () => JSON.parse(document.getElementById("evaluation-curves").textContent);
const title = document.querySelector("[data-testid=evaluation-title]").textContent;
let data = read();

function offerMeasures() {
  for (const [name, label] of Object.entries(data.measures)) {
    if ([...choice.options].some((option) => option.value === name)) continue;
    choice.append(new Option(label, name));
  }
  choice.disabled = choice.options.length === 0;
}

function figure(look) {
  const measure = choice.value;
  if (!measure) return null;
  const traces = data.seeds.map((seed, place) => {
    const y = seed[measure];
    const colour = LINES[place % LINES.length];
    return {
      x: seed.epoch,
      y,
      type: "scatter",
      mode: y.length <= MAX_MARKED ? "lines+markers" : "lines",
      name: `seed ${seed.seed}`,
      uid: `seed-${seed.seed}`,
      line: { color: colour, width: 2, dash: seed.state === "running" ? "dot" : "solid" },
      marker: { size: 6, color: colour, symbol: SYMBOLS[place % SYMBOLS.length] },
      hovertemplate: `seed ${seed.seed}, epoch %{x}: %{y:.4g}<extra></extra>`,
    };
  });
  if (traces.length === 0) return null;
  const label = data.measures[measure];
  const last = Math.max(...data.seeds.flatMap((seed) => seed.epoch), 1);
  const axes = {
    xaxis: named(axis(look, last <= 8 ? { dtick: 1 } : { nticks: 7 }), "epoch"), // no fractions of epochs
    yaxis: named(axis(look, { nticks: 6 }), label),
  };
  const legend = { showlegend: traces.length > 1, legend: { orientation: "h", x: 0, y: 1.12, font: { size: 11 } } };
  return {
    data: traces,
    layout: layout(look, { ...axes, ...legend, uirevision: measure }),
    saved: layout(look, {
      ...axes,
      ...legend,
      margin: { l: 80, r: 24, t: 60, b: 60 },
      title: { text: `${title}: ${label}`, font: { size: 16 } },
    }),
    points: { curves: traces.length },
  };
}

function table() {
  const names = Object.keys(data.measures);
  const rows = data.seeds.flatMap((seed) =>
    seed.epoch.map((epoch, i) => [seed.seed, epoch, ...names.map((name) => seed[name][i])]),
  );
  return { header: ["seed", "epoch", ...names], rows };
}

const plot = new Plot(card, { figure, table, name: () => `${title} curves` });
offerMeasures();
plot.draw();
choice.addEventListener("change", () => plot.draw());
document.body.addEventListener("htmx:afterSwap", () => {
  data = read();
  offerMeasures();
  showTimes(document.getElementById("evaluation-now"));
  plot.draw();
});
