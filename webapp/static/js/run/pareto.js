// The Pareto plot of the run page with its controls: axes, third axis, lasso, replay.
import { counted, valueText } from "../format.js";
import { lassoText } from "../lasso.js";
import { paretoFigure } from "../plots/pareto.js";
import { Plot } from "../plots/plot.js";
import { hoverCard } from "./hover.js";
import { predictedCosts } from "./predicted.js";
import { replayControl } from "./replay.js";
import { sameParts } from "./same.js";
import { steeringControl } from "./steering.js";

const TURN = 40; // degrees, at first
const TILT = 22;

export function paretoView(context) {
  const { state, address, selection, filter } = context;
  const card = document.getElementById("pareto-card");
  const field = (id) => document.getElementById(id);
  const note = card.querySelector("[data-pareto-note]");
  const names = state().run.goals.map((goal) => goal.name);
  const predicted = predictedCosts(context.page, () => changed());
  const isAxis = (name) => names.includes(name) || predicted.has(name);
  const linked = (key, otherwise) => (isAxis(address.get(key)) ? address.get(key) : otherwise);
  const view = {
    x: linked("x", names[1] ?? names[0]),
    y: linked("y", names[0]),
    z: names.includes(address.get("z")) ? address.get("z") : "",
    logX: address.get("lx") === "1",
    logY: address.get("ly") === "1",
    cube: address.get("cube") === "1",
    turn: TURN,
    tilt: TILT,
    drawing: false,
  };
  const isPredicted = () => predicted.has(view.x) || predicted.has(view.y);
  const hover = hoverCard(context);
  let replay = null;
  let drawn = null;
  const steering = steeringControl({ axes: () => view, changed: () => changed() });
  const shownView = () => ({
    ...view,
    aiming: steering.isOpen(),
    target: steering.place(),
    selected: selection.number,
    lasso: filter.lasso(),
    moment: replay?.moment() ?? null,
  });
  const plot = new Plot(card, {
    figure: (look) => {
      const present = predicted.merged(state(), [view.x, view.y]);
      const figure = paretoFigure(present, shownView(), look);
      showColours(figure?.colours ?? null);
      return figure;
    },
    table: () => context.page.dataset.csv,
    name: () => `${state().run.name}-front`,
    wire,
  });

  // The legend of the third axis, darker is better.
  function showColours(span) {
    const key = field("colour-key");
    key.hidden = span === null;
    if (span === null) return;
    const goal = state().run.goals.find((other) => other.name === view.z);
    const texts = span.map((value) => valueText(goal.name, value, goal.unit));
    if (goal.better === "higher") texts.reverse();
    key.querySelector("[data-colour-best]").textContent = texts[0];
    key.querySelector("[data-colour-worst]").textContent = texts[1];
  }

  function wire(area, plotly) {
    area.on("plotly_click", (event) => {
      const number = event.points?.map((p) => p.customdata).find((n) => Number.isInteger(n));
      if (number !== undefined && !view.drawing && !steering.isOpen()) {
        hover.hide();
        context.open(number);
      }
    });
    area.on("plotly_hover", (event) => {
      hover.show(event, view);
      context.point(event.points?.map((p) => p.customdata).find((n) => Number.isInteger(n)) ?? null);
    });
    area.on("plotly_unhover", () => {
      hover.hide();
      context.point(null);
    });
    area.on("plotly_selected", (event) => {
      if (!event?.lassoPoints) return;
      view.drawing = false;
      filter.setLasso(lassoText(view, event.lassoPoints.x, event.lassoPoints.y));
      changed();
    });
    steering.wire(area);
    area.addEventListener("pointerdown", turnByPointer);
    context.onPoint((number) => markPoint(area, plotly, number));
  }

  // Turns the cube while the pointer moves.
  function turnByPointer(start) {
    if (!view.cube || !view.z) return;
    const from = { turn: view.turn, tilt: view.tilt };
    const move = (event) => {
      turnTo(from.turn + (event.clientX - start.clientX) / 2, from.tilt + (event.clientY - start.clientY) / 2);
    };
    addEventListener("pointermove", move);
    addEventListener("pointerup", () => removeEventListener("pointermove", move), { once: true });
  }

  function turnTo(turn, tilt) {
    view.turn = ((Math.round(turn) % 360) + 360) % 360;
    view.tilt = Math.max(-90, Math.min(90, Math.round(tilt)));
    showControls();
    changed();
  }

  function changed() {
    drawn = null;
    showControls();
    context.redraw();
  }

  function showControls() {
    const third = view.z !== "";
    field("cube").disabled = !third;
    field("cube-angles").hidden = !(third && view.cube);
    field("cube-turn").value = view.turn;
    field("cube-tilt").value = view.tilt;
    const better = third && view.cube ? "the corner named better; drag to turn" : "the lower left";
    card.querySelector("[data-better]").textContent = `Better is toward ${better}.`;
    // Filters and targets are of what the run measured.
    field("lasso").disabled = (third && view.cube) || isPredicted();
    if (field("steer-toggle")) field("steer-toggle").disabled = isPredicted();
    card.querySelector("[data-predicted-note]").hidden = !isPredicted();
    field("lasso").setAttribute("aria-pressed", String(view.drawing));
    field("lasso").textContent = view.drawing ? "Draw around the points" : "Lasso";
    field("lasso-clear").hidden = filter.lasso() === "";
  }

  field("axis-x").value = view.x;
  field("axis-y").value = view.y;
  field("axis-z").value = view.z;
  field("log-x").checked = view.logX;
  field("log-y").checked = view.logY;
  field("cube").checked = view.cube;
  card.addEventListener("change", (event) => {
    if (event.target.closest("#replay, #steering")) return;
    view.x = field("axis-x").value;
    view.y = field("axis-y").value;
    view.z = field("axis-z").value;
    view.logX = field("log-x").checked;
    view.logY = field("log-y").checked;
    view.cube = field("cube").checked && view.z !== "";
    address.set("x", view.x === (names[1] ?? names[0]) ? null : view.x);
    address.set("y", view.y === names[0] ? null : view.y);
    address.set("z", view.z);
    address.set("lx", view.logX ? "1" : null);
    address.set("ly", view.logY ? "1" : null);
    address.set("cube", view.cube ? "1" : null);
    changed();
  });
  field("lasso").addEventListener("click", () => {
    view.drawing = !view.drawing;
    changed();
  });
  field("lasso-clear").addEventListener("click", () => {
    filter.setLasso("");
    changed();
  });
  for (const id of ["cube-turn", "cube-tilt"]) {
    field(id).addEventListener("input", () =>
      turnTo(Number(field("cube-turn").value), Number(field("cube-tilt").value)),
    );
  }
  replay = replayControl(context, changed);
  showControls();

  return function show(now) {
    const next = [now.candidates, now.front, selection.number, filter.lasso(), replay.moment()];
    if (sameParts(drawn, next)) return;
    drawn = next;
    showControls();
    const running = now.run.counts.running ?? 0;
    const waiting = running > 0 ? `${running} running, not plotted until measured.` : "";
    plot.draw().then(() => {
      const shown = Number(plot.box.dataset.shown ?? 0);
      const all = Number(plot.box.dataset.points ?? 0) + (replay.moment() ? 0 : now.total - now.candidates.size);
      const thinned = `${counted(shown)} of ${counted(all)} points are drawn; the table and the CSV have all.`;
      note.textContent = [shown < all ? thinned : "", waiting].filter(Boolean).join(" ");
    });
  };
}

// Puts the ring of the candidate that the pointer is at, in this plot or elsewhere.
function markPoint(area, plotly, number) {
  const ring = area.data.findIndex((trace) => trace.name === "pointed");
  const [x, y] = placeOf(area, number);
  if (ring < 0 || area.data[ring].x[0] === x) return;
  plotly.restyle(area, { x: [x === undefined ? [] : [x]], y: [y === undefined ? [] : [y]] }, [ring]);
}

function placeOf(area, number) {
  for (const trace of number === null ? [] : area.data) {
    const at = trace.name === "pointed" ? -1 : (trace.customdata?.indexOf(number) ?? -1);
    if (at >= 0) return [trace.x[at], trace.y[at]];
  }
  return [];
}
