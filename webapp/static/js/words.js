// The page's vocabulary (webapp/runs/labels.py), read once from the JSON the page embeds.
let words = null;

export function vocabulary() {
  if (!words) {
    const element = document.getElementById("vocabulary");
    words = element
      ? JSON.parse(element.textContent)
      : { runStates: {}, candidateStates: {}, methods: {}, families: {} };
  }
  return words;
}

export function methodLook(name) {
  return vocabulary().methods[name] ?? { colour: "#7A8492", marker: "circle" };
}

export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `${document.body.dataset.sprite}#${name}`);
  svg.append(use);
  return svg;
}

// A state as icon, word and colour; `kind` is "runStates" or "candidateStates".
export function stateBadge(kind, state, reason) {
  const word = vocabulary()[kind][state] ?? { word: state, icon: "circle", tone: "calm", meaning: "" };
  const badge = document.createElement("span");
  badge.className = `ps-state ps-state-${word.tone}`;
  badge.dataset.state = state;
  badge.title = reason ? `${word.meaning}: ${reason}` : word.meaning;
  badge.append(icon(word.icon), word.word);
  return badge;
}
