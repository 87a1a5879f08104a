// The notices in the top bar: their number and the newest ones, live. A new notice is also a toast.
import { openConnection } from "./connection.js";
import { showToast } from "./toasts.js";

const menu = document.getElementById("notices-menu");
const count = menu?.querySelector("[data-notices-count]");
const list = menu?.querySelector("[data-notices-list]");
let newest = null; // the largest id that was shown; null before the first answer
let loading = false;
let again = false;

function link(row) {
  const line = document.createElement("a");
  line.className = "ps-menu-item ps-notices-line";
  line.href = row.link || menu.querySelector('[data-testid="all-notices"]').href;
  line.textContent = row.text;
  return line;
}

function show({ unread, newest: rows }) {
  count.hidden = unread === 0;
  count.textContent = unread > 99 ? "99+" : String(unread);
  menu.querySelector("summary").setAttribute("aria-label", unread ? `Notices: ${unread} unread` : "Notices");
  if (rows.length > 0) list.replaceChildren(...rows.map(link));
  else list.querySelectorAll("a").forEach((line) => line.remove());
  const first = newest === null;
  const fresh = rows.filter((row) => row.id > (newest ?? 0));
  newest = Math.max(newest ?? 0, ...rows.map((row) => row.id));
  if (!first) for (const row of fresh.reverse()) showToast(row.text);
}

async function load() {
  if (loading) {
    again = true;
    return;
  }
  loading = true;
  again = false;
  try {
    const answer = await fetch(menu.dataset.notices, { headers: { Accept: "application/json" } });
    if (answer.ok && answer.headers.get("Content-Type")?.includes("json")) show(await answer.json());
  } catch {
    /* the next announcement loads it */
  } finally {
    loading = false;
    if (again) load();
  }
}

if (menu) {
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  load();
  openConnection({
    address: `${scheme}://${location.host}${menu.dataset.socket}`,
    after: () => 0,
    onEvents: load,
    onReset: load,
    onStatus: (status) => {
      if (status === "live" && newest !== null) load();
    },
  });
}
