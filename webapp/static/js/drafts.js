// Values of a launch form that was not launched stay in this browser, per person and team, until the form is
// launched or discarded. Settings of a search hold no secret; passwords, files and hidden fields are left out.
import { ageText } from "./format.js";

const SENT = "draft-sent"; // a form is on its way to the server: {key, path}
const MAX_AGE_MS = 7 * 24 * 3600 * 1000;

// `typed()` gives the values as pairs, `restore(pairs)` writes them. `fresh` is false on a page that the server
// filled with what was sent.
export function wireDraft(form, notice, { typed, restore, fresh }) {
  const key = `draft ${notice.dataset.draft} ${location.pathname}`;
  const first = fresh ? JSON.stringify(typed()) : "";
  let kept = false;

  const keep = () => {
    const now = JSON.stringify(typed());
    if (now !== first) kept = store(key, JSON.stringify({ at: Date.now(), typed: JSON.parse(now) })) || kept;
    else if (kept) drop(key); // typed back
  };
  addEventListener("pagehide", keep);
  document.addEventListener("visibilitychange", () => document.hidden && keep());
  form.addEventListener("submit", () => sessionStorage.setItem(SENT, JSON.stringify({ key, path: location.pathname })));

  const draft = read(key);
  if (!draft) return;
  const done = () => {
    notice.hidden = true;
  };
  notice.querySelector("[data-draft-age]").textContent = ageText((Date.now() - draft.at) / 1000);
  notice.querySelector("[data-draft-restore]").addEventListener("click", () => {
    restore(draft.typed);
    done();
  });
  notice.querySelector("[data-draft-discard]").addEventListener("click", () => {
    drop(key);
    done();
  });
  const [navigation] = performance.getEntriesByType("navigation");
  const returns = ["back_forward", "reload"].includes(navigation?.type); // the form itself brings the values back
  notice.hidden = !fresh || returns || JSON.stringify(draft.typed) === first;
}

// On every page: what a form sent has arrived if the next page is another one, or the form with what was sent.
export function settleDraft() {
  const sent = sessionStorage.getItem(SENT);
  if (!sent) return;
  sessionStorage.removeItem(SENT);
  const { key, path } = JSON.parse(sent);
  const signedIn = document.querySelector("[data-testid=account-menu]") !== null;
  const arrived = location.pathname === path ? document.getElementById("launch") : signedIn;
  if (arrived) drop(key);
}

function read(key) {
  try {
    const draft = JSON.parse(localStorage.getItem(key));
    if (draft && Date.now() - draft.at < MAX_AGE_MS) return draft;
    drop(key);
  } catch {
    /* storage may be blocked, or hold something else */
  }
  return null;
}

function store(key, text) {
  try {
    localStorage.setItem(key, text);
    return true;
  } catch {
    return false; // blocked or full
  }
}

function drop(key) {
  try {
    localStorage.removeItem(key);
  } catch {
    /* blocked */
  }
}
