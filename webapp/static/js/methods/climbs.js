// Local search: each climb from its start to its top, and where the present one walks.
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
        climb.top === null ? "walking" : candidateWithValue(climb.top, state, base),
      ]);
    box.replaceChildren(
      facts([
        ["Climbs", String(view.count), "Each begins at the best of a few random candidates"],
        [
          "Members of this climb",
          String(view.members.length),
          "The best of the climb and its equals; with several objectives its front",
        ],
      ]),
      title("Where it walks now"),
      members(view.members, state, base),
      title("Climbs, the latest first"),
      table(
        [{ text: "Climb" }, { text: "Start" }, { text: "Neighbours measured", numeric: true }, { text: "Top" }],
        rows,
        "Climbs",
      ),
    );
  };
}
