// The tab Timeline: one row per worker, one bar per candidate or per group of short ones.
import { durationText } from "../format.js";
import { make, table } from "../methods/elements.js";
import { axis, layout, named } from "../plots/look.js";
import { Plot } from "../plots/plot.js";

const PAUSE_MS = 5000;
const ROW = 26; // pixels
const ROOM = 80; // of the axis
// Colour and pattern of each state; the legend names them.
const LOOKS = {
  done: ["#009E73", ""],
  trained: ["#56B4E9", ""],
  running: ["#0072B2", "/"],
  queued: ["#999999", "."],
  paused: ["#999999", "/"],
  pruned: ["#999999", ""],
  stopped: ["#E69F00", "-"],
  cancelled: ["#7A8492", "x"],
  lost: ["#CC79A7", "\\"],
  diverged: ["#D55E00", "x"],
  failed: ["#D55E00", ""],
};

export function timelineView(context) {
  const { page, state } = context;
  const panel = document.getElementById("panel-timeline");
  const box = panel.querySelector("[data-timeline]");
  const note = panel.querySelector("[data-timeline-note]");
  const totals = panel.querySelector("[data-timeline-table]");
  let data = null;
  let seq = null;
  let window_ = null; // the part of the time that is zoomed to
  let busy = false;
  let askedAt = -Infinity;
  let timer = null;

  const plot = new Plot(box, {
    figure: (look) => figureOf(data, look, state().run.name),
    table: () => ({
      header: ["worker", "start_s", "end_s", "first_candidate", "candidates", "state"],
      rows: data.bars.map(([worker, ...rest]) => [data.workers[worker].name, ...rest]),
    }),
    name: () => `${state().run.name}-timeline`,
    wire(area) {
      const numberOf = (event) => {
        const [number, count] = event.points?.[0]?.customdata ?? [];
        return count === 1 ? number : null;
      };
      area.on("plotly_click", (event) => {
        const number = numberOf(event);
        if (number !== null) context.open(number);
      });
      area.on("plotly_hover", (event) => context.point(numberOf(event)));
      area.on("plotly_unhover", () => context.point(null));
      area.on("plotly_relayout", (change) => {
        if (change["xaxis.range[0]"] !== undefined) zoom([change["xaxis.range[0]"], change["xaxis.range[1]"]]);
        else if (change["xaxis.autorange"]) zoom(null);
      });
    },
  });

  function zoom(range) {
    window_ = range;
    if (data.joined || range === null) load();
  }

  async function load() {
    if (busy) return;
    busy = true;
    askedAt = performance.now();
    seq = state().seq;
    try {
      const part = window_ ? `?from=${Math.max(0, window_[0])}&to=${window_[1]}` : "";
      const response = await fetch(page.dataset.timeline + part);
      if (!response.ok) throw new Error(String(response.status));
      data = await response.json();
      box.querySelector(".ps-plot").style.setProperty("height", `${ROOM + ROW * Math.max(2, data.workers.length)}px`);
      await plot.draw();
      box.dataset.bars = data.bars.length;
      describe();
    } catch {
      seq = null;
    }
    busy = false;
  }

  function describe() {
    const others = data.left_out > 0 ? `${data.left_out} more workers are not drawn. ` : "";
    const joined = data.joined ? "Short candidates are joined into one bar: zoom in to see each. " : "";
    const about = "Drag to zoom, double-click to see all. A candidate that was started again has its last start.";
    note.textContent = data.workers.length > 0 ? others + joined + about : "";
    const header = [
      { text: "Worker" },
      { text: "Candidates", numeric: true },
      { text: "Busy", numeric: true },
      { text: "Share of the time", numeric: true },
      { text: "Failed, lost or cancelled", numeric: true },
    ];
    const rows = data.workers.map((worker) => [
      worker.name,
      String(worker.candidates),
      durationText(worker.busy_s),
      `${(100 * worker.share).toFixed(0)} %`,
      String(worker.failed),
    ]);
    const list =
      rows.length > 0 ? [make("h3", "Workers", "ps-method-title"), table(header, rows, "Workers of the run")] : [];
    totals.replaceChildren(...list);
  }

  return function show(now) {
    if (panel.hidden || seq === now.seq || busy) return;
    clearTimeout(timer);
    timer = setTimeout(() => !panel.hidden && load(), Math.max(0, askedAt + PAUSE_MS - performance.now()));
  };
}

export function figureOf(data, look, name) {
  if (!data || data.bars.length === 0) return null;
  const states = [...new Set(data.bars.map((bar) => bar[5]))];
  const label = ([, start, end, number, count, state]) => {
    const what = count === 1 ? `#${number} ${state}` : `${count} candidates from #${number}, the worst ${state}`;
    return `${what}, ${durationText(end - start)}`;
  };
  const traces = states.map((state) => {
    const bars = data.bars.filter((bar) => bar[5] === state);
    const [color, shape] = LOOKS[state] ?? ["#7A8492", ""];
    return {
      type: "bar",
      orientation: "h",
      name: state,
      y: bars.map((bar) => data.workers[bar[0]].name),
      base: bars.map((bar) => bar[1]),
      x: bars.map((bar) => bar[2] - bar[1]),
      customdata: bars.map((bar) => [bar[3], bar[4]]),
      text: bars.map(label),
      textposition: "none",
      hovertemplate: "%{text}<extra></extra>",
      marker: { color, pattern: { shape, size: 5, fgcolor: look.surface }, line: { color: look.surface, width: 0.6 } },
    };
  });
  const made = layout(look, {
    barmode: "overlay",
    bargap: 0.25,
    showlegend: true,
    legend: { orientation: "h", y: 1.02, yanchor: "bottom", font: { size: 11, color: look.quiet } },
    margin: { l: 110, r: 14, t: 30, b: 40 },
    xaxis: named(axis(look, { nticks: 8 }), "seconds since the first candidate started"),
    yaxis: axis(look, { type: "category", categoryorder: "category descending", fixedrange: true }),
    uirevision: "timeline",
  });
  const saved = { ...made, margin: { l: 130, r: 24, t: 70, b: 60 }, title: { text: `${name}: timeline` } };
  return { data: traces, layout: made, saved };
}
