// The replay of the front: a slider over the candidates in the order in which they ended.
//
// The server computes the order and who was on the front when (webapp/runs/replay.py).
import { numberText } from "../format.js";

const STEP_MS = 120;
const STEPS = 150; // of a replay from start to end, at most

// `changed()` is called whenever the moment changes. `moment()` is null while the present is shown, otherwise
// {told, numbers: Set of candidates, front: numbers on the front}.
export function replayControl(context, changed) {
  const { page, state, address } = context;
  const box = document.getElementById("replay");
  const toggle = document.getElementById("replay-toggle");
  const slider = box.querySelector("input[type=range]");
  const play = box.querySelector("[data-replay-play]");
  const label = box.querySelector("[data-replay-label]");
  let history = null;
  let shown = null;
  let timer = null;

  async function open(told) {
    const response = await fetch(page.dataset.replay);
    if (!response.ok) throw new Error(`replay: ${response.status}`);
    history = await response.json();
    slider.max = history.order.length;
    slider.value = told ?? history.order.length;
    box.hidden = false;
    toggle.setAttribute("aria-expanded", "true");
    toggle.textContent = "Show the present";
    move();
  }

  function close() {
    stop();
    history = null;
    shown = null;
    box.hidden = true;
    toggle.setAttribute("aria-expanded", "false");
    toggle.textContent = "Replay";
    address.set("replay", null);
    changed();
  }

  function move() {
    if (history === null) return;
    const told = Number(slider.value);
    const front = history.front.filter(([, joined, left]) => joined <= told && (left === null || told < left));
    shown = { told, numbers: new Set(history.order.slice(0, told)), front: front.map(([number]) => number) };
    const point = state().front.curve.filter((p) => p.told <= told).at(-1);
    const volume = point ? numberText("hypervolume", point.hypervolume) : "–";
    const last = told > 0 ? `, the last was #${history.order[told - 1]}` : "";
    const text =
      `After ${told} of ${history.order.length} candidates${last}: ` +
      `${front.length} on the front, hypervolume ${volume}`;
    label.textContent = text;
    slider.setAttribute("aria-valuetext", text);
    changed();
  }

  function stop() {
    clearInterval(timer);
    timer = null;
    play.textContent = "Play";
  }

  function start() {
    if (Number(slider.value) >= Number(slider.max)) slider.value = 0;
    const step = Math.max(1, Math.ceil(slider.max / STEPS));
    play.textContent = "Stop";
    timer = setInterval(() => {
      slider.value = Math.min(Number(slider.max), Number(slider.value) + step);
      move();
      if (slider.value === slider.max) stop();
    }, STEP_MS);
  }

  toggle.addEventListener("click", () => (history === null ? open() : close()));
  slider.addEventListener("input", move);
  slider.addEventListener("change", () => address.set("replay", slider.value));
  play.addEventListener("click", () => (timer === null ? start() : stop()));
  const linked = address.get("replay");
  if (linked !== null && /^\d{1,7}$/.test(linked)) open(Number(linked)).catch(() => {});
  return { moment: () => shown };
}
