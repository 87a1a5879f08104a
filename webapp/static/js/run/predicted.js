// Costs that are predicted for devices of the team: next to the run's own objectives, as axes of the plot.
import { unpack } from "../columns.js";

// `changed` is called when the values have arrived.
export function predictedCosts(page, changed) {
  const goals = goalsOf(document.getElementById("axis-x"));
  let values = null; // objective -> candidate number -> { value, low, high, measured }
  let asked = false;

  async function load() {
    asked = true;
    try {
      const response = await fetch(page.dataset.predicted);
      if (!response.ok) throw new Error(String(response.status));
      values = readColumns(await response.json());
      changed();
    } catch {
      asked = false; // the next change of an axis tries again
    }
  }

  return {
    goals,
    has: (name) => goals.some((goal) => goal.name === name),
    // The state with the values of these objectives, if they are predicted ones.
    merged(state, names) {
      const used = names.filter((name) => goals.some((goal) => goal.name === name));
      if (used.length === 0) return state;
      if (values === null) {
        if (!asked) load();
        return { ...state, candidates: new Map() };
      }
      return withPredicted(state, goals, values, used);
    },
  };
}

export function withPredicted(state, goals, values, used) {
  const candidates = new Map();
  for (const [number, row] of state.candidates) {
    const found = used.flatMap((name) => {
      const estimate = values[name]?.get(number);
      return estimate ? [[name, estimate]] : [];
    });
    const plain = found.map(([name, estimate]) => [name, estimate.value]);
    candidates.set(number, {
      ...row,
      values: { ...row.values, ...Object.fromEntries(plain) },
      intervals: Object.fromEntries(found),
    });
  }
  return { ...state, candidates, run: { ...state.run, goals: [...state.run.goals, ...goals] } };
}

export function readColumns(columns) {
  const read = ([name, column]) => {
    const number = unpack(column.number, Int32Array);
    const [value, low, high] = [column.value, column.low, column.high].map((text) => unpack(text, Float64Array));
    const measured = unpack(column.measured, Uint8Array);
    const rows = Array.from(number, (n, i) => [
      n,
      { value: value[i], low: low[i], high: high[i], measured: measured[i] === 1 },
    ]);
    return [name, new Map(rows)];
  };
  return Object.fromEntries(Object.entries(columns).map(read));
}

function goalsOf(select) {
  const options = select ? [...select.querySelectorAll("option[data-predicted]")] : [];
  return options.map((option) => ({
    name: option.value,
    unit: option.dataset.unit,
    better: option.dataset.better,
    predicted: true,
  }));
}
