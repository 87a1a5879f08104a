// The launch form as YAML: both ways show the same settings, and nothing typed is lost.
import { saveText, fileName } from "./save.js";

const form = document.getElementById("launch");
const box = document.getElementById("as-yaml");
const text = document.getElementById("yaml-text");
const source = form.elements.namedItem("source");
const MAX_BYTES = 100_000;
let fetched = null; // the text that the server made of the form

function show(way) {
  source.value = way;
  box.hidden = way !== "yaml";
  for (const part of form.querySelectorAll("[data-as-form]")) part.hidden = way === "yaml";
  for (const tab of form.querySelectorAll("[data-as]")) {
    tab.setAttribute("aria-selected", String(tab.dataset.as === way));
  }
}

async function toText() {
  if (fetched === null && text.value) return show("yaml"); // typed before the page was loaded again
  const response = await fetch(box.dataset.address, { method: "POST", body: new FormData(form) });
  if (!response.ok) return;
  text.value = fetched = await response.text();
  show("yaml");
  text.focus();
  text.setSelectionRange(0, 0);
  text.scrollTop = 0;
}

form.addEventListener("click", (event) => {
  const tab = event.target.closest("[data-as]");
  if (!tab || tab.dataset.as === source.value) return;
  if (tab.dataset.as === "yaml") toText();
  else if (text.value === fetched) show("form");
  else form.querySelector("[name=step]").click(); // the server reads the text into the form
});

document.getElementById("yaml-save").addEventListener("click", () => {
  const name = form.elements.namedItem("name").value || "search";
  saveText(`${fileName(name)}.yaml`, text.value, "application/yaml");
});

document.getElementById("yaml-file").addEventListener("change", async (event) => {
  const [file] = event.target.files;
  event.target.value = "";
  if (!file || file.size > MAX_BYTES) return;
  text.value = await file.text();
});

if (source.value === "yaml") {
  show("yaml");
  document.getElementById("yaml-faults")?.focus();
}
