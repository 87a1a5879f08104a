// The run page: one state, moved by one reducer, and views that redraw from it.
import { openConnection } from "./connection.js";
import { fromSnapshot, reduceAll } from "./reducer.js";
import { watchAddress } from "./run/address.js";
import { bestView } from "./run/best.js";
import { drawerView } from "./run/drawer.js";
import { factsView } from "./run/facts.js";
import { frontView } from "./run/front.js";
import { logView } from "./run/log.js";
import { methodView } from "./run/method.js";
import { plotViews } from "./run/plots.js";
import { statusView } from "./run/status.js";
import { tableView } from "./run/table.js";
import { tabsView } from "./run/tabs.js";
import { methodLook } from "./words.js";
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
const views = [
  factsView(context),
  bestView(context),
  frontView(context),
  ...plotViews(context),
  tableView(context),
  logView(context),
  methodView(context),
  tabs,
];

let waiting = false;
let drawnAt = 0;

// At most about four times a second, and only when the browser paints anyway.
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
  const before = state.run.state;
  state = reduceAll(state, events);
  status.heard(events.at(-1)?.at);
  tabs.told(events.length);
  if (state.run.state !== before) document.body.dispatchEvent(new CustomEvent("run-changed"));
  schedule();
}

// Through the same code as the first load.
async function refetch() {
  const response = await fetch(page.dataset.snapshot, { headers: { Accept: "application/json" } });
  if (!response.ok) throw new Error(`snapshot: ${response.status}`);
  const before = state.run.state;
  state = fromSnapshot(await response.json());
  status.heard(new Date().toISOString());
  if (state.run.state !== before) document.body.dispatchEvent(new CustomEvent("run-changed"));
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
