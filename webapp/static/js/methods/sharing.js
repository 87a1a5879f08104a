// Weight-sharing searches: the supernet after each epoch, its losses, and the rank correlation between
// errors with shared weights and errors of stand-alone training.
import { showDrawing } from "../graph/mount.js";
import { cellWord } from "../graph/draw.js";
import { goalTitle } from "../plots/axes.js";
import { axis, layout, named } from "../plots/look.js";
import { candidateLink, facts, make, plotSection, quiet, table, title } from "./elements.js";
import { heatFigure, heatTable } from "./heat.js";
import { largestStrength, meanWeights, relaxedDrawing } from "./relaxed.js";
import { scrubber } from "./scrub.js";
import { EPOCHS, seriesFigure, seriesTable } from "./series.js";

const PHASES = { epoch: "training", derive: "deriving", proof: "derived", rival: "derived", over: "derived" };
const LOSSES = [
  { name: "training loss (weights)", key: "train_loss" },
  { name: "validation loss (architecture)", key: "valid_loss" },
];
const OTHERS = [
  { name: "reward", key: "reward" },
  { name: "baseline", key: "baseline", dash: "dot" },
  { name: "mean of sampled architectures", key: "children_mean" },
  { name: "best of sampled architectures", key: "children_best", dash: "dot" },
  { name: "dominant eigenvalue", key: "eigenvalue", dots: true },
  { name: "share of skip connections", key: "skip" },
  { name: "normalised entropy", key: "evenness", dash: "dot" },
  { name: "entropy of the policy (nats)", key: "entropy", right: true, dash: "dash" },
];
const TAU =
  "Kendall's tau between errors with shared weights and after stand-alone training: 1 is the same order, 0 none";

export function sharingView(box, page, name) {
  let view = null;
  let goal = null;
  const warning = make("p", undefined, "ps-method-warning");
  warning.setAttribute("role", "status");
  const note = make("p", undefined, "ps-quiet");
  const top = make("div");
  const scrub = scrubber(() => drawFrame());
  const figure = make("figure", undefined, "ps-method-graph");
  figure.dataset.size = "full";
  const words = make("details");
  const list = make("div", undefined, "ps-graph-words");
  words.append(make("summary", "As a list"), list);
  figure.append(make("div", undefined, "ps-graph-box"), words);
  const heats = make("div", undefined, "ps-heats");
  let maps = [];
  const losses = plotSection("Losses over epochs", "Appears when the first epoch is trained.", {
    label: "Losses of the supernet on both parts of the training data over epochs; the values are in the CSV",
    name: () => `${name()}-losses`,
    figure: (look) => seriesFigure(view.course, lines(LOSSES), "cross-entropy (nats)", look, {}, EPOCHS),
    table: () => seriesTable(view.course, keys(LOSSES), EPOCHS),
  });
  const others = plotSection("Search diagnostics", "Appears when the first epoch is trained.", {
    label: "Diagnostics of the search over epochs; the values are in the CSV",
    name: () => `${name()}-diagnostics`,
    figure: (look) => (lines(OTHERS).length ? seriesFigure(rows(), lines(OTHERS), "value", look, {}, EPOCHS) : null),
    table: () => seriesTable(rows(), keys(OTHERS), EPOCHS),
  });
  const correlation = plotSection(
    "Supernet vs stand-alone error",
    "Appears when an architecture scored with shared weights has been retrained from scratch.",
    {
      label: "Error with shared weights and first objective after stand-alone training of the same networks",
      name: () => `${name()}-correlation`,
      figure: (look) => correlationFigure(view.alone, goal, look),
      table: () => ({ header: ["number", "origin", "shared", "stand_alone"], rows: view.alone }),
    },
  );
  const rest = make("div");
  const baseline = make("p");
  box.replaceChildren(
    warning,
    note,
    top,
    baseline,
    scrub.element,
    figure,
    heats,
    losses.element,
    others.element,
    correlation.element,
    rest,
  );

  const rows = () => view.course.map((row) => ({ ...row, skip: row.skips ? Object.values(row.skips)[0] : undefined }));
  const keys = (all) =>
    all.map((line) => line.key).filter((key) => rows().some((row) => row[key] !== undefined && row[key] !== null));
  const lines = (all) => all.filter((line) => keys(all).includes(line.key));

  function drawFrame() {
    const frame = scrub.frame();
    figure.hidden = frame === null || !view.drawing.cells.length;
    if (frame === null) return;
    if (!figure.hidden)
      showDrawing(
        figure,
        relaxedDrawing(view.drawing, frame, largestStrength(view.frames)),
        `The supernet after epoch ${frame.epoch + 1}`,
      );
    for (const map of maps) map.draw();
  }

  function heatsOf(group) {
    const now = () => ({
      rows: group.rows,
      columns: group.columns,
      values: scrub.frame()?.weights[group.name] ?? [],
      across: "option",
      down: "choice",
      key: `${group.name}-now`,
    });
    const whole = () => ({
      rows: group.columns,
      columns: view.frames.map((frame) => String(frame.epoch + 1)),
      values: view.frames.length ? meanWeights(view.frames, group) : [],
      across: "epoch",
      down: "option",
      key: `${group.name}-course`,
      options: group.columns.length,
    });
    const word = capital(cellWord(group.name));
    return [
      plotSection(`${word}: weights after this epoch`, "Appears when the first epoch is trained.", {
        label: `Weight of every option at every choice of ${word} after the chosen epoch; the values are in the CSV`,
        name: () => `${name()}-${group.name}-weights`,
        figure: (look) => heatFigure(now(), look),
        table: () => heatTable(now()),
      }),
      plotSection(`${word}: mean weight over epochs`, "Appears when the first epoch is trained.", {
        label: `Mean weight of every option of ${word} over the epochs; the values are in the CSV`,
        name: () => `${name()}-${group.name}-epochs`,
        figure: (look) => heatFigure(whole(), look),
        table: () => heatTable(whole()),
      }),
    ];
  }

  return function show(next, state) {
    view = { frames: [], drawing: { cells: [], heat: [], operations: [] }, ...next };
    goal = state.run.goals[0];
    warning.textContent = view.warning ?? "";
    warning.hidden = !view.warning;
    note.textContent = view.said;
    note.hidden = !view.said;
    top.replaceChildren(
      facts([
        [
          "Supernet",
          view.phase === "epoch"
            ? `epoch ${view.epoch} of ${view.epochs} trained`
            : `${view.epoch} epochs, ${PHASES[view.phase]}`,
        ],
        ...(view.searches > 1 ? [["Search", `${view.search + 1} of ${view.searches}`]] : []),
        ["Rank correlation (Kendall's tau)", view.tau === null ? "–" : view.tau.toFixed(2), TAU],
      ]),
    );
    if (maps.length === 0 && view.drawing.heat.length) {
      maps = view.drawing.heat.flatMap(heatsOf);
      heats.replaceChildren(...maps.map((map) => map.element));
    }
    scrub.set(view.frames);
    drawFrame();
    baseline.replaceChildren(...baselineSentence(view.rival, goal, page.dataset.candidates));
    baseline.hidden = !view.rival;
    for (const plot of [losses, others, correlation]) plot.draw();
    const base = page.dataset.candidates;
    const alone = view.alone.map(([number, origin, shared, value]) => [
      candidateLink(number, base),
      origin,
      numberOf(shared),
      numberOf(value),
    ]);
    const columns = [
      { text: "Candidate" },
      { text: "Origin" },
      { text: "With shared weights", numeric: true },
      { text: `Stand-alone, ${goalTitle(goal)}`, numeric: true },
    ];
    rest.replaceChildren(
      title("Stand-alone training"),
      alone.length
        ? table(columns, alone, "Architectures retrained from scratch")
        : quiet("Derived architectures appear here when they have been retrained from scratch."),
    );
  };
}

