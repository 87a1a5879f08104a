// DPP-Net: its stages, predicted against measured values, and the selected candidates.
import { goalTitle } from "../plots/axes.js";
import { axis, layout, named } from "../plots/look.js";
import { candidateWithValue, facts, make, plotSection, quiet, table, title } from "./elements.js";

const STAGE_COLOURS = ["#B87A00", "#0072B2", "#D55E00"];
const ALL_ROUND = "all-round"; // as the strategy names it in its view
const HOW = { first: "first", growth: "grown by a layer", mutation: "neighbours of the front", random: "random" };

export function stagesView(box, page, name) {
  let stages = [];
  let goals = [];
  const predicted = plotSection(
    "Predicted against measured",
    "Appears when the second stage is measured: the surrogate's prediction for every candidate and its measured value.",
    {
      label:
        "Predicted against measured values of the first objective in the latest stages; all objectives are in the CSV",
      name: () => `${name()}-predictions`,
      figure: (look) => predictionFigure(stages, goals[0], look),
      table: () => predictionTable(stages, goals),
    },
  );
  const top = make("div");
  const rest = make("div");
  box.replaceChildren(top, predicted.element, rest);
  return function show(view, state) {
    stages = view.stages;
    goals = state.run.goals;
    predicted.draw();
    const base = page.dataset.candidates;
    const named = [...goals.map((goal) => goal.name), ALL_ROUND].filter((pick) => pick in view.picks);
    const picks = named.map((pick) => [
      pick === ALL_ROUND ? "Best compromise" : `Best ${pick}`,
      candidateWithValue(view.picks[pick], state, base, goals.find((goal) => goal.name === pick)),
      pick === ALL_ROUND ? "Best worst rank over all objectives" : "",
    ]);
    top.replaceChildren(
      facts([["Stage", String(view.stage + 1)]]),
      title("Selected candidates"),
      picks.length ? facts(picks) : quiet("Appears with the first measured candidate."),
    );
    const rows = stages.map((stage, i) => [
      String(i + 1),
      HOW[stage.how] ?? stage.how,
      stage.children ? String(stage.children) : null,
      `${stage.measured} of ${stage.asked}`,
      ...goals.map((goal) => numberOf(stage.correlation[goal.name])),
      numberOf(stage.loss),
    ]);
    const columns = [
      { text: "Stage" },
      { text: "Children" },
      { text: "Predicted", numeric: true },
      { text: "Measured", numeric: true },
      ...goals.map((goal) => ({ text: `Rank correlation, ${goal.name}`, numeric: true })),
      { text: "Surrogate loss", numeric: true },
    ];
    rest.replaceChildren(
      title("Stages"),
      stages.length
        ? table(columns, rows, "Stages")
        : quiet("The first stage is being measured; a row appears when the next stage is planned."),
    );
  };
}

const numberOf = (value) => (value === null || value === undefined ? null : value.toFixed(2));

const bothOf = (stage, place) =>
  stage.pairs
    .filter(([, predicted, measured]) => predicted && measured)
    .map(([number, predicted, measured]) => ({ number, x: measured[place], y: predicted[place] }));

function predictionFigure(stages, goal, look) {
  const latest = stages
    .map((stage, i) => ({ place: i + 1, dots: bothOf(stage, 0) }))
    .filter((shown) => shown.dots.length)
    .slice(-STAGE_COLOURS.length);
  const all = latest.flatMap((shown) => shown.dots.flatMap((dot) => [dot.x, dot.y]));
  if (all.length === 0) return null;
  const ends = [Math.min(...all), Math.max(...all)];
  const unit = goalTitle(goal);
  return {
    data: [
      {
        x: ends,
        y: ends,
        type: "scatter",
        mode: "lines",
        name: "as predicted",
        line: { color: look.quiet, dash: "dot", width: 1 },
        hoverinfo: "skip",
      },
      ...latest.map((shown, i) => ({
        x: shown.dots.map((dot) => dot.x),
        y: shown.dots.map((dot) => dot.y),
        customdata: shown.dots.map((dot) => dot.number),
        type: "scatter",
        mode: "markers",
        name: `stage ${shown.place}`,
        marker: { size: 7, color: STAGE_COLOURS.slice(-latest.length)[i], symbol: ["circle", "diamond", "square"][i] },
        hovertemplate: "candidate %{customdata}: measured %{x:.4g}, predicted %{y:.4g}<extra></extra>",
      })),
    ],
    layout: layout(look, {
      margin: { l: 56, r: 14, t: 26, b: 38 },
      xaxis: named(axis(look, { nticks: 8 }), `measured ${unit}`),
      yaxis: named(axis(look, { nticks: 6 }), `predicted ${unit}`),
      showlegend: true,
      legend: { orientation: "h", x: 0, y: 1.02, yanchor: "bottom", font: { size: 11 } },
      uirevision: "predictions",
    }),
    points: { points: all.length / 2 },
  };
}

function predictionTable(stages, goals) {
  const header = ["stage", "number", ...goals.flatMap((goal) => [`predicted ${goal.name}`, `measured ${goal.name}`])];
  const rows = stages.flatMap((stage, i) =>
    stage.pairs
      .filter(([, predicted]) => predicted)
      .map(([number, predicted, measured]) => [
        i + 1,
        number,
        ...goals.flatMap((_, place) => [predicted[place], measured?.[place] ?? null]),
      ]),
  );
  return { header, rows };
}
