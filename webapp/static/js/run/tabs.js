// The tabs under the plots: arrow keys, Home and End move between them, the address keeps the open one.
const EVENTS_PAUSE_MS = 3000;

export function tabsView({ address, redraw }) {
  const tabs = [...document.querySelectorAll('#tabs [role="tab"]')];
  const panel = (tab) => document.getElementById(tab.getAttribute("aria-controls"));
  let unseen = 0;
  let readAt = 0;
  let pending = null;

  function open(tab, focus = false) {
    for (const other of tabs) {
      const chosen = other === tab;
      other.setAttribute("aria-selected", String(chosen));
      other.tabIndex = chosen ? 0 : -1;
      panel(other).hidden = !chosen;
    }
    if (focus) tab.focus();
    const list = tab.parentElement; // on a phone the tabs scroll sideways
    list.scrollLeft = tab.offsetLeft + tab.offsetWidth - list.offsetLeft - list.clientWidth;
    address.set("tab", tab.dataset.tab === "candidates" ? null : tab.dataset.tab);
    if (tab.dataset.tab === "events") readEvents();
    if (tab.dataset.tab === "settings") window.htmx.trigger("#run-reproducing", "show-settings");
    if (tab.dataset.tab === "comments") window.htmx.trigger("#panel-comments [data-comments]", "show-comments");
    redraw();
  }

  function readEvents() {
    unseen = 0;
    readAt = performance.now();
    window.htmx.trigger("#event-list", "show-events");
  }

  for (const tab of tabs) {
    tab.addEventListener("click", () => open(tab));
    tab.addEventListener("keydown", (event) => {
      const shown = tabs.filter((other) => !other.hidden);
      const at = shown.indexOf(tab);
      const next = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: -1 }[event.key];
      if (next === undefined) return;
      event.preventDefault();
      open(shown.at(next % shown.length), true);
    });
  }
  const asked = location.hash.startsWith("#comment-") ? "comments" : address.get("tab");
  const linked = tabs.find((tab) => tab.dataset.tab === asked && !tab.hidden);
  // While a supernet is trained and nothing is measured, the view of the method is all there is to see.
  const { empty, supernet } = document.getElementById("run").dataset;
  const first = empty === "1" && supernet === "1" && tabs.find((tab) => tab.dataset.tab === "method" && !tab.hidden);
  if (linked || first) {
    // The state may arrive before or after the page is loaded.
    if (document.readyState === "complete") queueMicrotask(() => open(linked ?? first));
    else addEventListener("load", () => open(linked ?? first));
  }

  const show = () => {
    const events = tabs.find((tab) => tab.dataset.tab === "events");
    if (unseen === 0 || panel(events).hidden || pending) return;
    pending = setTimeout(
      () => {
        pending = null;
        if (!panel(events).hidden) readEvents();
      },
      Math.max(0, EVENTS_PAUSE_MS - (performance.now() - readAt)),
    );
  };
  show.received = (count) => {
    unseen += count;
  };
  return show;
}
