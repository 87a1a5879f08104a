// Heat maps of probabilities in one colour, from the background to the full colour at the maximum.
//
// Every cell is a bar of length 1, and there is no colour bar: Plotly's own heat map and colour bar
// set inline styles, which the security policy of the page forbids.
import { axis, faded, layout, named } from "../plots/look.js";

const LIGHT = "#0072B2";
const DARK = "#6FB9E8";
const MAX_TICKS = 12;

// `rows` and `columns` are labels, `values` rows of thousandths (null: no such option).
export function heatFigure({ rows, columns, values, across, down, key }, look) {
  const cells = values
    .flatMap((row, i) => columns.map((column, j) => ({ row: rows[i], column, place: j, value: row[j] ?? null })))
    .filter((cell) => cell.value !== null);
  if (cells.length === 0) return null;
  const most = Math.max(...cells.map((cell) => cell.value)) / 1000;
  const step = Math.ceil(columns.length / MAX_TICKS);
  const ticks = columns.map((_, i) => i).filter((i) => i % step === 0 || columns.length <= MAX_TICKS);
  const colour = look.dark ? DARK : LIGHT;
  return {
    data: [
      {
        type: "bar",
        orientation: "h",
        y: cells.map((cell) => cell.row),
        x: cells.map(() => 1),
        base: cells.map((cell) => cell.place - 0.5),
        width: 0.94,
        customdata: cells.map((cell) => [cell.column, cell.value / 1000]),
        marker: {
          color: cells.map((cell) => cell.value / 1000),
          cmin: 0,
          colorscale: [
            [0, faded(colour, 0.04)],
            [1, colour],
          ],
          cmax: most,
          line: { width: columns.length > 2 * MAX_TICKS ? 0 : 1, color: look.surface },
        },
        hovertemplate: `%{y}, ${across} %{customdata[0]}: %{customdata[1]:.3f}<extra></extra>`,
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
        `${across} (full colour: ${most.toFixed(2)})`,
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

export function heatTable({ rows, columns, values, down }) {
  return {
    header: [down, ...columns],
    rows: rows.map((row, i) => [
      row,
      ...columns.map((_, j) => ((values[i]?.[j] ?? null) === null ? null : values[i][j] / 1000)),
    ]),
  };
}
