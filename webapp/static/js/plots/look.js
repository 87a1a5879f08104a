// The look of every plot: fonts, grid and colours of the theme.

const read = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

export function themeOfPlots() {
  return {
    ink: read("--ps-ink"),
    quiet: read("--ps-quiet"),
    grid: read("--ps-plot-grid"),
    surface: read("--ps-surface"),
    accent: read("--ps-accent"),
    dominated: read("--ps-plot-dominated"),
    dark: document.documentElement.dataset.bsTheme === "dark",
  };
}

export function axis(look, extra = {}) {
  return {
    gridcolor: look.grid,
    linecolor: look.grid,
    zeroline: false,
    ticks: "",
    automargin: true,
    tickfont: { size: 11, color: look.quiet },
    fixedrange: false,
    exponentformat: "SI", // 2 G, as numbers in tables
    ...extra,
  };
}

// Shares of 1, such as the hypervolume: a prefix like micro would be read as a unit.
export const SHARE = { exponentformat: "e" };

// How the ticks of an objective are written: counts with prefixes (3 M), small values as they are.
export const ticksOf = (values) => (values.some((v) => Math.abs(v) >= 1000) ? {} : SHARE);

// The same axis with a title.
export function named(axis, text) {
  return { ...axis, title: { text, font: { size: 11, color: axis.tickfont.color }, standoff: 6 } };
}

export function layout(look, extra = {}) {
  return {
    autosize: true,
    margin: { l: 48, r: 14, t: 10, b: 34 },
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    font: { family: "system-ui, -apple-system, 'Segoe UI', sans-serif", size: 12, color: look.ink },
    hoverlabel: { bgcolor: look.surface, bordercolor: look.grid, font: { color: look.ink, size: 12 } },
    showlegend: false,
    dragmode: "zoom",
    modebar: { bgcolor: "rgba(0,0,0,0)", color: look.quiet, activecolor: look.accent },
    ...extra,
  };
}

export const CONFIG = {
  responsive: true,
  displaylogo: false,
  plotlyServerURL: "", // never send data to another host
  displayModeBar: "hover",
  modeBarButtonsToRemove: [
    "sendChartToCloud",
    "toImage",
    "select2d",
    "lasso2d",
    "autoScale2d",
    "zoomIn2d",
    "zoomOut2d",
  ],
  doubleClick: "reset",
};

// A colour #rrggbb with an opacity.
export function faded(hex, opacity) {
  const part = (at) => parseInt(hex.slice(at, at + 2), 16);
  return `rgba(${part(1)},${part(3)},${part(5)},${opacity})`;
}
