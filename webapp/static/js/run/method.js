// The view of the method by its kind; a kind that is not listed here has no tab.
import { climbsView } from "../methods/climbs.js";
import { familyView } from "../methods/family.js";
import { mutationsView } from "../methods/mutations.js";
import { policyView } from "../methods/policy.js";
import { populationView } from "../methods/population.js";
import { sharingView } from "../methods/sharing.js";
import { stagesView } from "../methods/stages.js";

export const VIEWS = {
  climbs: climbsView,
  family: familyView,
  mutations: mutationsView,
  policy: policyView,
  population: populationView,
  sharing: sharingView,
  stages: stagesView,
};

export function methodView({ page, state: now }) {
  const tab = document.getElementById("tab-method");
  const box = document.querySelector("[data-method]");
  let built = null;
  let drawn = null;

  return function show(state) {
    const { kind, view } = state.method;
    tab.hidden = !VIEWS[kind] || Object.keys(view).length === 0;
    if (tab.hidden || document.getElementById("panel-method").hidden || drawn === state.method) return;
    built ??= VIEWS[kind](box, page, () => now().run.name);
    drawn = state.method;
    built(view, state);
  };
}
