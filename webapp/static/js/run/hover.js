// The card next to the pointer: number, objectives, parents and a thumbnail of the cell.
import { drawArchitecture } from "../graph/draw.js";
import { valueText } from "../format.js";
import { valueOf } from "../reducer.js";
import { drawingOf } from "./drawings.js";

const THUMB_WAIT_MS = 120;

export function hoverCard({ page, state }) {
  const card = document.getElementById("hover-card");
  let shown = null;
  let timer = null;

  function hide() {
    card.hidden = true;
    shown = null;
    clearTimeout(timer);
  }

  function show(event) {
    const point = event.points?.find((p) => Number.isInteger(p.customdata));
    const row = point && state().candidates.get(point.customdata);
    if (!row) return;
    if (shown !== row.number) {
      shown = row.number;
      card.replaceChildren(...contents(row));
      clearTimeout(timer);
      timer = setTimeout(() => more(row), THUMB_WAIT_MS);
    }
    card.hidden = false;
    place(event.event);
  }

  function place(pointer) {
    const box = card.getBoundingClientRect();
    const left =
      pointer.clientX + 18 + box.width > innerWidth ? pointer.clientX - box.width - 14 : pointer.clientX + 18;
    const top = Math.min(Math.max(8, pointer.clientY - box.height / 2), innerHeight - box.height - 8);
    card.style.left = `${Math.max(8, left)}px`;
    card.style.top = `${top}px`;
  }

  function more(row) {
    details(row.number).then(
      (full) => {
        if (shown === row.number) card.querySelector("dl").replaceChildren(...pairs(row, full));
      },
      () => {},
    );
    thumbnail(row.number);
  }

  async function details(number) {
    const response = await fetch(`${page.dataset.candidates}${number}/row.json`);
    if (!response.ok) throw new Error(String(response.status));
    return response.json();
  }

  function thumbnail(number) {
    drawingOf(number, page.dataset.candidates).then(
      (graph) => {
        if (shown !== number || !graph) return;
        const svg = drawArchitecture(graph, { size: "thumb", width: 160, title: `Candidate ${number}` });
        card.querySelector(".ps-hover-thumb").replaceChildren(svg);
      },
      () => {},
    );
  }

  function contents(row) {
    const head = document.createElement("strong");
    const where = state().front.numbers.includes(row.number) ? ", on the front" : "";
    head.textContent = `#${row.number}${where}`;
    const list = document.createElement("dl");
    list.append(...pairs(row, null));
    const thumb = document.createElement("div");
    thumb.className = "ps-hover-thumb";
    return [head, list, thumb];
  }

  // `full` is the candidate with what the state of the page leaves out, null until it is fetched.
  function pairs(row, full) {
    const list = state().run.goals.map((goal) => {
      const value = full?.values[goal.name]?.value ?? valueOf(row, goal.name);
      const text = valueText(goal.name, value, goal.unit ?? "", full?.values[goal.name]?.spread);
      return pair(goal.name.replace("@", " on "), text);
    });
    for (const [name, estimate] of Object.entries(full?.predicted ?? {})) {
      const { method, low, high } = estimate;
      const text = valueText(name, estimate.value, estimate.unit);
      const ends = method === "predicted" ? `, ${valueText(name, low)} to ${valueText(name, high)}` : "";
      list.push(pair(`${name.replace("@", " on ")}, ${method}`, text + ends));
    }
    const parents = full?.parents ?? row.parents;
    const origin = row.origin || "–";
    list.push(pair("from", parents.length ? `${origin} of ${parents.map((p) => `#${p}`).join(", ")}` : origin));
    const broken = full?.broken ?? [];
    if (broken.length > 0) list.push(pair("violates", broken.join(", ")));
    if (row.state !== "done") list.push(pair(row.state, full?.reason || "–"));
    return list;
  }

  return { show, hide };
}

function pair(name, text) {
  const box = document.createElement("div");
  const dt = document.createElement("dt");
  dt.textContent = name;
  const dd = document.createElement("dd");
  dd.textContent = text;
  box.append(dt, dd);
  return box;
}
