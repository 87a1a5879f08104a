// Population of an evolution: size, age, diversity, and the lineage of the best.
import { valueText } from "../format.js";
import { bestCandidate, valueOf } from "../reducer.js";
import { candidateLink, facts, make, members, title } from "./elements.js";

const MAX_STEPS = 40; // of a lineage

export function populationView(box, page) {
  return function show(view, state) {
    const rows = view.members.map((number) => state.candidates.get(number)).filter(Boolean);
    const kinds = new Set(rows.map((row) => row.architecture)).size;
    const newest = state.total - 1;
    const ages = rows.map((row) => newest - row.number);
    const mean = ages.length ? ages.reduce((a, b) => a + b, 0) / ages.length : null;
    const byAge = view.survival === "age";
    const base = page.dataset.candidates;
    const parts = [
      facts([
        ["Population", `${rows.length} of ${view.size}`],
        [
          "Survival",
          byAge ? "by age" : "by rank",
          byAge
            ? "the oldest member is removed when a child joins"
            : "the worst members by rank and crowding distance are removed",
        ],
        ...(view.generation === undefined
          ? []
          : [["Generation", String(view.generation), "Number of survival selections so far"]]),
        [
          "Different architectures",
          rows.length ? `${kinds} of ${rows.length}` : "–",
          "Number of distinct architectures",
        ],
        ["Mean age", mean === null ? "–" : `${mean.toFixed(1)} candidates`, "Candidates proposed since the member"],
        [
          "With parents",
          `${rows.filter((row) => row.parents.length > 0).length} of ${rows.length}`,
          "The others were sampled at random",
        ],
      ]),
    ];
    const best = bestCandidate(state);
    if (best) parts.push(title("Lineage of the best"), lineage(best, state, base));
    parts.push(
      title("Members, oldest first"),
      members(
        rows.map((row) => row.number),
        state,
        base,
      ),
    );
    box.replaceChildren(...parts);
  };
}

// Follows the first parents back to a candidate without parents; parents are older, so it ends.
export function lineage(best, state, base) {
  const goal = state.run.goals[0];
  const line = make("p", undefined, "ps-lineage");
  let row = best;
  let steps = 0;
  while (row && steps < MAX_STEPS) {
    const value = valueOf(row, goal.name);
    const step = make("span");
    step.append(
      candidateLink(row.number, base),
      ` ${value === null ? "" : valueText(goal.name, value, goal.unit)} ${row.origin}`,
    );
    line.append(step);
    row = row.parents.length ? state.candidates.get(row.parents[0]) : null;
    steps += 1;
  }
  if (row) line.append(make("span", "earlier candidates"));
  return line;
}
