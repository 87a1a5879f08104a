// The parts of every page: theme, menu, toasts, dialogs, shortcuts.
import { copy } from "./copy.js";
import { settleDraft } from "./drafts.js";
import { showToast } from "./toasts.js";

const THEMES = ["auto", "light", "dark"];
const THEME_WORDS = { auto: "system", light: "light", dark: "dark" };

function remember(key, value) {
  try {
    localStorage.setItem(key, value);
  } catch {
    /* storage may be blocked: the choice then lasts until the next page */
  }
}

function showTheme(button) {
  const choice = document.documentElement.dataset.themeChoice || "auto";
  for (const part of button.querySelectorAll("[data-theme-icon]")) {
    part.hidden = part.dataset.themeIcon !== choice;
  }
  button.setAttribute("aria-label", `Theme: ${THEME_WORDS[choice]}`);
  button.title = `Theme: ${THEME_WORDS[choice]}`;
}

function wireTheme() {
  const button = document.querySelector("[data-theme-toggle]");
  if (!button) return;
  showTheme(button);
  button.addEventListener("click", () => {
    const now = document.documentElement.dataset.themeChoice || "auto";
    remember("theme", THEMES[(THEMES.indexOf(now) + 1) % THEMES.length]);
    dispatchEvent(new Event("theme-choice"));
    showTheme(button);
  });
}

function wireRail() {
  const button = document.querySelector("[data-rail-fold]");
  if (!button) return;
  const show = () => {
    const narrow = document.documentElement.dataset.rail === "narrow";
    button.setAttribute("aria-pressed", String(narrow));
    button.title = narrow ? "Expand menu" : "Collapse menu";
  };
  button.addEventListener("click", () => {
    const narrow = document.documentElement.dataset.rail !== "narrow";
    document.documentElement.dataset.rail = narrow ? "narrow" : "wide";
    remember("rail", narrow ? "narrow" : "wide");
    show();
    dispatchEvent(new Event("resize")); // plots adapt to their new width
  });
  show();
}

function wireClicks() {
  document.addEventListener("click", (event) => {
    const target = event.target.closest(
      "[data-toast-close],[data-shortcuts-open],[data-search-open],[data-dialog-open],[data-dialog-close],[data-copy]",
    );
    if (!target) {
      closeMenus(event.target);
      return;
    }
    if (target.matches("[data-toast-close]")) target.closest(".ps-toast").remove();
    if (target.matches("[data-shortcuts-open]")) document.getElementById("shortcuts").showModal();
    if (target.matches("[data-search-open]")) search();
    if (target.matches("[data-dialog-open]")) document.getElementById(target.dataset.dialogOpen).showModal();
    if (target.matches("[data-dialog-close]")) target.closest("dialog").close();
    if (target.matches("[data-copy]")) copy(target);
  });
  document.addEventListener("change", (event) => {
    event.target.closest?.("form[data-submit-on-change]")?.requestSubmit();
  });
}

function closeMenus(except) {
  for (const menu of document.querySelectorAll("details.ps-menu[open]")) {
    if (!menu.contains(except)) menu.open = false;
  }
}

const NO_TEXT = ["checkbox", "radio", "button", "submit", "range", "color", "file"];

// Whether keys are text for this element; a ticked box or a pressed button takes none.
function isTyping(element) {
  if (element.matches("input")) return !NO_TEXT.includes(element.type);
  return element.closest("textarea, select, [contenteditable]") !== null;
}

function go(selector) {
  const link = document.querySelector(selector);
  if (link) location.assign(link.getAttribute("href"));
}

// Opens the search over everything.
function search() {
  const dialog = document.getElementById("search");
  if (!dialog || dialog.open) return;
  dialog.showModal();
  dialog.querySelector("input").select();
}

// In the search: arrow keys walk through the hits, Enter in the field opens the first one.
function wireSearch() {
  const dialog = document.getElementById("search");
  dialog?.addEventListener("keydown", (event) => {
    const hits = [...dialog.querySelectorAll("[data-hit]")];
    const field = dialog.querySelector("input");
    const place = hits.indexOf(document.activeElement);
    if (event.key === "ArrowDown") hits[Math.min(place + 1, hits.length - 1)]?.focus();
    else if (event.key === "ArrowUp") (hits[place - 1] ?? field).focus();
    else if (event.key === "Enter" && event.target === field && field.value.trim()) hits[0]?.click();
    else return;
    event.preventDefault();
  });
  dialog?.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close(); // beside the box
  });
}

function wireKeys() {
  let before = "";
  const pages = { o: "overview", r: "runs", s: "studies", c: "compare", a: "architectures", f: "fleet", d: "data" };
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") closeMenus(null);
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
    if (document.querySelector("dialog[open]")) return;
    const key = event.key;
    if (before === "g" && pages[key]) go(`[data-testid="rail-${pages[key]}"]`);
    else if (key === "?") document.getElementById("shortcuts").showModal();
    else if (key === "n" && document.body.dataset.newRun) location.assign(document.body.dataset.newRun);
    else if (key === "/") {
      event.preventDefault();
      search();
    } else if (key === "f") {
      const field = document.querySelector("[data-filter]");
      if (field) event.preventDefault();
      field?.focus();
    }
    before = key;
  });
}

function wireRequests() {
  // The server requests a toast by the header HX-Trigger: {"toast": {text, level}}.
  document.addEventListener("toast", (event) => showToast(event.detail.text, event.detail.level));
  document.addEventListener("htmx:responseError", (event) => {
    const status = event.detail.xhr.status;
    showToast(`The server answered ${status}. Nothing was changed. Try again or reload the page.`, "error");
  });
  document.addEventListener("htmx:sendError", () => {
    showToast("The server cannot be reached. Nothing was changed. Try again in a moment.", "error");
  });
}

wireTheme();
wireRail();
wireClicks();
wireKeys();
wireSearch();
wireRequests();
settleDraft();
