// The hypervolume of a run over candidates ended.
import { methodLook } from "../vocabulary.js";
import { SHARE, axis, layout, named } from "./look.js";

export function hypervolumeFigure(state, look) {
  const curve = state.front.curve;
  if (curve.length === 0) return null;
  const x = curve.map((point) => point.told);
  const y = curve.map((point) => point.hypervolume);
  if (x.at(-1) < state.run.told) {
    x.push(state.run.told);
    y.push(y.at(-1));
  }
  const axes = {
    xaxis: axis(look, { rangemode: "tozero", nticks: 6 }),
    yaxis: axis(look, { rangemode: "tozero", nticks: 5, ...SHARE }),
  };
  return {
    data: [
      {
        x,
        y,
        type: "scatter",
        mode: x.length < 60 ? "lines+markers" : "lines",
        name: "hypervolume",
        line: { shape: "hv", color: methodLook(state.run.strategy).colour, width: 2 },
        marker: { size: 4 },
        hovertemplate: "after %{x} candidates: %{y:.5g}<extra></extra>",
      },
    ],
    layout: layout(look, { ...axes, xaxis: named(axes.xaxis, "candidates ended"), uirevision: "hypervolume" }),
    saved: layout(look, {
      margin: { l: 80, r: 24, t: 50, b: 60 },
      title: { text: `${state.run.name}: hypervolume`, font: { size: 16 } },
      xaxis: { ...axes.xaxis, title: { text: "candidates ended" } },
      yaxis: { ...axes.yaxis, title: { text: "hypervolume" } },
    }),
    points: { points: curve.length },
  };
}

export function hypervolumeTable(state) {
  return {
    header: ["told", "number", "hypervolume"],
    rows: state.front.curve.map((p) => [p.told, p.number, p.hypervolume]),
  };
}
