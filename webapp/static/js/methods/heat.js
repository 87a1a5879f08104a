// Heat maps of probabilities: faint where an option has the same share as all others (1/n), one colour
// above, another below. The scale is that of the values shown, so small differences are visible; its
// range is part of the title, which also says when nothing differs.
//
// Every cell is a bar of length 1, and there is no colour bar: Plotly's own heat map and colour bar
// set inline styles, which the security policy of the page forbids.
import { axis, layout, named } from "../plots/look.js";

const LIGHT = { more: "#0072B2", less: "#D55E00" };
const DARK = { more: "#6FB9E8", less: "#F0A36B" };
const MAX_TICKS = 12;
const SAME = 0.005; // differences below this are none
const PLAIN = 0.1; // the scale if nothing differs, so that the map stays faint

// `rows` and `columns` are labels, `values` rows of thousandths (null: no such option). `options` is the
// number of options n of every value; by default it is counted in the row.
export function heatFigure({ rows, columns, values, across, down, key, options = null }, look) {
  const cells = values
    .flatMap((row, i) => {
      const even = 1000 / (options ?? row.filter((value) => (value ?? null) !== null).length);
      return columns.map((column, j) => ({ row: rows[i], column, place: j, value: row[j] ?? null, even }));
    })
    .filter((cell) => cell.value !== null)
    .map((cell) => ({ ...cell, value: cell.value / 1000, over: (cell.value - cell.even) / 1000 }));
  if (cells.length === 0) return null;
  const largest = Math.max(...cells.map((cell) => Math.abs(cell.over)));
  const most = largest < SAME ? PLAIN : largest;
  const step = Math.ceil(columns.length / MAX_TICKS);
  const ticks = columns.map((_, i) => i).filter((i) => i % step === 0 || columns.length <= MAX_TICKS);
  const colours = look.dark ? DARK : LIGHT;
  return {
    data: [
      {
        type: "bar",
        orientation: "h",
        y: cells.map((cell) => cell.row),
        x: cells.map(() => 1),
        base: cells.map((cell) => cell.place - 0.5),
        width: 0.94,
        customdata: cells.map((cell) => [cell.column, cell.value, cell.even / 1000]),
        marker: {
          color: cells.map((cell) => cell.over),
          cmin: -most,
          colorscale: [
            [0, colours.less],
            [0.5, look.surface],
            [1, colours.more],
          ],
          cmax: most,
          line: { width: columns.length > 2 * MAX_TICKS ? 0 : 1, color: look.surface },
        },
        hovertemplate:
          `%{y}, ${across} %{customdata[0]}: %{customdata[1]:.3f} ` +
          "(even: %{customdata[2]:.3f})<extra></extra>",
      },
    ],
    layout: layout(look, {
      margin: { l: 70, r: 10, t: 8, b: 40 },
      bargap: 0,
      barmode: "overlay",
      xaxis: named(
        axis(look, {
          showgrid: false,
          tickvals: ticks,
          ticktext: ticks.map((i) => columns[i]),
          range: [-0.5, columns.length - 0.5],
        }),
        `${across}${legendOf(cells)}`,
      ),
      yaxis: named(
        axis(look, { type: "category", showgrid: false, categoryorder: "array", categoryarray: [...rows].reverse() }),
        down,
      ),
      uirevision: key,
    }),
    points: { points: cells.length },
  };
}

// Returns the meaning of the colours, with the range of the values.
function legendOf(cells) {
  const values = cells.map((cell) => cell.value);
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const same = cells.every((cell) => Math.abs(cell.over) < SAME);
  if (same) return ` (nothing differs: every option has ${most.toFixed(2)})`;
  return ` (faint: even share; blue: more, to ${most.toFixed(2)}; orange: less, to ${least.toFixed(2)})`;
}

export function heatTable({ rows, columns, values, down }) {
  return {
    header: [down, ...columns],
    rows: rows.map((row, i) => [
      row,
      ...columns.map((_, j) => ((values[i]?.[j] ?? null) === null ? null : values[i][j] / 1000)),
    ]),
  };
}
