// Topology evolution: parents, from which weights are inherited, and the learned settings over time.
import { bestCandidate } from "../reducer.js";
import { candidateLink, facts, make, members, plotSection, table, title } from "./elements.js";
import { lineage } from "./population.js";
import { seriesFigure, seriesTable } from "./series.js";

const LATEST = 20;

export function familyView(box, page, name) {
  let points = [];
  const learned = plotSection("Learned settings", "Appears if learning rate and batch size are learned.", {
    label: "Learning rate and batch size of each candidate; the values are in the CSV",
    name: () => `${name()}-learned`,
    figure: (look) =>
      seriesFigure(
        points,
        [
          { name: "learning rate", key: "learning_rate", dots: true },
          { name: "batch size", key: "batch_size", dots: true, right: true },
        ],
        "learning rate",
        look,
        { type: "log" },
      ),
    table: () => seriesTable(points, ["learning_rate", "batch_size"]),
  });
  const top = make("div");
  const rest = make("div");
  box.replaceChildren(top, learned.element, rest);
  return function show(view, state) {
    points = view.points;
    learned.draw();
    const base = page.dataset.candidates;
    const best = bestCandidate(state);
    top.replaceChildren(
      facts([["Population", `${view.members.length} of ${view.size}`]]),
      ...(best ? [title("Lineage of the best"), lineage(best, state, base)] : []),
    );
    const rows = [...state.candidates.values()]
      .slice(-LATEST)
      .reverse()
      .map((row) => {
        const parents = make("span");
        row.parents.forEach((number, i) => parents.append(...(i ? [", "] : []), candidateLink(number, base)));
        return [
          candidateLink(row.number, base),
          row.origin,
          row.parents.length ? parents : "none: trained from scratch",
        ];
      });
    rest.replaceChildren(
      title("Candidates, latest first"),
      table(
        [{ text: "Candidate" }, { text: "Origin" }, { text: "Parents (weights may be inherited)" }],
        rows,
        "Candidates and their parents",
      ),
      title("Population, oldest first"),
      members(view.members, state, base),
    );
  };
}
