// The run page: one state, moved by one reducer; scripts draw plots from it, the server renders the rest.
import { openConnection } from "./connection.js";
import { fromSnapshot, reduceAll } from "./reducer.js";
import { watchAddress } from "./run/address.js";
import { bestView } from "./run/best.js";
import { drawerView } from "./run/drawer.js";
import { logView } from "./run/log.js";
import { methodView } from "./run/method.js";
import { serverParts } from "./run/parts.js";
import { plotViews } from "./run/plots.js";
import { statusView } from "./run/status.js";
import { tableView } from "./run/table.js";
import { tabsView } from "./run/tabs.js";
import { methodLook } from "./vocabulary.js";
import "./clock.js";

const REDRAW_MS = 250;

const page = document.getElementById("run");
const address = watchAddress();
let state = fromSnapshot(JSON.parse(document.getElementById("snapshot").textContent));

page.style.setProperty("--ps-method", methodLook(state.run.strategy).colour);

const status = statusView();
const selection = { number: null };
const context = {
  page,
  address,
  selection,
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

// Takes the same path as the first load.
async function refetch() {
  const response = await fetch(page.dataset.snapshot, { headers: { Accept: "application/json" } });
  if (!response.ok) throw new Error(`snapshot: ${response.status}`);
  state = fromSnapshot(await response.json());
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
