// Plots filter the candidate table. The form of the table holds the filters, so the address keeps them too.
export function tableFilter() {
  const form = () => document.querySelector("#candidate-table form");
  const field = (name) => form().elements[name];

  function setAll(values) {
    const changed = Object.entries(values).filter(([name, text]) => field(name).value !== text);
    for (const [name, text] of changed) field(name).value = text;
    if (changed.length > 0) window.htmx.trigger(form(), "refresh");
  }

  const set = (name, text) => setAll({ [name]: text });

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-filter-clear]");
    if (button) set(button.dataset.filterClear, "");
  });
  return {
    lasso: () => field("lasso").value,
    setLasso: (text) => set("lasso", text),
    setAll,
  };
}
