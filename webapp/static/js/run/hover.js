// The card next to the pointer: number, objectives, parents and a thumbnail of the cell.
import { drawArchitecture } from "../graph/draw.js";
import { valueText } from "../format.js";
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
      timer = setTimeout(() => thumbnail(row.number), THUMB_WAIT_MS);
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
    const run = state().run;
    const head = document.createElement("strong");
    const where = state().front.numbers.includes(row.number) ? ", on the front" : "";
    head.textContent = `#${row.number}${where}`;
    const list = document.createElement("dl");
    for (const goal of run.goals) {
      const value = row.values[goal.name];
      list.append(
        pair(
          goal.name.replace("@", " on "),
          value ? valueText(goal.name, value.value, value.unit ?? "", value.spread) : "–",
        ),
      );
    }
    list.append(
      pair("from", row.parents.length ? `${row.origin} of ${row.parents.map((p) => `#${p}`).join(", ")}` : row.origin),
    );
    const broken = row.broken ?? [];
    if (broken.length > 0) list.append(pair("violates", broken.join(", ")));
    if (row.state !== "done") list.append(pair(row.state, row.reason || "–"));
    const thumb = document.createElement("div");
    thumb.className = "ps-hover-thumb";
    return [head, list, thumb];
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
