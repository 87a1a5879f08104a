// The comparison of runs: fronts of two axes, and hypervolume with one reference for all.
import { frontOf, steps } from "./front.js";
import { SHARE, axis, faded, layout } from "./plots/look.js";
import { frontAxes, goalTitle, rangeOf, worstOf } from "./plots/axes.js";
import { Plot } from "./plots/plot.js";
import { methodLook } from "./vocabulary.js";
import "./clock.js";

const DASHES = ["solid", "dash", "dot", "dashdot", "longdash"];
const VARIANTS = ["", "-open", "-dot", "-open-dot"];

const element = document.getElementById("comparison");
const data = element ? JSON.parse(element.textContent) : null;

const MAX_LEGEND = 8; // above it, the list of results is the legend

// The group of each run, with its look: the colour and the marker are the method's; groups of the same
// method differ by dash and filling.
function styles() {
  const seen = new Map();
  const looks = data.groups.map((group) => {
    const earlier = seen.get(group.strategy) ?? 0;
    seen.set(group.strategy, earlier + 1);
    const look = methodLook(group.strategy);
    return {
      colour: look.colour,
      dash: DASHES[earlier % DASHES.length],
      symbol: look.marker + VARIANTS[earlier % VARIANTS.length],
    };
  });
  return data.groups.map((group, i) => ({ ...looks[i], name: short(group.label), group }));
}

// The runs of a group with their places in `data.runs`, and what each is called in a hover text.
function membersOf(group) {
  const places = new Map(data.runs.map((run, i) => [run.id, i]));
  return group.runs.map((id, i) => ({
    place: places.get(id),
    run: data.runs[places.get(id)],
    name: short(group.runs.length > 1 ? `${group.label}, ${group.names[i]}` : group.label),
  }));
}

const legend = {
  showlegend: data !== null && data.groups.length <= MAX_LEGEND,
  legend: { orientation: "h", x: 0, y: -0.16, yanchor: "top", font: { size: 11 } },
};
const short = (name) => (name.length > 36 ? `${name.slice(0, 35)}…` : name).replaceAll("<", "‹");

function frontsFigure(view, look) {
  const [gx, gy] = [data.goals[view.x], data.goals[view.y]];
  if (!gx || !gy) return null;
  const flips = [gx.better === "higher", gy.better === "higher"];
  const fits = (p) => (!view.logX || p.x > 0) && (!view.logY || p.y > 0);
  const fronts = data.runs.map((run) =>
    run.front
      .map((p) => ({ number: p.number, feasible: p.feasible, x: p.values[view.x], y: p.values[view.y] }))
      .filter(fits),
  );
  const all = fronts.flat();
  if (all.length === 0) return null;
  const range = {
    x: rangeOf(
      all.map((p) => p.x),
      { log: view.logX, flip: flips[0] },
    ),
    y: rangeOf(
      all.map((p) => p.y),
      { log: view.logY, flip: flips[1] },
    ),
  };
  const corner = { x: worstOf(range.x, view.logX), y: worstOf(range.y, view.logY) };
  const traces = styles().flatMap(({ colour, dash, symbol, name, group }) =>
    membersOf(group).flatMap((member, first) => {
      const points = fronts[member.place];
      const kept = points.filter((p) => p.feasible);
      const { line } = steps(frontOf(kept, flips), corner);
      return [
        {
          ...line,
          type: "scatter",
          mode: "lines",
          hoverinfo: "skip",
          showlegend: false,
          legendgroup: group.label,
          opacity: group.runs.length > 1 ? 0.6 : 1,
          line: { color: colour, width: group.runs.length > 1 ? 1.2 : 1.8, dash },
        },
        {
          x: points.map((p) => p.x),
          y: points.map((p) => p.y),
          type: "scatter",
          mode: "markers",
          name,
          showlegend: first === 0,
          legendgroup: group.label,
          marker: { color: colour, size: group.runs.length > 1 ? 7 : 9, symbol },
          text: points.map((p) => `${member.name} #${p.number}${p.feasible ? "" : ", breaks a constraint"}`),
          hovertemplate: "%{text}<br>%{x}, %{y}<extra></extra>",
        },
      ];
    }),
  );
  const axes = frontAxes(all, view, range, look);
  return {
    data: traces,
    layout: layout(look, { ...axes, ...legend, uirevision: Object.values(view).join(" ") }),
    saved: layout(look, {
      ...legend,
      margin: { l: 80, r: 24, t: 24, b: 110 },
      legend: { ...legend.legend, y: -0.2 },
      xaxis: { ...axes.xaxis, title: { text: `${goalTitle(gx)}, better to the left` } },
      yaxis: { ...axes.yaxis, title: { text: `${goalTitle(gy)}, better further down` } },
    }),
    points: { points: all.length },
  };
}

// A single run: its own curve, up to the last candidate.
function single({ colour, dash, name, group }) {
  const [{ run }] = membersOf(group);
  const x = run.curve.map((p) => p.told);
  const y = run.curve.map((p) => p.hypervolume);
  if (x.length > 0 && x.at(-1) < run.told) {
    x.push(run.told);
    y.push(y.at(-1));
  }
  return [growth(x, y, { name, colour, dash })];
}

