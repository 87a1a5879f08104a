// The looks of methods and operations (webapp/runs/labels.py), read once from the JSON of the page.
const NOTHING = { methods: {}, families: {} };
let read = null;

export function vocabulary() {
  if (!read) {
    const element = document.getElementById("vocabulary");
    read = element ? JSON.parse(element.textContent) : NOTHING;
  }
  return read;
}

export function methodLook(name) {
  return vocabulary().methods[name] ?? { colour: "#7A8492", marker: "circle" };
}
