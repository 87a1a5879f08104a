// An architecture without a drawing, as a list of decisions: name and chosen option. In a difference of two
// architectures, `change` says of each option which of the two has it.
const TAGS = { removed: "del", added: "ins" };
const IN_THUMB = 6;

export function listDecisions(decisions, size = "card") {
  const list = document.createElement("dl");
  list.className = `ps-decisions ps-decisions-${size}`;
  const rows = new Map();
  for (const { name, option, change } of decisions) {
    if (!rows.has(name)) {
      if (size === "thumb" && rows.size === IN_THUMB) {
        list.append(rowOf(`and ${new Set(decisions.map((decision) => decision.name)).size - IN_THUMB} more`));
        break;
      }
      rows.set(name, list.appendChild(rowOf(name)));
    }
    const value = document.createElement("dd");
    const text = TAGS[change] ? value.appendChild(document.createElement(TAGS[change])) : value;
    text.textContent = option;
    rows.get(name).append(value);
  }
  return list;
}

function rowOf(name) {
  const row = document.createElement("div");
  const term = row.appendChild(document.createElement("dt"));
  term.textContent = name;
  return row;
}
