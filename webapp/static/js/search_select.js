// A long select that is searched by typing. Without scripts it stays a select.
import { choiceList } from "./choices.js";

const FEWEST = 12; // options that are worth a search

function wire(select) {
  if (select.options.length < FEWEST) return;
  const field = document.createElement("input");
  const list = document.createElement("ul");
  field.className = "form-select form-select-sm"; // with the arrow of a select
  field.dataset.searchOf = select.name;
  list.id = `${select.name}-options`;
  list.className = "ps-choices";
  list.hidden = true;
  const label = select.closest("label").firstChild.textContent.trim();
  const attributes = { role: "combobox", "aria-expanded": "false", "aria-autocomplete": "list" };
  const more = { "aria-controls": list.id, "aria-label": label, autocomplete: "off", spellcheck: "false" };
  for (const [name, value] of Object.entries({ ...attributes, ...more })) field.setAttribute(name, value);
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", label);

  const current = () => select.selectedOptions[0]?.label ?? "";
  const choices = choiceList(field, list, { wanted: () => show(""), take, closed: restore });

  function restore() {
    field.value = current();
  }

  // The options with every word that is typed, in their label or their group.
  function show(text) {
    const words = text.toLowerCase().split(/\s+/);
    const groupOf = (option) => option.closest("optgroup")?.label ?? "";
    const found = [...select.options].filter((option) =>
      words.every((word) => `${option.label} ${groupOf(option)}`.toLowerCase().includes(word)),
    );
    choices.show(
      found.map((option) => {
        const group = document.createElement("span");
        group.textContent = groupOf(option);
        return { data: { place: option.index }, nodes: [option.label, group] };
      }),
    );
    const item = choices.items().find((one) => Number(one.dataset.place) === select.selectedIndex);
    if (text && found.length > 0) choices.choose(choices.items()[0]);
    else if (item) choices.choose(item);
  }

  function take(item) {
    const changed = select.selectedIndex !== Number(item.dataset.place);
    select.selectedIndex = Number(item.dataset.place);
    choices.close();
    if (changed) select.dispatchEvent(new Event("change", { bubbles: true }));
  }

  field.addEventListener("input", () => show(field.value.trim()));
  field.addEventListener("click", () => {
    if (!list.hidden) return;
    field.select();
    show("");
  });
  field.addEventListener("change", (event) => event.stopPropagation()); // the select changes, not the text
  restore();
  select.hidden = true;
  const frame = document.createElement("span");
  frame.className = "ps-search-select";
  select.before(frame);
  frame.append(field, list, select);
}

for (const select of document.querySelectorAll("select[data-searchable]")) wire(select);
