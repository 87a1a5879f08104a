// The candidates of a snapshot: columns in base64 (webapp/runs/columns.py) to rows, and back.
//
// A row is { number, state, ended_order, origin, parents, architecture, infeasible, values }; `values`
// has the numbers of the run's objectives. The rest of a candidate is fetched when it is shown.

const HEX_DIGITS = 8; // of an architecture's id: enough to tell architectures apart

export function decodeRows(columns) {
  const number = summed(unpack(columns.number, Int32Array));
  const ended = summed(unpack(columns.ended, Int32Array));
  const state = unpack(columns.state, Uint8Array);
  const origin = unpack(columns.origin, Uint8Array);
  const infeasible = unpack(columns.infeasible, Uint8Array);
  const parents = columns.parents.map((text) => unpack(text, Int32Array));
  const architecture = unpack(columns.architecture, Uint32Array);
  const values = Object.entries(columns.values).map(([name, text]) => [name, unpack(text, Float64Array)]);
  const rows = new Map();
  for (let i = 0; i < number.length; i += 1) {
    const row = {
      number: number[i],
      state: columns.states[state[i]],
      ended_order: ended[i] < 0 ? null : ended[i],
      origin: columns.origins[origin[i]],
      parents: parents.filter((back) => back[i] !== 0).map((back) => number[i] - back[i]),
      architecture: architecture[i],
      infeasible: infeasible[i] === 1,
      values: {},
    };
    for (const [name, column] of values) if (!Number.isNaN(column[i])) row.values[name] = column[i];
    rows.set(row.number, row);
  }
  return rows;
}

// The row of an event's candidate, with the values of these objectives.
export function slimRow(row, names) {
  const values = {};
  for (const name of names) {
    const value = row.values[name]?.value;
    if (typeof value === "number" && Number.isFinite(value)) values[name] = value;
  }
  return {
    number: row.number,
    state: row.state,
    ended_order: row.ended_order,
    origin: row.origin,
    parents: row.parents.slice(0, 2),
    architecture: hexNumber(row.architecture_id.slice(0, HEX_DIGITS).padEnd(HEX_DIGITS, "0")),
    infeasible: Boolean(row.violation),
    values,
  };
}

// The rows in the form of a snapshot, to compare it with the server's.
export function encodeRows(rows, names, states, total) {
  const sorted = [...rows.values()].sort((a, b) => a.number - b.number);
  const origins = [...new Set(sorted.map((row) => row.origin))].sort();
  const column = (Kind, value) => pack(Kind.from(sorted, value));
  const ended = (row) => row.ended_order ?? -1;
  return {
    total,
    states,
    origins,
    number: column(Int32Array, (row, i) => row.number - (sorted[i - 1]?.number ?? 0)),
    ended: column(Int32Array, (row, i) => ended(row) - (i ? ended(sorted[i - 1]) : 0)),
    state: column(Uint8Array, (row) => states.indexOf(row.state)),
    origin: column(Uint8Array, (row) => origins.indexOf(row.origin)),
    infeasible: column(Uint8Array, (row) => Number(row.infeasible)),
    parents: [0, 1].map((place) =>
      column(Int32Array, (row) => (row.parents.length > place ? row.number - row.parents[place] : 0)),
    ),
    architecture: column(Uint32Array, (row) => row.architecture),
    values: Object.fromEntries(names.map((name) => [name, column(Float64Array, (row) => row.values[name] ?? NaN)])),
  };
}

const hexNumber = (text) => (/^[0-9a-f]+$/.test(text) ? Number.parseInt(text, 16) : 0);

export function unpack(text, Kind) {
  const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  return new Kind(bytes.buffer);
}

function pack(column) {
  const bytes = new Uint8Array(column.buffer);
  let text = "";
  for (let i = 0; i < bytes.length; i += 8192) text += String.fromCharCode(...bytes.subarray(i, i + 8192));
  return btoa(text);
}

function summed(differences) {
  for (let i = 1; i < differences.length; i += 1) differences[i] += differences[i - 1];
  return differences;
}
