// The row of numbers under the header.
import { durationText, valueText } from "../format.js";
import { serverNow } from "../clock.js";
import { bestCandidate } from "../reducer.js";
import { measuredElement } from "./cells.js";

const ENDED = new Set(["stopped", "finished", "failed"]);
const RATE_OVER = 10;

export function factsView({ state }) {
  const fact = (name) => document.querySelector(`[data-fact="${name}"]`);

  function put(name, text) {
    const element = fact(name);
    if (element.textContent !== String(text)) element.textContent = text;
  }

  function showTime() {
    const { run, candidates } = state();
    if (!run.started_at) return;
    const end = run.ended_at ? new Date(run.ended_at).getTime() : serverNow();
    put("elapsed", durationText((end - new Date(run.started_at).getTime()) / 1000));
    const left = run.state === "running" ? secondsLeft(run, candidates) : null;
    put("eta", left === null ? "" : `about ${durationText(left)} left`);
  }

  setInterval(showTime, 1000);
  return function show({ run, candidates, front }) {
    put("told", run.told);
    put("budget", run.budget);
    put("running", run.counts.running ?? 0);
    put("front", front.numbers.length);
    put("wrong", (run.counts.diverged ?? 0) + (run.counts.failed ?? 0) + (run.counts.lost ?? 0));
    const progress = fact("progress");
    progress.max = run.budget;
    progress.value = run.told;
    const best = bestCandidate({ run, candidates });
    if (best) fact("best").replaceChildren(measuredElement(best.values[run.goals[0].name], run.goals[0].name));
    const volume = front.curve.at(-1)?.hypervolume;
    if (volume !== undefined) {
      const box = document.createElement("span");
      box.textContent = valueText("hypervolume", volume);
      box.title = String(volume);
      fact("hypervolume").replaceChildren(box);
    }
    if (front.reference) {
      const words = run.goals.map((goal, i) => `${goal.name} ${valueText(goal.name, front.reference[i], goal.unit)}`);
      document.querySelector("[data-reference]").textContent = `Reference: ${words.join(", ")}.`;
    }
    showTime();
  };
}

// From the pace of the last few that ended; null while there is no pace, or the run has ended.
function secondsLeft(run, candidates) {
  if (ENDED.has(run.state)) return null;
  const ends = [...candidates.values()]
    .filter((row) => row.ended_at)
    .map((row) => new Date(row.ended_at).getTime())
    .sort((a, b) => b - a)
    .slice(0, RATE_OVER + 1);
  if (ends.length < 3) return null;
  const each = (ends[0] - ends.at(-1)) / (ends.length - 1) / 1000;
  return each * (run.budget - run.told);
}
