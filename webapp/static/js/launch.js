// The launch form: what was typed into a plugin's settings comes back with the plugin.

const held = new Map();
const unfolded = new Map();
const form = document.getElementById("launch");

function settingsOf(kind) {
  return document.getElementById(`settings-${kind}`);
}

function controls(box) {
  return [...box.querySelectorAll("input:not([type=hidden]), select, textarea")];
}

// Settings that are about to go take no more typing; a request that fails gives them back.
form.addEventListener("htmx:beforeRequest", (event) => {
  const kind = event.detail.elt.dataset.part;
  if (kind) settingsOf(kind).inert = true;
});

form.addEventListener("htmx:afterRequest", (event) => {
  const kind = event.detail.elt.dataset.part;
  if (kind && !event.detail.successful) settingsOf(kind).inert = false;
});

// Before htmx puts another plugin's settings in place, the present ones are remembered: values
// for each plugin, folded or not for the part.
form.addEventListener("htmx:beforeSwap", (event) => {
  const kind = event.detail.requestConfig?.elt?.dataset.part;
  if (!kind) return;
  const box = settingsOf(kind);
  held.set(`${kind} ${box.dataset.chosen}`, read(box));
  const details = box.querySelector("details");
  if (details) unfolded.set(kind, details.open);
});

form.addEventListener("htmx:afterSettle", (event) => {
  const kind = event.detail.requestConfig?.elt?.dataset.part;
  if (!kind) return;
  const box = settingsOf(kind);
  const before = held.get(`${kind} ${box.dataset.chosen}`);
  if (before) write(box, before);
  const details = box.querySelector("details");
  if (details && unfolded.get(kind)) details.open = true;
});

function key(control) {
  return control.type === "checkbox" ? `${control.name} ${control.value}` : control.name;
}

function read(box) {
  return new Map(controls(box).map((one) => [key(one), one.type === "checkbox" ? one.checked : one.value]));
}

function write(box, values) {
  for (const one of controls(box)) {
    if (!values.has(key(one))) continue;
    if (one.type === "checkbox") one.checked = values.get(key(one));
    else one.value = values.get(key(one));
  }
}

// A name that was never touched follows the strategy and the data.
const name = document.getElementById("field-name");
let own = name.value !== name.dataset.suggested;
name.addEventListener("input", () => {
  own = true;
});
form.addEventListener("change", (event) => {
  if (!own && event.target.matches("[data-part]")) name.value = suggested();
});

function suggested() {
  const value = (kind) => document.getElementById(`field-${kind}`).value;
  return `${value("strategy")} on ${value("dataset")}`;
}

// A link of the summary may lead into folded settings: unfold them.
document.addEventListener("click", (event) => {
  const link = event.target.closest(".ps-summary a");
  if (!link) return;
  event.preventDefault();
  const target = document.getElementById(link.hash.slice(1));
  const details = target?.closest("details");
  if (details) details.open = true;
  target?.focus();
});

document.getElementById("error-summary")?.focus();
form.addEventListener("submit", () => {
  for (const button of form.querySelectorAll("[data-testid=launch]")) {
    setTimeout(() => {
      button.disabled = true;
    });
  }
});

// A part chosen before this page could listen, or put back by the browser on a reload, still
// gets its own settings.
addEventListener("pageshow", () => {
  for (const select of form.querySelectorAll("[data-part]")) {
    if (select.value !== settingsOf(select.dataset.part).dataset.chosen) {
      select.dispatchEvent(new Event("change", { bubbles: true }));
    }
  }
  for (const button of form.querySelectorAll("[data-testid=launch]")) button.disabled = false;
});
