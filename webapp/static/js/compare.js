// The comparison of runs: fronts of two axes, and hypervolume with one reference for all.
import { frontOf, steps } from "./front.js";
import { SHARE, axis, layout, ticksOf } from "./plots/look.js";
import { goalTitle, rangeOf, worstOf } from "./plots/axes.js";
import { Plot } from "./plots/plot.js";
import { methodLook } from "./vocabulary.js";
import "./clock.js";

const DASHES = ["solid", "dash", "dot", "dashdot", "longdash"];
const VARIANTS = ["", "-open", "-dot", "-open-dot"];

const element = document.getElementById("comparison");
const data = element ? JSON.parse(element.textContent) : null;

// Colour and marker shape depend on the method; runs of the same method differ by dash and filling.
function styles(runs) {
  const seen = new Map();
  return runs.map((run) => {
    const earlier = seen.get(run.strategy) ?? 0;
    seen.set(run.strategy, earlier + 1);
    const look = methodLook(run.strategy);
    return {
      colour: look.colour,
      dash: DASHES[earlier % DASHES.length],
      symbol: look.marker + VARIANTS[earlier % VARIANTS.length],
    };
  });
}

const legend = { showlegend: true, legend: { orientation: "h", x: 0, y: -0.16, yanchor: "top", font: { size: 11 } } };
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
  const looks = styles(data.runs);
  const traces = data.runs.flatMap((run, i) => {
    const kept = fronts[i].filter((p) => p.feasible);
    const { line } = steps(frontOf(kept, flips), corner);
    const { colour, dash, symbol } = looks[i];
    return [
      {
        ...line,
        type: "scatter",
        mode: "lines",
        hoverinfo: "skip",
        showlegend: false,
        legendgroup: String(run.id),
        line: { color: colour, width: 1.8, dash },
      },
      {
        x: fronts[i].map((p) => p.x),
        y: fronts[i].map((p) => p.y),
        type: "scatter",
        mode: "markers",
        name: short(run.name),
        legendgroup: String(run.id),
        marker: { color: colour, size: 9, symbol },
        text: fronts[i].map((p) => `${short(run.name)} #${p.number}${p.feasible ? "" : ", breaks a constraint"}`),
        hovertemplate: "%{text}<br>%{x}, %{y}<extra></extra>",
      },
    ];
  });
  const axes = {
    xaxis: axis(look, {
      type: view.logX ? "log" : "linear",
      range: range.x,
      nticks: 7,
      ...ticksOf(all.map((p) => p.x)),
    }),
    yaxis: axis(look, {
      type: view.logY ? "log" : "linear",
      range: range.y,
      nticks: 7,
      ...ticksOf(all.map((p) => p.y)),
    }),
  };
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

function growthFigure(look) {
  const looks = styles(data.runs);
  const traces = data.runs.map((run, i) => {
    const x = run.curve.map((p) => p.told);
    const y = run.curve.map((p) => p.hypervolume);
    if (x.length > 0 && x.at(-1) < run.told) {
      x.push(run.told);
      y.push(y.at(-1));
    }
    return {
      x,
      y,
      type: "scatter",
      mode: "lines",
      name: short(run.name),
      line: { shape: "hv", color: looks[i].colour, dash: looks[i].dash, width: 2 },
      hovertemplate: "%{x} candidates: %{y:.4g}<extra></extra>",
    };
  });
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
      xaxis: { ...axes.xaxis, title: { text: "candidates evaluated" } },
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

document.querySelector("[data-compare-pick]")?.addEventListener("submit", (event) => {
  event.preventDefault();
  const chosen = [...event.target.querySelectorAll("input:checked")].map((box) => box.value);
  location.assign(`${event.target.action}?runs=${chosen.join(",")}`);
});
if (data) {
  showFronts();
  showGrowth();
}
