// Suggestions below a filter field: arrow keys choose, Enter or Tab takes, Escape closes.
import { showToast } from "./toasts.js";

const WAIT_MS = 120;

function wire(field) {
  const list = document.getElementById(field.getAttribute("aria-controls"));
  let start = 0;
  let timer = 0;
  let asked = 0;
  let warned = false;

  const items = () => [...list.children];
  const chosen = () => list.querySelector('[aria-selected="true"]');

  function close() {
    asked += 1; // an answer on its way is not shown any more
    clearTimeout(timer);
    list.hidden = true;
    field.setAttribute("aria-expanded", "false");
    field.removeAttribute("aria-activedescendant");
  }

  function choose(item) {
    for (const other of items()) other.setAttribute("aria-selected", String(other === item));
    field.setAttribute("aria-activedescendant", item.id);
    item.scrollIntoView({ block: "nearest" });
  }

  function show(answer) {
    start = answer.start;
    list.replaceChildren(
      ...answer.items.map(({ insert, about }, i) => {
        const item = document.createElement("li");
        item.id = `${list.id}-${i}`;
        item.setAttribute("role", "option");
        item.setAttribute("aria-selected", "false");
        item.dataset.insert = insert;
        const code = document.createElement("code");
        code.textContent = insert;
        const text = document.createElement("span");
        text.textContent = about;
        item.append(code, text);
        return item;
      }),
    );
    list.hidden = answer.items.length === 0;
    field.setAttribute("aria-expanded", String(!list.hidden));
    field.removeAttribute("aria-activedescendant");
  }

  async function ask() {
    const text = field.value.slice(0, field.selectionStart);
    const number = ++asked;
    try {
      const response = await fetch(`${field.dataset.suggest}?${new URLSearchParams({ text })}`);
      if (!response.ok) throw new Error(String(response.status));
      const answer = await response.json();
      if (number === asked && document.activeElement === field) show(answer);
    } catch {
      if (!warned) showToast("Suggestions cannot be loaded; the filter itself works.", "warning");
      warned = true;
    }
  }

  function later() {
    clearTimeout(timer);
    timer = setTimeout(ask, WAIT_MS);
  }

  function take(item) {
    const text = item.dataset.insert;
    const open = /[:.]$/.test(text);
    const after = field.value.slice(field.selectionStart);
    const before = field.value.slice(0, start) + text + (open ? "" : " ");
    field.value = before + after.trimStart();
    field.setSelectionRange(before.length, before.length);
    close();
    if (open) later();
  }

  field.addEventListener("input", later);
  field.addEventListener("focus", later);
  field.addEventListener("blur", close);
  field.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !list.hidden) {
      event.preventDefault();
      close();
      return;
    }
    if (event.key === "Enter" && !chosen()) close();
    if (list.hidden) {
      if (event.key === "ArrowDown") later();
      return;
    }
    const all = items();
    const place = all.indexOf(chosen());
    if (event.key === "ArrowDown") choose(all[(place + 1) % all.length]);
    else if (event.key === "ArrowUp") choose(all[(place - 1 + all.length) % all.length]);
    else if (["Enter", "Tab"].includes(event.key) && place >= 0) take(all[place]);
    else return;
    event.preventDefault();
  });
  list.addEventListener("mousedown", (event) => {
    const item = event.target.closest("li");
    if (!item) return;
    event.preventDefault(); // the field keeps the focus
    take(item);
  });
}

for (const field of document.querySelectorAll("[data-suggest]")) wire(field);