// Compares the best recurrent cell with the LSTM baseline in a sentence.
function baselineSentence(rival, goal, base) {
  if (!rival) return [];
  const better = goal.better === "lower" ? rival.cell < rival.value : rival.cell > rival.value;
  const apart = Math.abs(100 * (rival.cell / rival.value - 1)).toFixed(1);
  const verdict = rival.cell === rival.value ? "the same" : `${apart} % ${better ? "better" : "worse"}`;
  return [
    `Best cell, candidate `,
    candidateLink(rival.number, base),
    `: ${goal.name} ${numberOf(rival.cell)}. An ${rival.network} of `,
    `${rival.parameters.toLocaleString("en")} parameters, trained for as long: ${numberOf(rival.value)}. `,
    `The cell is ${verdict}.`,
  ];
}

const capital = (word) => word.charAt(0).toUpperCase() + word.slice(1);

const numberOf = (value) => (value === null || value === undefined ? null : Number(value).toPrecision(4));

function correlationFigure(pairs, goal, look) {
  const scored = pairs.filter(([, , shared]) => shared !== null);
  if (scored.length === 0) return null;
  const of = (origin) => scored.filter((pair) => (pair[1] === "random") === (origin === "random"));
  return {
    data: ["derived", "random"]
      .map((origin, i) => ({
        x: of(origin).map((pair) => pair[2]),
        y: of(origin).map((pair) => pair[3]),
        customdata: of(origin).map((pair) => pair[0]),
        type: "scatter",
        mode: "markers",
        name: origin,
        marker: { size: 9, color: ["#D55E00", look.quiet][i], symbol: ["diamond", "circle"][i] },
        hovertemplate: "candidate %{customdata}: shared %{x:.4g}, stand-alone %{y:.4g}<extra></extra>",
      }))
      .filter((trace) => trace.x.length),
    layout: layout(look, {
      margin: { l: 56, r: 14, t: 26, b: 38 },
      xaxis: named(axis(look, { nticks: 8 }), "with shared weights"),
      yaxis: named(axis(look, { nticks: 6 }), `stand-alone, ${goalTitle(goal)}`),
      showlegend: true,
      legend: { orientation: "h", x: 0, y: 1.02, yanchor: "bottom", font: { size: 11 } },
      uirevision: "correlation",
    }),
    points: { points: scored.length },
  };
}
