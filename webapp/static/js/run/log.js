// The log, newest line at the bottom; it follows new lines unless it is scrolled up. Older lines, and those of a
// candidate or a level, are fetched.
const LEVELS = ["info", "warning", "error"];

export function logView({ page, state }) {
  const list = document.querySelector("[data-log]");
  const empty = document.querySelector("[data-log-empty]");
  const tools = document.getElementById("log-tools");
  const older = document.querySelector("[data-log-older]");
  let fetched = []; // lines before those of the state
  let filter = { number: null, level: "" };
  let shownSeq; // undefined until the first drawing

  const passes = (item) =>
    (filter.number === null || item.number === filter.number) &&
    (filter.level === "" || LEVELS.indexOf(item.level) >= LEVELS.indexOf(filter.level));

  function lines(log) {
    const known = new Set(fetched.map((item) => item.seq));
    return [...fetched, ...log.filter((item) => !known.has(item.seq) && passes(item))];
  }

  async function fetchLines(before) {
    const params = new URLSearchParams();
    if (before) params.set("before", before);
    if (filter.number !== null) params.set("number", filter.number);
    if (filter.level) params.set("level", filter.level);
    const response = await fetch(`${page.dataset.logLines}?${params}`);
    if (!response.ok) return;
    const answer = await response.json();
    fetched = before ? [...answer.lines, ...fetched] : answer.lines;
    older.hidden = !answer.more;
    draw(state(), !before);
  }

  function draw({ log }, follows) {
    const shown = lines(log);
    empty.hidden = shown.length > 0;
    empty.textContent =
      filter.number === null && filter.level === ""
        ? "Messages of the coordinator and the workers appear here."
        : "No line matches. New ones appear as they are written.";
    const height = list.scrollHeight;
    list.replaceChildren(...shown.map(line));
    if (follows) list.scrollTop = list.scrollHeight;
    else list.scrollTop += list.scrollHeight - height;
  }

  tools.addEventListener("submit", (event) => event.preventDefault());
  tools.addEventListener("change", () => {
    const number = tools.elements.number.value.trim().replace(/^#/, "");
    filter = { number: /^\d{1,9}$/.test(number) ? Number(number) : null, level: tools.elements.level.value };
    fetchLines(null);
  });
  older.querySelector("button").addEventListener("click", () => fetchLines(lines(state().log)[0]?.seq));
  document.addEventListener("click", (event) => {
    const link = event.target.closest("[data-log-of]");
    if (!link) return;
    document.getElementById("drawer").close();
    document.getElementById("tab-log").click();
    tools.elements.number.value = link.dataset.logOf;
    tools.dispatchEvent(new Event("change"));
    tools.elements.number.focus();
  });

  return function show({ log }) {
    const last = log.at(-1)?.seq ?? null;
    if (last === shownSeq) return;
    if (shownSeq === undefined && log.length >= 100) older.hidden = false;
    shownSeq = last;
    draw({ log }, list.scrollTop + list.clientHeight >= list.scrollHeight - 24);
  };
}

function line(item) {
  const row = document.createElement("li");
  row.className = `ps-log-${item.level}`;
  const time = document.createElement("time");
  time.setAttribute("datetime", item.at);
  time.textContent = new Date(item.at).toLocaleTimeString(undefined, { hour12: false });
  time.title = new Date(item.at).toLocaleString();
  const level = document.createElement("span");
  level.className = "ps-log-level";
  level.textContent = item.level;
  const text = document.createElement("span");
  text.textContent = (item.number ?? null) === null ? item.text : `#${item.number}: ${item.text}`;
  row.append(time, level, text);
  return row;
}
