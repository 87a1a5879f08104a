// Searches with shared weights: what the shared network leans to after each epoch, how it learned,
// and whether its word about architectures can be trusted.
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
  { name: "loss on the weights' data", key: "train_loss" },
  { name: "loss on the architecture's data", key: "valid_loss" },
];
const OTHERS = [
  { name: "reward", key: "reward" },
  { name: "baseline", key: "baseline", dash: "dot" },
  { name: "mean of random architectures", key: "children_mean" },
  { name: "best of random architectures", key: "children_best", dash: "dot" },
  { name: "dominant eigenvalue", key: "eigenvalue", dots: true },
  { name: "share of skips", key: "skip" },
  { name: "undecidedness", key: "evenness", dash: "dot" },
  { name: "entropy of the policy (nats)", key: "entropy", right: true, dash: "dash" },
];
const TAU = "Kendall's tau between errors with shared weights and of networks trained alone: 1 the same order, 0 none";

export function sharingView(box, page, name) {
  let view = null;
  let goal = null;
  const warning = make("p", undefined, "ps-method-warning");
  warning.setAttribute("role", "status");
  const said = make("p", undefined, "ps-quiet");
  const top = make("div");
  const scrub = scrubber(() => drawFrame());
  const figure = make("figure", undefined, "ps-method-graph");
  figure.dataset.size = "full";
  const words = make("details");
  const list = make("div", undefined, "ps-graph-words");
  words.append(make("summary", "The drawing in words"), list);
  figure.append(make("div", undefined, "ps-graph-box"), words);
  const heats = make("div", undefined, "ps-heats");
  let maps = [];
  const course = plotSection("Losses over epochs", "Appears when the first epoch is trained.", {
    label: "Loss of the shared network on both parts of the training data over epochs; the values are in the CSV",
    name: () => `${name()}-losses`,
    figure: (look) => seriesFigure(view.course, lines(LOSSES), "cross-entropy (nats)", look, {}, EPOCHS),
    table: () => seriesTable(view.course, keys(LOSSES), EPOCHS),
  });
  const others = plotSection("What the search watches", "Appears when the first epoch is trained.", {
    label: "What the search watches over epochs: shares, reward, entropy; the values are in the CSV",
    name: () => `${name()}-watched`,
    figure: (look) => (lines(OTHERS).length ? seriesFigure(rows(), lines(OTHERS), "value", look, {}, EPOCHS) : null),
    table: () => seriesTable(rows(), keys(OTHERS), EPOCHS),
  });
  const proof = plotSection(
    "Shared against alone",
    "Appears when an architecture that was scored with shared weights has been trained alone.",
    {
      label: "Error with shared weights against the first objective of the same network trained alone",
      name: () => `${name()}-agreement`,
      figure: (look) => proofFigure(view.alone, goal, look),
      table: () => ({ header: ["number", "origin", "shared", "alone"], rows: view.alone }),
    },
  );
  const rest = make("div");
  const rival = make("p");
  box.replaceChildren(
    warning,
    said,
    top,
    rival,
    scrub.element,
    figure,
    heats,
    course.element,
    others.element,
    proof.element,
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
        `The shared network after epoch ${frame.epoch + 1}`,
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
    });
    const word = capital(cellWord(group.name));
    return [
      plotSection(`${word}: weights after this epoch`, "Appears when the first epoch is trained.", {
        label: `Weight of every option at every choice of ${word} after the epoch that is looked at; the values are in the CSV`,
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

  return function show(given, state) {
    view = { frames: [], drawing: { cells: [], heat: [], operations: [] }, ...given };
    goal = state.run.goals[0];
    warning.textContent = view.warning ?? "";
    warning.hidden = !view.warning;
    said.textContent = view.said;
    said.hidden = !view.said;
    top.replaceChildren(
      facts([
        [
          "Shared network",
          view.phase === "epoch"
            ? `epoch ${view.epoch} of ${view.epochs} trained`
            : `${view.epoch} epochs, ${PHASES[view.phase]}`,
        ],
        ...(view.searches > 1 ? [["Search", `${view.search + 1} of ${view.searches}`]] : []),
        ["RankCorrelation (tau)", view.tau === null ? "–" : view.tau.toFixed(2), TAU],
      ]),
    );
    if (maps.length === 0 && view.drawing.heat.length) {
      maps = view.drawing.heat.flatMap(heatsOf);
      heats.replaceChildren(...maps.map((map) => map.element));
    }
    scrub.set(view.frames);
    drawFrame();
    rival.replaceChildren(...rivalWords(view.rival, goal, page.dataset.candidates));
    rival.hidden = !view.rival;
    for (const plot of [course, others, proof]) plot.draw();
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
      { text: `Alone, ${goalTitle(goal)}`, numeric: true },
    ];
    rest.replaceChildren(
      title("Trained alone"),
      alone.length
        ? table(columns, alone, "Architectures trained alone")
        : quiet("What is derived stands here once it has been trained alone."),
    );
  };
}

// Whether the best recurrent cell beats an LSTM, in so many words.
function rivalWords(rival, goal, base) {
  if (!rival) return [];
  const better = goal.better === "lower" ? rival.cell < rival.value : rival.cell > rival.value;
  const apart = Math.abs(100 * (rival.cell / rival.value - 1)).toFixed(1);
  const verdict = rival.cell === rival.value ? "the same" : `${apart} % ${better ? "better" : "worse"}`;
  return [
    `Best cell, candidate `,
    candidateLink(rival.number, base),
    `: ${goal.name} ${numberOf(rival.cell)}. An ${rival.network} of `,
    `${rival.parameters.toLocaleString("en")} parameters, trained equally long: ${numberOf(rival.value)}. The cell is ${verdict}.`,
  ];
}

const capital = (word) => word.charAt(0).toUpperCase() + word.slice(1);

const numberOf = (value) => (value === null || value === undefined ? null : Number(value).toPrecision(4));

function proofFigure(pairs, goal, look) {
  const known = pairs.filter(([, , shared]) => shared !== null);
  if (known.length === 0) return null;
  const of = (origin) => known.filter((pair) => (pair[1] === "random") === (origin === "random"));
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
        hovertemplate: "candidate %{customdata}: shared %{x:.4g}, alone %{y:.4g}<extra></extra>",
      }))
      .filter((trace) => trace.x.length),
    layout: layout(look, {
      margin: { l: 56, r: 14, t: 26, b: 38 },
      xaxis: named(axis(look, { nticks: 8 }), "with shared weights"),
      yaxis: named(axis(look, { nticks: 6 }), `alone, ${goalTitle(goal)}`),
      showlegend: true,
      legend: { orientation: "h", x: 0, y: 1.02, yanchor: "bottom", font: { size: 11 } },
      uirevision: "proof",
    }),
    points: { points: known.length },
  };
}
