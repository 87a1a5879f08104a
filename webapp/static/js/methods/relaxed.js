// The cells of a supernet after one epoch. A relaxed cell has every edge with its strongest operation:
// a larger weight is a wider line, and edges that discretisation would drop are faint. The cells of a
// controller have the edges of its most probable architecture: a higher probability is a wider line.

const THIN = 1;
const WIDE = 6;
const MANY_EDGES = 20; // beyond this, faint edges have no label

// `most` is the largest weight of any epoch, so that lines widen as the search converges.
export function relaxedDrawing(drawing, frame, most) {
  const even = frame.operations ? 0 : 1000 / drawing.operations.length;
  const room = Math.max(0, ...drawing.operations.map((operation) => operation.label.length));
  const share = (strength) => Math.min(1, Math.max(0, (strength - even) / Math.max(most - even, 1)));
  return {
    cells: (frame.cells ?? drawing.cells).map((cell) => ({
      name: cell.name,
      nodes: cell.nodes,
      edges: frame.operations
        ? likeliest(frame, cell.name, share)
        : cell.edges
            .map(([source, target], i) => {
              const [strength, place, kept] = frame.edges[cell.name][i];
              return {
                source,
                target,
                ...drawing.operations[place],
                room: kept || cell.edges.length <= MANY_EDGES ? room : 1,
                faint: !kept,
                width: THIN + (WIDE - THIN) * share(strength),
              };
            })
            .concat(joined(cell)),
    })),
  };
}

function likeliest(frame, name, share) {
  return frame.edges[name].map(([source, target, place, certainty]) => {
    const operation = frame.operations[place];
    const width = operation.family === "concat" ? undefined : THIN + (WIDE - THIN) * share(certainty);
    return { source, target, ...operation, width };
  });
}

function joined(cell) {
  return cell.joined.map(([source, target]) => ({
    source,
    target,
    op: "joined",
    family: "concat",
    kernel: null,
    label: "joined",
  }));
}

export function largestStrength(frames) {
  const strength = (frame, edge) => (frame.operations ? edge[3] : edge[0]);
  return Math.max(
    0,
    ...frames.flatMap((frame) =>
      Object.values(frame.edges).flatMap((edges) => edges.map((edge) => strength(frame, edge))),
    ),
  );
}

// Returns the mean weight of each column over the rows of a group, for every epoch: columns x epochs.
export function meanWeights(frames, group) {
  return group.columns.map((_, column) =>
    frames.map((frame) => {
      const values = frame.weights[group.name]
        .map((row) => row[column])
        .filter((value) => value !== null && value !== undefined);
      return values.length ? values.reduce((sum, value) => sum + value, 0) / values.length : null;
    }),
  );
}
