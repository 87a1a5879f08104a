// MONAS: reward and entropy over candidates, and the current probabilities of every decision.
import { bars, make, plotSection, title } from "./elements.js";
import { seriesFigure, seriesTable } from "./series.js";

export function policyView(box, page, name) {
  let points = [];
  const curves = plotSection("Reward and entropy", "Appears when the first candidates have a reward.", {
    label: "Reward, its moving average and the policy's entropy over candidates; the values are in the CSV",
    name: () => `${name()}-reward`,
    figure: (look) =>
      seriesFigure(
        points,
        [
          { name: "reward", key: "reward", dots: true },
          { name: "baseline", key: "baseline" },
          { name: "entropy (nats)", key: "entropy", right: true, dash: "dot" },
        ],
        "reward",
        look,
      ),
    table: () => seriesTable(points, ["reward", "baseline", "entropy"]),
  });
  const decisions = make("div", undefined, "ps-decisions");
  box.replaceChildren(curves.element, title("Policy probabilities by decision"), decisions);
  return function show(view) {
    points = view.points;
    curves.draw();
    decisions.replaceChildren(
      ...view.decisions.map((decision) => {
        const section = make("section");
        section.append(
          make("h4", decision.name),
          bars(decision.options.map((option, i) => ({ name: option, chance: decision.chances[i] }))),
        );
        return section;
      }),
    );
  };
}
