// Load of the run's workers over time, under the timeline: processor, memory and cards.
import { axis, layout, named } from "../plots/look.js";
import { LINES } from "../plots/palette.js";
import { Plot } from "../plots/plot.js";

const PAUSE_MS = 10000;
const MEASURES = {
  cpu_percent: ["processor, % of one core", 1],
  memory_bytes: ["memory of the training, MB", 1e6],
  gpu_percent: ["load of the cards, %", 1],
  gpu_memory_bytes: ["used memory of the cards, MB", 1e6],
  gpu_watts: ["power of the cards, W", 1],
};

export function loadsView({ page, state }) {
  const panel = document.getElementById("panel-timeline");
  const box = panel.querySelector("[data-loads]");
  const choice = box.querySelector("select");
  let data = null;
  let seq = null;
  let busy = false;
  let askedAt = -Infinity;
  let timer = null;

  const plot = new Plot(box, {
    figure: (look) => loadsFigure(data, choice.value, look, state().run.name),
    table: () => loadsTable(data),
    name: () => `${state().run.name}-load`,
  });
  choice.addEventListener("change", () => plot.draw());

  async function load() {
    busy = true;
    askedAt = performance.now();
    seq = state().seq;
    try {
      const response = await fetch(page.dataset.loads);
      if (!response.ok) throw new Error(String(response.status));
      data = await response.json();
      for (const option of choice.options) option.disabled = !has(data, option.value);
      await plot.draw();
      box.dataset.workers = data.workers.length;
    } catch {
      seq = null;
    }
    busy = false;
  }

  return function show(now) {
    if (panel.hidden || seq === now.seq || busy) return;
    clearTimeout(timer);
    timer = setTimeout(() => !panel.hidden && load(), Math.max(0, askedAt + PAUSE_MS - performance.now()));
  };
}

const has = (data, measure) => data.workers.some((worker) => worker[measure].some((value) => value !== null));

export function loadsFigure(data, measure, look, name) {
  if (!data || !has(data, measure)) return null;
  const [label, scale] = MEASURES[measure];
  const traces = data.workers.map((worker, i) => ({
    type: "scatter",
    mode: worker.seconds.length > 1 ? "lines" : "markers",
    name: worker.name,
    x: worker.seconds,
    y: worker[measure].map((value) => (value === null ? null : value / scale)),
    line: { color: LINES[i % LINES.length], width: 1.6, dash: i < LINES.length ? "solid" : "dot" },
    hovertemplate: `${worker.name}, %{x:.0f} s: %{y:.4~g}<extra></extra>`,
  }));
  const made = layout(look, {
    showlegend: data.workers.length > 1,
    legend: { orientation: "h", y: 1.02, yanchor: "bottom", font: { size: 11, color: look.quiet } },
    margin: { l: 60, r: 14, t: 30, b: 40 },
    xaxis: named(axis(look, { nticks: 8 }), "seconds since the first candidate started"),
    yaxis: named(axis(look, { rangemode: "tozero", nticks: 5 }), label),
    uirevision: measure,
  });
  return { data: traces, layout: made, saved: { ...made, title: { text: `${name}: ${label}` } } };
}

export function loadsTable(data) {
  const names = Object.keys(MEASURES);
  return {
    header: ["worker", "seconds", ...names],
    rows: data.workers.flatMap((worker) =>
      worker.seconds.map((at, i) => [worker.name, at, ...names.map((name) => worker[name][i])]),
    ),
  };
}
