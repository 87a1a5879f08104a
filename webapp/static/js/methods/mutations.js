// RENAS: choices of the router and the mutators, gain of each mutation, loss of the controller.
import { candidateLink, bars, facts, make, members, plotSection, table, title } from "./elements.js";
import { seriesFigure, seriesTable } from "./series.js";

const LATEST = 12;

export function mutationsView(box, page, name) {
  let points = [];
  const gains = plotSection("Gain per mutation", "Appears when the first children of the controller are measured.", {
    label:
      "Gain of each child over its parent, its moving average and the controller's loss; the values are in the CSV",
    name: () => `${name()}-gain`,
    figure: (look) =>
      seriesFigure(
        points,
        [
          { name: "gain", key: "gain", dots: true },
          { name: "baseline", key: "baseline" },
          { name: "controller loss", key: "loss", right: true, dash: "dot" },
        ],
        "gain over the parent",
        look,
      ),
    table: () => seriesTable(points, ["gain", "baseline", "loss"]),
  });
  const rest = make("div");
  box.replaceChildren(gains.element, rest);
  return function show(view, state) {
    points = view.points;
    gains.draw();
    const base = page.dataset.candidates;
    const better = points.filter((point) => point.gain > 0).length;
    const latest = points
      .slice(-LATEST)
      .reverse()
      .map((point) => [
        candidateLink(point.number, base),
        point.changes.join("; "),
        point.gain === null ? "failed" : point.gain.toFixed(3),
      ]);
    rest.replaceChildren(
      facts([
        ["Population", `${view.members.length} of ${view.size}`],
        ["Better than the parent", points.length ? `${better} of the last ${points.length}` : "–"],
      ]),
      title("Router probabilities for the fittest member"),
      bars(view.router),
      title("Latest mutations"),
      table([{ text: "Child" }, { text: "Changed to" }, { text: "Gain", numeric: true }], latest, "Latest mutations"),
      title("Members, oldest first"),
      members(view.members, state, base),
    );
  };
}
