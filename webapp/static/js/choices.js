// A list of choices below a text field: arrow keys choose, Enter or Tab takes, Escape closes.
// `wanted` fills the list when an arrow key opens it, `take` gets the item that was taken.
export function choiceList(field, list, { wanted, take, closed = () => {} }) {
  const items = () => [...list.querySelectorAll('[role="option"]')];
  const chosen = () => list.querySelector('[aria-selected="true"]');

  function close() {
    list.hidden = true;
    field.setAttribute("aria-expanded", "false");
    field.removeAttribute("aria-activedescendant");
    closed();
  }

  function choose(item) {
    for (const other of items()) other.setAttribute("aria-selected", String(other === item));
    field.setAttribute("aria-activedescendant", item.id);
    item.scrollIntoView({ block: "nearest" });
  }

  // `contents`: the data attributes and the child nodes of each item.
  function show(contents) {
    list.replaceChildren(
      ...contents.map(({ data, nodes }, i) => {
        const item = document.createElement("li");
        item.id = `${list.id}-${i}`;
        item.setAttribute("role", "option");
        item.setAttribute("aria-selected", "false");
        Object.assign(item.dataset, data);
        item.append(...nodes);
        return item;
      }),
    );
    list.hidden = contents.length === 0;
    field.setAttribute("aria-expanded", String(!list.hidden));
    field.removeAttribute("aria-activedescendant");
  }

  field.addEventListener("blur", close);
  field.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !list.hidden) {
      event.preventDefault();
      close();
      return;
    }
    if (event.key === "Enter" && !chosen()) close();
    if (list.hidden) {
      if (event.key === "ArrowDown") wanted();
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
    event.preventDefault(); // the field keeps the focus
    if (item) take(item);
  });
  list.addEventListener("click", (event) => event.preventDefault()); // a label around it does nothing
  return { show, close, choose, items };
}
