// Local search: each climb from its start to its local optimum, and the current climb.
import { candidateWithValue, facts, members, table, title } from "./elements.js";

export function climbsView(box, page) {
  return function show(view, state) {
    const base = page.dataset.candidates;
    const rows = [...view.climbs]
      .reverse()
      .map((climb, i) => [
        String(view.count - i),
        candidateWithValue(climb.start, state, base),
        String(climb.steps),
        climb.top === null ? "in progress" : candidateWithValue(climb.top, state, base),
      ]);
    box.replaceChildren(
      facts([
        ["Climbs", String(view.count), "Each starts from the best of a few random candidates"],
        [
          "Members of the current climb",
          String(view.members.length),
          "The best candidates of the climb; its front if there are several objectives",
        ],
      ]),
      title("Current climb"),
      members(view.members, state, base),
      title("Climbs, latest first"),
      table(
        [
          { text: "Climb" },
          { text: "Start" },
          { text: "Neighbours measured", numeric: true },
          { text: "Local optimum" },
        ],
        rows,
        "Climbs",
      ),
    );
  };
}
