// Line plots over candidates or epochs for the views of learning methods.
import { axis, layout, named } from "../plots/look.js";

// Okabe and Ito's colours with enough contrast in both themes.
const COLOURS = ["#0072B2", "#D55E00", "#009E73", "#B87A00"];

const CANDIDATES = { key: "number", word: "candidate", shift: 0 };
export const EPOCHS = { key: "epoch", word: "epoch", shift: 1, whole: true };

// `lines` are {name, key, dots, right}. Every point has the x key and the keys of the lines; null is a gap.
export function seriesFigure(points, lines, left, look, extra = {}, place = CANDIDATES) {
  if (points.length === 0) return null;
  const second = lines.find((line) => line.right);
  const data = lines.map((line, i) => ({
    x: points.map((point) => point[place.key] + place.shift),
    y: points.map((point) => point[line.key] ?? null),
    type: "scatter",
    mode: line.dots ? "markers" : "lines",
    name: line.name,
    yaxis: line.right ? "y2" : "y",
    marker: { size: 5, color: COLOURS[i], symbol: ["circle", "diamond", "square", "cross"][i] },
    line: { color: COLOURS[i], width: 2, dash: line.dash ?? "solid" },
    hovertemplate: `${place.word} %{x}: ${line.name} %{y:.4g}<extra></extra>`,
  }));
  return {
    data,
    layout: layout(look, {
      margin: { l: 56, r: second ? 56 : 14, t: 26, b: 38 },
      xaxis: named(
        axis(look, place.whole ? { dtick: Math.max(1, Math.ceil(points.length / 10)), tick0: 1 } : { nticks: 8 }),
        place.word,
      ),
      yaxis: named(axis(look, { nticks: 6, ...extra }), left),
      ...(second
        ? {
            yaxis2: named(
              axis(look, { overlaying: "y", side: "right", showgrid: false, tickmode: "auto", nticks: 6 }),
              second.name,
            ),
          }
        : {}),
      showlegend: true,
      legend: { orientation: "h", x: 0, y: 1.02, yanchor: "bottom", font: { size: 11 } },
      uirevision: "series",
    }),
    points: { points: points.length },
  };
}

export function seriesTable(points, keys, place = CANDIDATES) {
  return {
    header: [place.key, ...keys],
    rows: points.map((point) => [point[place.key] + place.shift, ...keys.map((key) => point[key] ?? null)]),
  };
}
