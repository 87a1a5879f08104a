// Suggestions below a filter field.
import { choiceList } from "./choices.js";
import { showToast } from "./toasts.js";

const WAIT_MS = 120;

function wire(field) {
  const list = document.getElementById(field.getAttribute("aria-controls"));
  let start = 0;
  let timer = 0;
  let asked = 0;
  let warned = false;

  function stop() {
    asked += 1; // an answer on its way is not shown any more
    clearTimeout(timer);
  }
  const choices = choiceList(field, list, { wanted: later, take, closed: stop });

  function show(answer) {
    start = answer.start;
    choices.show(
      answer.items.map(({ insert, about }) => {
        const code = document.createElement("code");
        code.textContent = insert;
        const text = document.createElement("span");
        text.textContent = about;
        return { data: { insert }, nodes: [code, text] };
      }),
    );
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
    choices.close();
    if (open) later();
  }

  field.addEventListener("input", later);
  field.addEventListener("focus", later);
}

for (const field of document.querySelectorAll("[data-suggest]")) wire(field);
