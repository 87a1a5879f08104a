// The launch form: values typed into the settings of a plugin return when it is chosen again.
import { wireDraft } from "./drafts.js";

const held = new Map();
const unfolded = new Map();
const form = document.getElementById("launch");

function settingsOf(kind) {
  return document.getElementById(`settings-${kind}`);
}

function controls(box) {
  return [...box.querySelectorAll("input:not([type=hidden]), select, textarea")];
}

// Settings that are being replaced accept no input; if the request fails, they accept it again.
form.addEventListener("htmx:beforeRequest", (event) => {
  const kind = event.detail.elt.dataset.part;
  if (kind) settingsOf(kind).inert = true;
});

form.addEventListener("htmx:afterRequest", (event) => {
  const kind = event.detail.elt.dataset.part;
  if (kind && !event.detail.successful) settingsOf(kind).inert = false;
});

// Before htmx swaps in the settings of another plugin, the values are stored per plugin, and whether
// they are unfolded per part.
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
  return new Map(
    controls(box).map((control) => [key(control), control.type === "checkbox" ? control.checked : control.value]),
  );
}

function write(box, values) {
  for (const control of controls(box)) {
    if (!values.has(key(control))) continue;
    const value = values.get(key(control));
    if (control.type === "checkbox") control.checked = value;
    else if (!control.options || [...control.options].some((o) => o.value === value)) control.value = value;
  }
}

// A name that was not edited follows the strategy and the data set.
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
  const follows = name.dataset.follows;
  const data = value("dataset").replace(/^data:([^@]*).*$/, "$1");
  return `${follows === "strategy" ? value("strategy") : follows} on ${data}`;
}

// A link in the list of messages may point to folded settings: unfold them.
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

// After Back or a reload the server sends the form as it was at first, so what was typed is kept here.
const STORED = `form ${location.pathname}${location.search}`;
const RETURNS = ["back_forward", "reload"];

addEventListener("pagehide", () => {
  const typed = [...read(form)].filter(([name]) => name !== "csrfmiddlewaretoken");
  sessionStorage.setItem(STORED, JSON.stringify(typed));
});

function restore() {
  const stored = sessionStorage.getItem(STORED);
  const [navigation] = performance.getEntriesByType("navigation");
  if (!stored || !RETURNS.includes(navigation?.type)) return;
  fill(new Map(JSON.parse(stored)));
}

function fill(typed) {
  write(form, typed);
  // The settings of a plugin that is loaded below are written once they are here.
  for (const select of form.querySelectorAll("[data-part]")) held.set(`${select.dataset.part} ${select.value}`, typed);
  own = name.value !== name.dataset.suggested && name.value !== suggested();
}

function loadParts() {
  for (const select of form.querySelectorAll("[data-part]")) {
    if (select.value !== settingsOf(select.dataset.part).dataset.chosen) {
      select.dispatchEvent(new Event("change", { bubbles: true }));
    }
  }
}

const source = form.elements.namedItem("source");
const faults = document.querySelector("#error-summary, #yaml-faults");
wireDraft(form, document.getElementById("draft"), {
  fresh: faults === null,
  typed: () => {
    const isSecret = (name) => form.elements.namedItem(name)?.type === "password";
    const values = [...read(form)].filter(([name]) => name && name !== "yaml" && !isSecret(name));
    return source.value === "yaml" ? [...values, ["yaml", form.elements.namedItem("yaml").value]] : values;
  },
  restore: (values) => {
    const typed = new Map(values);
    fill(typed);
    loadParts();
    name.dispatchEvent(new Event("change", { bubbles: true })); // the expected cost
    if (typed.has("yaml")) document.getElementById("tab-yaml").click();
  },
});

// If a plugin was chosen before this script ran, or restored above, load its settings now.
addEventListener("pageshow", (event) => {
  if (!event.persisted) restore();
  loadParts();
  for (const button of form.querySelectorAll("[data-testid=launch]")) button.disabled = false;
});

// A preset keeps a data set that was chosen on the form.
let dataChosen = false;
form.addEventListener("change", (event) => {
  if (event.target.closest("#part-dataset")) dataChosen = true;
});
form.addEventListener("click", (event) => {
  const preset = event.target.closest("[data-preset]");
  if (!preset || !dataChosen) return;
  const query = new URLSearchParams({ preset: preset.dataset.preset });
  for (const [field, value] of new FormData(form)) {
    if (field === "dataset" || field.startsWith("dataset_config.")) query.append(field, value);
  }
  preset.search = query;
});
