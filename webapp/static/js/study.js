// The curves of a study: mean of each method over its seeds, with a band of one deviation.
import { axis, faded, layout, named, ticksOf } from "./plots/look.js";
import { meanText } from "./format.js";
import { Plot } from "./plots/plot.js";
import { methodLook } from "./vocabulary.js";
import "./clock.js";

const LABELS = { hypervolume: "hypervolume, share of the box" };
const read = () => JSON.parse(document.getElementById("study-data").textContent);
const card = document.getElementById("study-curves");
const choice = document.getElementById("study-measure");
let data = read();
const unit = () => (data.unit === "gpu_seconds" ? "GPU seconds" : data.unit);

function measureLabel(measure) {
  const goal = data.goals[0];
  return LABELS[measure] ?? `best ${goal.name}${goal.unit ? ` (${goal.unit})` : ""} so far`;
}

// Mean and deviation of a point, as the ranking writes them.
function spreadText(measure, point) {
  const { name, unit: of } = measure === "best" ? data.goals[0] : { name: measure, unit: "" };
  return `${meanText(name, point.mean, point.deviation, of)} ${of}`.trimEnd();
}

// The traces of a method: the filled band, then the mean above it.
function traces(method, measure) {
  const points = method.curves[measure];
  const { colour } = methodLook(method.strategy);
  const x = points.map((p) => p.spent);
  const edge = (side) => points.map((p) => p.mean + side * (p.deviation ?? 0));
  const quiet = {
    type: "scatter",
    mode: "lines",
    hoverinfo: "skip",
    showlegend: false,
    legendgroup: method.strategy,
    line: { width: 0 },
  };
  return [
    {
      ...quiet,
      uid: `band-${method.strategy}`,
      x: [...x, ...x.toReversed()],
      y: [...edge(1), ...edge(-1).toReversed()],
      fill: "toself",
      fillcolor: faded(colour, 0.14),
    },
    {
      x,
      y: points.map((p) => p.mean),
      type: "scatter",
      mode: "lines",
      name: method.strategy,
      uid: method.strategy, // hidden in the legend it stays hidden
      legendgroup: method.strategy,
      line: { color: colour, width: 2 },
      customdata: points.map((p) => [spreadText(measure, p), p.count]),
      hovertemplate:
        `${method.strategy} after %{x} ${unit()}<br>` +
        "%{customdata[0]}, %{customdata[1]} seeds<extra></extra>",
    },
  ];
}

// The range fits the later part, in which methods differ; the steep first 5 % may be cut off.
const SETTLED = 0.05;

function rangeOf(methods, measure) {
  const longest = Math.max(...methods.flatMap((method) => method.curves[measure].map((p) => p.spent)));
  const seen = methods.flatMap((method) => method.curves[measure].filter((p) => p.spent >= SETTLED * longest));
  if (seen.length === 0) return null;
  const low = Math.min(...seen.map((p) => p.mean - (p.deviation ?? 0)));
  const high = Math.max(...seen.map((p) => p.mean + (p.deviation ?? 0)));
  const room = (high - low || Math.abs(high) || 1) * 0.06;
  return [low - room, high + room];
}

const valuesOf = (methods, measure) => methods.flatMap((method) => method.curves[measure].map((p) => p.mean));

function figure(look) {
  const measure = choice?.value;
  const drawn = measure ? data.methods.filter((method) => method.curves[measure].length > 0) : [];
  if (drawn.length === 0) return null;
  const legend = { showlegend: true, legend: { orientation: "h", x: 0, y: -0.14, yanchor: "top", font: { size: 11 } } };
  const axes = {
    xaxis: axis(look, { rangemode: "tozero", nticks: 6 }),
    yaxis: axis(look, { nticks: 6, range: rangeOf(drawn, measure), ...ticksOf(valuesOf(drawn, measure)) }),
  };
  return {
    data: drawn.flatMap((method) => traces(method, measure)),
    layout: layout(look, { ...axes, ...legend, uirevision: measure }),
    saved: layout(look, {
      ...legend,
      margin: { l: 80, r: 24, t: 24, b: 110 },
      legend: { ...legend.legend, y: -0.2 },
      xaxis: named(axes.xaxis, `${unit()} used by each run`),
      yaxis: named(axes.yaxis, measureLabel(measure)),
    }),
    points: { methods: drawn.length },
  };
}

function table() {
  const rows = data.methods.flatMap((method) =>
    Object.entries(method.curves).flatMap(([measure, points]) =>
      points.map((p) => [method.strategy, measure, p.spent, p.mean, p.deviation ?? "", p.count]),
    ),
  );
  return { header: ["method", "measure", data.unit, "mean", "deviation", "seeds"], rows };
}

const plot = new Plot(card, {
  figure,
  table,
  name: () => document.querySelector("[data-testid=study-name]").textContent,
});
const linked = new URLSearchParams(location.search).get("y");
if (choice && [...choice.options].some((option) => option.value === linked)) choice.value = linked;
choice?.addEventListener("change", () => {
  const params = new URLSearchParams(location.search);
  params.set("y", choice.value);
  history.replaceState(history.state, "", `?${params}`);
  plot.draw();
});
// The results reload themselves every few seconds while runs are active.
document.body.addEventListener("htmx:afterSwap", (event) => {
  if (event.target.id !== "study-results" && event.detail.target?.id !== "study-results") return;
  data = read();
  plot.draw();
});
plot.draw();
