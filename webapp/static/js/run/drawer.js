// The drawer that shows one candidate, as the server renders it.
import { mountDrawings } from "../graph/mount.js";

export function drawerView({ page, address, select }) {
  const drawer = document.getElementById("drawer");
  const body = document.getElementById("drawer-body");
  let opener = null;

  async function open(number) {
    opener = drawer.open ? opener : document.activeElement;
    address.set("candidate", number);
    select(number);
    if (!drawer.open) {
      body.replaceChildren(skeleton());
      drawer.showModal();
    }
    await window.htmx.ajax("GET", `${page.dataset.candidates}${number}/`, {
      target: "#drawer-body",
      swap: "innerHTML",
    });
    mountDrawings(body);
    body.querySelector("#candidate-title")?.focus();
    drawer.scrollTop = 0;
  }

  function skeleton() {
    const box = document.createElement("p");
    box.className = "ps-plot-empty";
    box.textContent = "Loading the candidate …";
    return box;
  }

  drawer.addEventListener("close", () => {
    address.set("candidate", null);
    if (opener?.isConnected) opener.focus();
  });
  drawer.addEventListener("click", (event) => {
    if (event.target === drawer || event.target.closest("[data-drawer-close]")) drawer.close();
  });
  document.addEventListener("click", (event) => {
    const link = event.target.closest("[data-open-candidate]");
    if (link) {
      if (event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
      event.preventDefault();
      open(Number(link.dataset.openCandidate));
      return;
    }
    const row = event.target.closest("tr[data-open]");
    if (row && !event.target.closest("a, button, summary, input") && getSelection().isCollapsed)
      open(Number(row.dataset.open));
  });
  return {
    open,
    openFromAddress() {
      const linked = address.get("candidate");
      if (linked === null || !/^\d+$/.test(linked)) return;
      if (window.htmx) open(Number(linked));
      else addEventListener("load", () => open(Number(linked)), { once: true });
    },
  };
}
