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

const query = new URLSearchParams(location.search);
const places = (name) => new Set((query.get(name) ?? "").split(",").filter(Boolean).map(Number));
// Groups that are hidden, drawn in front, or have another colour; kept in the address.
const view = {
  hidden: places("hide"),
  pinned: places("pin"),
  colours: new Map(
    (query.get("colours") ?? "")
      .split(",")
      .map((pair) => /^(\d+)-([0-9a-f]{6})$/.exec(pair))
      .filter(Boolean)
      .map(([, place, colour]) => [Number(place), `#${colour}`]),
  ),
};
const SCALES = { seconds: [3600, "worker hours"], gpu_seconds: [3600, "GPU hours"] };
const [scale, unit] = SCALES[data?.unit] ?? [1, data?.unit];

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
  return data.groups
    .map((group, i) => {
      const colour = view.colours.get(i) ?? looks[i].colour;
      return { ...looks[i], colour, name: short(group.label), group, i };
    })
    .filter(({ i }) => !view.hidden.has(i))
    .sort((a, b) => Number(view.pinned.has(a.i)) - Number(view.pinned.has(b.i)));
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
const short = (name) => escaped(name.length > 36 ? `${name.slice(0, 35)}…` : name);
const escaped = (name) => name.replaceAll("&", "&amp;").replaceAll("<", "&lt;"); // Plotly reads names as markup