// Several runs: their mean, in a band from the lowest to the highest.
function band({ colour, dash, name, group }) {
  const x = group.band.map((p) => p.told);
  const edge = { hoverinfo: "skip", showlegend: false, legendgroup: group.label, type: "scatter", mode: "lines" };
  const line = { shape: "hv", width: 0, color: colour };
  return [
    { ...edge, x, y: group.band.map((p) => p.low), line },
    {
      ...edge,
      x,
      y: group.band.map((p) => p.high),
      line,
      fill: "tonexty",
      fillcolor: faded(/^#[0-9a-f]{6}$/i.test(colour) ? colour : "#7a8492", 0.16),
    },
    growth(
      x,
      group.band.map((p) => p.mean),
      { name: `${name} (mean of ${group.runs.length})`, colour, dash, legendgroup: group.label },
    ),
  ];
}

function growth(x, y, { name, colour, dash, legendgroup }) {
  return {
    x,
    y,
    type: "scatter",
    mode: "lines",
    name,
    legendgroup,
    line: { shape: "hv", color: colour, dash, width: 2 },
    hovertemplate: `${name}, %{x} candidates: %{y:.4g}<extra></extra>`,
  };
}

function growthFigure(look) {
  const traces = styles().flatMap((style) => (style.group.runs.length > 1 ? band(style) : single(style)));
  if (traces.every((trace) => trace.x.length === 0)) return null;
  const axes = {
    xaxis: axis(look, { rangemode: "tozero", nticks: 6 }),
    yaxis: axis(look, { rangemode: "tozero", nticks: 6, ...SHARE }),
  };
  return {
    data: traces,
    layout: layout(look, { ...axes, ...legend }),
    saved: layout(look, {
      ...legend,
      margin: { l: 80, r: 24, t: 24, b: 110 },
      legend: { ...legend.legend, y: -0.2 },
      xaxis: { ...axes.xaxis, title: { text: "candidates ended" } },
      yaxis: { ...axes.yaxis, title: { text: "hypervolume" } },
    }),
    points: { curves: traces.length },
  };
}

function showFronts() {
  const card = document.getElementById("fronts-card");
  if (!document.getElementById("axis-x")) return;
  const field = (id) => document.getElementById(id);
  const view = { x: Math.min(1, data.goals.length - 1), y: 0, logX: false, logY: false };
  const linked = new URLSearchParams(location.search);
  for (const key of ["x", "y"]) {
    const index = data.goals.findIndex((goal) => goal.name === linked.get(key));
    if (index >= 0) view[key] = index;
  }
  view.logX = linked.get("lx") === "1";
  view.logY = linked.get("ly") === "1";
  field("axis-x").value = view.x;
  field("axis-y").value = view.y;
  field("log-x").checked = view.logX;
  field("log-y").checked = view.logY;
  const plot = new Plot(card, {
    figure: (look) => frontsFigure(view, look),
    table: () => ({
      header: [
        "run",
        "name",
        "strategy",
        "number",
        ...data.goals.map((g) => (g.unit ? `${g.name} (${g.unit})` : g.name)),
      ],
      rows: data.runs.flatMap((run) => run.front.map((p) => [run.id, run.name, run.strategy, p.number, ...p.values])),
    }),
    name: () => "fronts",
  });
  card.addEventListener("change", () => {
    view.x = Number(field("axis-x").value);
    view.y = Number(field("axis-y").value);
    view.logX = field("log-x").checked;
    view.logY = field("log-y").checked;
    remember(view);
    plot.draw();
  });
  plot.draw();
}

// Keeps the axes in the address, so that a copied link shows the same plot.
function remember(view) {
  const params = new URLSearchParams(location.search);
  params.set("x", data.goals[view.x].name);
  params.set("y", data.goals[view.y].name);
  for (const [key, on] of [
    ["lx", view.logX],
    ["ly", view.logY],
  ]) {
    if (on) params.set(key, "1");
    else params.delete(key);
  }
  history.replaceState(history.state, "", `?${params}`);
}

function showGrowth() {
  new Plot(document.getElementById("growth-card"), {
    figure: growthFigure,
    table: () => ({
      header: ["run", "name", "told", "number", "hypervolume"],
      rows: data.runs.flatMap((run) => run.curve.map((p) => [run.id, run.name, p.told, p.number, p.hypervolume])),
    }),
    name: () => "hypervolume",
  }).draw();
}

const picks = document.querySelector("[data-compare-pick]");

// Chosen runs stay while the search shows others.
picks?.addEventListener("change", (event) => {
  const label = event.target.closest("#compare-choices label");
  if (label && event.target.checked) picks.querySelector("[data-chosen]").append(label);
});
picks?.addEventListener("click", (event) => {
  const study = event.target.closest("[data-choose-runs]");
  if (study) open([...chosenRuns(), ...study.dataset.chooseRuns.split(",")]);
});
picks?.addEventListener("submit", (event) => {
  event.preventDefault();
  open(chosenRuns());
});

function chosenRuns() {
  return [...picks.querySelectorAll('input[name="runs"]:checked')].map((box) => box.value);
}

function open(runs) {
  location.assign(`${picks.action}?runs=${[...new Set(runs)].join(",")}`);
}

if (data) {
  showFronts();
  showGrowth();
}
