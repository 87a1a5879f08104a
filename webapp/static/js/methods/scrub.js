// A slider over the epochs of a search. It follows the newest epoch until it is moved to another.
import { make } from "./elements.js";

export function scrubber(moved) {
  const element = make("div", undefined, "ps-scrub");
  const label = make("label", "Epoch");
  const slider = make("input");
  slider.type = "range";
  slider.min = 0;
  slider.step = 1;
  slider.className = "form-range";
  slider.id = "ps-scrub-epoch";
  label.htmlFor = slider.id;
  const output = make("output");
  output.htmlFor = slider.id;
  const latest = make("button", "Latest", "ps-mini");
  latest.type = "button";
  element.append(label, slider, output, latest);
  let frames = [];
  let held = null; // the epoch that is looked at; null: the newest

  function place() {
    if (held === null) return frames.length - 1;
    const at = frames.findIndex((frame) => frame.epoch >= held);
    return at < 0 ? frames.length - 1 : at;
  }

  function show() {
    element.hidden = frames.length === 0;
    if (element.hidden) return;
    const at = place();
    slider.max = frames.length - 1;
    slider.value = at;
    slider.disabled = frames.length === 1;
    const epoch = frames[at].epoch + 1;
    output.textContent = `${epoch} of ${frames.at(-1).epoch + 1}`;
    slider.setAttribute("aria-valuetext", `epoch ${output.textContent}`);
    latest.disabled = held === null;
  }

  slider.addEventListener("input", () => {
    const at = Number(slider.value);
    held = at === frames.length - 1 ? null : frames[at].epoch;
    show();
    moved();
  });
  latest.addEventListener("click", () => {
    held = null;
    show();
    moved();
  });
  return {
    element,
    frame: () => frames[place()] ?? null,
    set(next) {
      frames = next;
      show();
    },
  };
}