function frontsFigure(shown, look) {
  const [gx, gy] = [data.goals[shown.x], data.goals[shown.y]];
  if (!gx || !gy) return null;
  const flips = [gx.better === "higher", gy.better === "higher"];
  const fits = (p) => (!shown.logX || p.x > 0) && (!shown.logY || p.y > 0);
  const fronts = data.runs.map((run) =>
    run.front
      .map((p) => ({ number: p.number, feasible: p.feasible, x: p.values[shown.x], y: p.values[shown.y] }))
      .filter(fits),
  );
  const all = fronts.flat();
  if (all.length === 0) return null;
  const range = {
    x: rangeOf(
      all.map((p) => p.x),
      { log: shown.logX, flip: flips[0] },
    ),
    y: rangeOf(
      all.map((p) => p.y),
      { log: shown.logY, flip: flips[1] },
    ),
  };
  const corner = { x: worstOf(range.x, shown.logX), y: worstOf(range.y, shown.logY) };
  const bands = data.attainment?.groups ?? [];
  const fits2 = data.attainment && data.attainment.x === gx.name && data.attainment.y === gy.name;
  const traces = styles().flatMap(({ colour, dash, symbol, name, group, i }) => [
    ...(fits2 && bands[i] ? attained(bands[i], { colour, dash, name, group }, { flips, corner, fits }) : []),
    ...membersOf(group).flatMap((member, first) => {
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
          visible: !(fits2 && bands[i]),
          uid: `front-${member.run.id}`, // hidden in the legend it stays hidden
          opacity: group.runs.length > 1 ? 0.6 : 1,
          line: { color: colour, width: (group.runs.length > 1 ? 1.2 : 1.8) + (view.pinned.has(i) ? 1 : 0), dash },
        },
        {
          x: points.map((p) => p.x),
          y: points.map((p) => p.y),
          type: "scatter",
          mode: "markers",
          name,
          uid: `points-${member.run.id}`,
          showlegend: first === 0,
          legendgroup: group.label,
          marker: { color: colour, size: group.runs.length > 1 ? 7 : 9, symbol },
          text: points.map((p) => `${member.name} #${p.number}${p.feasible ? "" : ", breaks a constraint"}`),
          hovertemplate: "%{text}<br>%{x}, %{y}<extra></extra>",
        },
      ];
    }),
  ]);
  const axes = frontAxes(all, shown, range, look);
  return {
    data: traces,
    layout: layout(look, { ...axes, ...legend, uirevision: Object.values(shown).join(" ") }),
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

// The front that half of a group's runs attain, in a band from 25 to 75 %.
function attained(band, { colour, dash, name, group }, { flips, corner, fits }) {
  const line = (level) => {
    const points = band[level].map(([x, y]) => ({ x, y })).filter(fits);
    return steps(frontOf(points, flips), corner).line;
  };
  const common = { type: "scatter", mode: "lines", hoverinfo: "skip", showlegend: false, legendgroup: group.label };
  const [low, median, high] = ["low", "median", "high"].map(line);
  const fill = faded(/^#[0-9a-f]{6}$/i.test(colour) ? colour : "#7a8492", 0.16);
  const around = { x: [...low.x, ...high.x.toReversed()], y: [...low.y, ...high.y.toReversed()] };
  return [
    { ...common, ...around, uid: `around-${group.label}`, line: { width: 0 }, fill: "toself", fillcolor: fill },
    {
      ...common,
      ...median,
      uid: `median-${group.label}`,
      hoverinfo: "name",
      name: `${name}, median front`,
      line: { color: colour, width: 2, dash },
    },
  ];
}

// A single run: its own curve, up to the last candidate.
function single({ colour, dash, name, group }) {
  const [{ run }] = membersOf(group);
  const x = run.curve.map((p) => p.spent / scale);
  const y = run.curve.map((p) => p.hypervolume);
  if (x.length > 0 && x.at(-1) < run.spent / scale) {
    x.push(run.spent / scale);
    y.push(y.at(-1));
  }
  return [growth(x, y, { name, colour, dash, uid: `growth-${group.label}` })];
}

// Several runs: their mean, in a band from the lowest to the highest.
function band({ colour, dash, name, group }) {
  const x = group.band.map((p) => p.spent / scale);
  const edge = { hoverinfo: "skip", showlegend: false, legendgroup: group.label, type: "scatter", mode: "lines" };
  const line = { shape: "hv", width: 0, color: colour };
  return [
    { ...edge, uid: `low-${group.label}`, x, y: group.band.map((p) => p.low), line },
    {
      ...edge,
      uid: `high-${group.label}`,
      x,
      y: group.band.map((p) => p.high),
      line,
      fill: "tonexty",
      fillcolor: faded(/^#[0-9a-f]{6}$/i.test(colour) ? colour : "#7a8492", 0.16),
    },
    growth(
      x,
      group.band.map((p) => p.mean),
      {
        name: `${name} (mean of ${group.runs.length})`,
        uid: `growth-${group.label}`,
        colour,
        dash,
        legendgroup: group.label,
      },
    ),
  ];
}

function growth(x, y, { name, uid, colour, dash, legendgroup }) {
  return {
    x,
    y,
    uid,
    type: "scatter",
    mode: "lines",
    name,
    legendgroup,
    line: { shape: "hv", color: colour, dash, width: 2 },
    hovertemplate: `${name}, %{x:.4g} ${unit}: %{y:.4g}<extra></extra>`,
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
    layout: layout(look, { ...axes, ...legend, uirevision: "growth" }),
    saved: layout(look, {
      ...legend,
      margin: { l: 80, r: 24, t: 24, b: 110 },
      legend: { ...legend.legend, y: -0.2 },
      xaxis: { ...axes.xaxis, title: { text: unit } },
      yaxis: { ...axes.yaxis, title: { text: "hypervolume" } },
    }),
    points: { curves: traces.length },
  };
}

function showFronts() {
  const card = document.getElementById("fronts-card");
  if (!document.getElementById("axis-x")) return null;
  const field = (id) => document.getElementById(id);
  const shown = { x: Math.min(1, data.goals.length - 1), y: 0, logX: false, logY: false };
  const linked = new URLSearchParams(location.search);
  for (const key of ["x", "y"]) {
    const index = data.goals.findIndex((goal) => goal.name === linked.get(key));
    if (index >= 0) shown[key] = index;
  }
  shown.logX = linked.get("lx") === "1";
  shown.logY = linked.get("ly") === "1";
  field("axis-x").value = shown.x;
  field("axis-y").value = shown.y;
  field("log-x").checked = shown.logX;
  field("log-y").checked = shown.logY;
  const plot = new Plot(card, {
    figure: (look) => frontsFigure(shown, look),
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
    shown.x = Number(field("axis-x").value);
    shown.y = Number(field("axis-y").value);
    shown.logX = field("log-x").checked;
    shown.logY = field("log-y").checked;
    remember(shown);
    loadBands().then(() => plot.draw());
  });
  plot.draw();
  return plot;
}

// Keeps the axes in the address, so that a copied link shows the same plot.
function remember(shown) {
  const params = new URLSearchParams(location.search);
  params.set("x", data.goals[shown.x].name);
  params.set("y", data.goals[shown.y].name);
  for (const [key, on] of [
    ["lx", shown.logX],
    ["ly", shown.logY],
  ]) {
    if (on) params.set(key, "1");
    else params.delete(key);
  }
  history.replaceState(history.state, "", `?${params}`);
}

// The bands belong to two axes; other axes need others.
async function loadBands() {
  const { bands } = document.getElementById("fronts-card").dataset;
  if (!bands) return;
  const answer = await fetch(`${bands}${location.search}`);
  if (answer.ok) data.attainment = (await answer.json()).attainment;
}

// Eye, star and colour of each group.
function wireTools(plots) {
  for (const tools of document.querySelectorAll("[data-tools]")) {
    const place = Number(tools.dataset.tools);
    const eye = tools.querySelector("[data-eye]");
    const pin = tools.querySelector("[data-pin]");
    const colour = tools.querySelector("[data-colour]");
    const show = () => {
      eye.setAttribute("aria-pressed", String(!view.hidden.has(place)));
      pin.setAttribute("aria-pressed", String(view.pinned.has(place)));
      colour.value = view.colours.get(place) ?? methodLook(data.groups[place].strategy).colour.toLowerCase();
    };
    const change = (set) => () => {
      if (!set.delete(place)) set.add(place);
      keep();
    };
    const keep = () => {
      show();
      rememberView();
      for (const plot of plots) plot?.draw();
    };
    eye.addEventListener("click", change(view.hidden));
    pin.addEventListener("click", change(view.pinned));
    colour.addEventListener("change", () => {
      view.colours.set(place, colour.value);
      keep();
    });
    show();
  }
}

function rememberView() {
  const params = new URLSearchParams(location.search);
  const colours = [...view.colours].map(([place, colour]) => `${place}-${colour.slice(1)}`);
  for (const [name, values] of [["hide", [...view.hidden]], ["pin", [...view.pinned]], ["colours", colours]]) {
    if (values.length > 0) params.set(name, values.join(","));
    else params.delete(name);
  }
  history.replaceState(history.state, "", `?${params}`);
}

function showGrowth() {
  const plot = new Plot(document.getElementById("growth-card"), {
    figure: growthFigure,
    table: () => ({
      header: ["run", "name", "told", "number", "hypervolume"],
      rows: data.runs.flatMap((run) => run.curve.map((p) => [run.id, run.name, p.told, p.number, p.hypervolume])),
    }),
    name: () => "hypervolume",
  });
  plot.draw();
  return plot;
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
  const params = new URLSearchParams(location.search);
  for (const name of ["q", "studies", "text", "hide", "pin", "colours"]) params.delete(name);
  params.set("runs", [...new Set(runs)].join(","));
  location.assign(`${picks.action}?${params.toString().replaceAll("%2C", ",")}`);
}

// Another base or budget keeps the axes and the look of the groups.
const regroup = document.getElementById("compare-view");
regroup?.addEventListener("submit", (event) => {
  if (!event.submitter?.name) return;
  for (const name of ["x", "y", "lx", "ly", "hide", "pin", "colours"]) {
    for (const old of regroup.querySelectorAll(`input[name="${name}"]`)) old.remove();
    const value = new URLSearchParams(location.search).get(name);
    if (value) regroup.insertAdjacentElement("beforeend", Object.assign(document.createElement("input"), {
      name, value, type: "hidden",
    }));
  }
});

// The address has the newest axes, hidden groups and colours.
const saving = document.querySelector("[data-save-comparison]");
saving?.addEventListener("submit", () => {
  saving.elements.query.value = location.search;
});

if (data) wireTools([showFronts(), showGrowth()]);
