// The only code that changes the state of a run, for replayed and live events alike.
//
// state = { seq, run, candidates: Map number -> row (columns.js), total, states, curves: Map number -> points,
//           front: { numbers, reference, curve }, method: { kind, view }, log: [items] }
// Every event has a whole item (docs/events.md), so applying it stores the item under its id. Events
// that the state already includes are recognised by their number.
import { decodeRows, encodeRows, slimRow } from "./columns.js";

const LOG_LENGTH = 100;
const ENDED_CURVES = 5;
const SUPERNET_CURVES = 200; // as many as snapshot.py sends
const OPEN = new Set(["queued", "running", "lost"]);

export function fromSnapshot(snapshot) {
  return {
    seq: snapshot.seq,
    run: snapshot.run,
    candidates: decodeRows(snapshot.candidates),
    total: snapshot.candidates.total, // more than `candidates` if dominated ones are left out
    states: snapshot.candidates.states,
    curves: new Map(Object.entries(snapshot.curves ?? {}).map(([number, points]) => [Number(number), points])),
    front: {
      numbers: snapshot.front?.numbers ?? [],
      reference: snapshot.front?.reference ?? null,
      curve: snapshot.front?.curve ?? [],
    },
    method: snapshot.method ?? { kind: "", view: {} },
    log: snapshot.log ?? [],
  };
}

export function reduce(state, event) {
  return reduceAll(state, [event]);
}

// Applies events in order. Returns a new state, or the same one if no event is new.
export function reduceAll(state, events) {
  const fresh = events.filter((event) => event.seq > state.seq);
  if (fresh.length === 0) return state;
  const draft = { ...state };
  const own = new Set();
  for (const event of fresh) {
    if (event.seq <= draft.seq) continue;
    draft.seq = event.seq;
    APPLY[event.kind]?.(draft, event, own);
  }
  if (own.has("curves")) trimCurves(draft);
  return draft;
}

// Copies a collection once per batch, so that earlier states do not change.
function writable(draft, name, own) {
  if (!own.has(name)) {
    draft[name] = new Map(draft[name]);
    own.add(name);
  }
  return draft[name];
}

const APPLY = {
  run(draft, event, own) {
    // The curve of the best candidate is kept; that of an earlier best can be dropped.
    if (event.item.best !== draft.run.best) writable(draft, "curves", own);
    draft.run = event.item;
  },
  candidate(draft, event, own) {
    const row = event.item;
    draft.total = Math.max(draft.total, row.number + 1);
    writable(draft, "candidates", own).set(row.number, slimRow(row, objectivesOf(draft)));
    const begunAnew = row.epoch === null && draft.curves.has(row.number);
    if (begunAnew) writable(draft, "curves", own).delete(row.number);
    else if (!OPEN.has(row.state)) writable(draft, "curves", own); // one more ended, so an older curve can be dropped
  },
  progress(draft, event, own) {
    const { number, curve } = event.item;
    writable(draft, "curves", own).set(number, curve);
    const row = draft.candidates.get(number);
    if (row) writable(draft, "candidates", own).set(number, { ...row }); // another object: its line is out of date
  },
  front(draft, event) {
    const { numbers, point, reference, curve } = event.item;
    const points = curve ?? putPoint(draft.front.curve, point);
    draft.front = { numbers, reference, curve: points };
  },
  method(draft, event) {
    draft.method = event.item;
  },
  log(draft, event) {
    draft.log = [...draft.log, { seq: event.seq, at: event.at, ...event.item }].slice(-LOG_LENGTH);
  },
};

function putPoint(points, point) {
  const present = !point || points.some((other) => other.told === point.told);
  return present ? points : [...points, point];
}

// Keeps the curves of open candidates, of the best, of the last few that ended and of supernet
// training steps; the drawer fetches the others.
function trimCurves(draft) {
  const best = bestCandidate(draft)?.number;
  const ended = [...draft.curves.keys()]
    .map((number) => draft.candidates.get(number))
    .filter((row) => row && !OPEN.has(row.state))
    .sort((a, b) => (b.ended_order ?? -1) - (a.ended_order ?? -1));
  const last = ended.filter((row) => row.state !== "trained").slice(0, ENDED_CURVES);
  const steps = ended.filter((row) => row.state === "trained").slice(0, SUPERNET_CURVES);
  const kept = new Set([...[...last, ...steps].map((row) => row.number), best]);
  for (const number of draft.curves.keys()) {
    const row = draft.candidates.get(number);
    if (row && !OPEN.has(row.state) && !kept.has(number)) draft.curves.delete(number);
  }
}

const objectivesOf = (state) => state.run.goals.map((goal) => goal.name);

export function valueOf(row, objective) {
  return row.values[objective] ?? null;
}

export function isFeasible(row) {
  return !row.infeasible;
}

// The best candidate that has ended; the server decides which that is (run.best).
export function bestCandidate(state) {
  return state.candidates.get(state.run.best) ?? null;
}

// The state in the form of a snapshot, to compare it with the server's.
export function toSnapshot(state) {
  return {
    seq: state.seq,
    run: state.run,
    candidates: encodeRows(state.candidates, objectivesOf(state), state.states, state.total),
    curves: Object.fromEntries([...state.curves].map(([number, points]) => [String(number), points])),
    front: state.front,
    method: state.method,
    log: state.log,
  };
}
