// The log, newest line at the bottom; it follows new lines unless it is scrolled up.

export function logView() {
  const list = document.querySelector("[data-log]");
  const empty = document.querySelector("[data-log-empty]");
  let shownSeq; // undefined until the first drawing

  return function show({ log }) {
    const last = log.at(-1)?.seq ?? null;
    if (last === shownSeq) return;
    shownSeq = last;
    empty.hidden = log.length > 0;
    const follows = list.scrollTop + list.clientHeight >= list.scrollHeight - 24;
    list.replaceChildren(...log.map(line));
    if (follows) list.scrollTop = list.scrollHeight;
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
