// The run page: one state, moved by one reducer; scripts draw plots from it, the server renders the rest.
import { openConnection } from "./connection.js";
import { fromSnapshot, reduceAll } from "./reducer.js";
import { watchAddress } from "./run/address.js";
import { bestView } from "./run/best.js";
import { choicesView } from "./run/choices.js";
import { drawerView } from "./run/drawer.js";
import { tableFilter } from "./run/filter.js";
import { logView } from "./run/log.js";
import { methodView } from "./run/method.js";
import { serverParts } from "./run/parts.js";
import { loadPlotly } from "./plots/plotly.js";
import { plotViews } from "./run/plots.js";
import { pointing } from "./run/pointing.js";
import { statusView } from "./run/status.js";
import { tableView } from "./run/table.js";
import { tabsView } from "./run/tabs.js";
import { loadsView } from "./run/loads.js";
import { timelineView } from "./run/timeline.js";
import { methodLook } from "./vocabulary.js";
import "./clock.js";

const REDRAW_MS = 250;
const RETRY_MS = 2000;

const page = document.getElementById("run");
const address = watchAddress();
loadPlotly().catch(() => {}); // while the snapshot is on its way; the first plot tries again
let state = await firstState();

page.style.setProperty("--ps-method", methodLook(state.run.strategy).colour);

const status = statusView();
const selection = { number: null };
const context = {
  page,
  address,
  selection,
  filter: tableFilter(),
  ...pointing(),
  state: () => state,
  redraw: schedule,
  select(number) {
    selection.number = number;
    schedule();
  },
};
const drawer = drawerView(context);
context.open = drawer.open;
const tabs = tabsView(context);
const best = bestView(context);
const updateParts = serverParts({ ...context, swapped: best });
const views = [
  best,
  ...plotViews(context),
  tableView(context),
  logView(context),
  methodView(context),
  choicesView(context),
  timelineView(context),
  loadsView(context),
  tabs,
  updateParts,
];

let waiting = false;
let drawnAt = 0;

// Draws at most about four times a second, and only when the browser paints anyway.
function schedule() {
  if (waiting) return;
  waiting = true;
  const wait = Math.max(0, REDRAW_MS - (performance.now() - drawnAt));
  setTimeout(() => requestAnimationFrame(draw), wait);
}

function draw() {
  waiting = false;
  drawnAt = performance.now();
  page.dataset.seq = state.seq;
  for (const view of views) view(state);
}

function onEvents(events) {
  state = reduceAll(state, events);
  status.heard(events.at(-1)?.at);
  tabs.received(events.length);
  schedule();
}

// The page preloads this address, so the request must be the same: no headers, no cache mode.
async function fetchState() {
  const response = await fetch(page.dataset.snapshot);
  if (!response.ok) throw new Error(`snapshot: ${response.status}`);
  return fromSnapshot(await response.json());
}

async function firstState() {
  for (;;) {
    try {
      return await fetchState();
    } catch {
      await new Promise((resume) => setTimeout(resume, RETRY_MS));
    }
  }
}

async function refetch() {
  state = await fetchState();
  status.heard(new Date().toISOString());
  schedule();
}

draw();
const scheme = location.protocol === "https:" ? "wss" : "ws";
openConnection({
  address: `${scheme}://${location.host}${page.dataset.socket}`,
  after: () => state.seq,
  onEvents,
  onReset: refetch,
  onStatus: status.show,
});
drawer.openFromAddress();
