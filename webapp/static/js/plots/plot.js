// One plot of a page: a text while it is empty, a drawing that follows its data, and files to save.
import { csv, fileName, saveAddress, saveText } from "../save.js";
import { CONFIG, themeOfPlots } from "./look.js";
import { loadPlotly } from "./plotly.js";

const AXES = ["xaxis", "yaxis"];

// First drawings take turns with a pause to paint, so the first plot shows before the others are computed.
let turn = Promise.resolve();

function inTurn(work) {
  const mine = turn.then(work);
  turn = mine.catch(() => {}).then(painted);
  return mine;
}

function painted() {
  const later = document.hidden ? (resume) => resume() : requestAnimationFrame; // hidden tabs have no frames
  return new Promise((resolve) => later(() => setTimeout(resolve)));
}

// `box` is the element with .ps-plot (drawn into), .ps-plot-empty (shown while there is
// nothing) and buttons [data-save=csv|png|svg]. `figure(look)` gives {data, layout, points}
// or null, and `first`, the data to paint before the rest of many points; `table()` gives
// {header, rows}, or the address of a CSV; `name()` the files' name; `wire(element)` is called
// once, after the first drawing.
export class Plot {
  constructor(box, { figure, table, name, wire }) {
    this.box = box;
    this.area = box.querySelector(".ps-plot");
    this.empty = box.querySelector(".ps-plot-empty");
    this.figure = figure;
    this.table = table;
    this.name = name;
    this.wire = wire;
    this.busy = false;
    this.again = false;
    this.drawn = false;
    this.given = null; // the revision and the ranges that were last passed to the library
    for (const button of box.querySelectorAll("[data-save]")) {
      button.addEventListener("click", () => this.save(button.dataset.save));
    }
    document.addEventListener("theme", () => this.draw());
  }

  async draw() {
    if (this.busy) {
      this.again = true;
      return;
    }
    const figure = this.figure(themeOfPlots());
    if (this.empty) this.empty.hidden = figure !== null;
    this.area.hidden = figure === null;
    for (const button of this.box.querySelectorAll("[data-save]")) button.disabled = figure === null;
    if (figure === null) {
      this.removeSketch();
      return;
    }
    this.busy = true;
    try {
      const plotly = await loadPlotly();
      this.keepZoom(figure.layout);
      if (this.drawn) await plotly.react(this.area, figure.data, figure.layout, CONFIG);
      else await inTurn(() => this.drawFirst(plotly, figure));
      for (const [key, value] of Object.entries(figure.points ?? {})) this.box.dataset[key] = value;
      if (!this.drawn) {
        this.drawn = true;
        this.area.on("plotly_relayout", () => this.followAgain());
        this.wire?.(this.area, plotly);
      }
    } finally {
      this.busy = false;
    }
    if (this.again) {
      this.again = false;
      await this.draw();
    }
  }

  async drawFirst(plotly, figure) {
    if (figure.first) {
      await plotly.react(this.area, figure.first, figure.layout, CONFIG);
      this.removeSketch();
      this.box.dataset.front = figure.points.front;
      await painted();
    }
    await plotly.react(this.area, figure.data, figure.layout, CONFIG);
    this.removeSketch();
  }

  // The library keeps a zoom while the range that it is given stays the same: under a zoomed axis the range
  // does not follow new data. Another `uirevision` (other axes) ends the zoom.
  keepZoom(layout) {
    const same = this.given !== null && this.given.revision === layout.uirevision;
    const zoomed = same ? this.zoomedAxes() : [];
    for (const name of zoomed) layout[name].range = [...this.given.ranges[name]];
    const ranges = AXES.filter((name) => layout[name]?.range).map((name) => [name, [...layout[name].range]]);
    this.given = { revision: layout.uirevision, ranges: Object.fromEntries(ranges), waits: zoomed.length > 0 };
  }

  zoomedAxes() {
    return Object.entries(this.given.ranges)
      .filter(([name, range]) => {
        const shown = this.area.layout?.[name]?.range;
        return shown && (shown[0] !== range[0] || shown[1] !== range[1]);
      })
      .map(([name]) => name);
  }

  // After a zoom is reset the ranges follow the data again.
  followAgain() {
    if (this.given.waits && this.zoomedAxes().length === 0) this.draw();
  }

  // The drawing that the server put into the page for the time until now.
  removeSketch() {
    this.area.querySelector(":scope > .ps-sketch")?.remove();
  }

  async save(kind) {
    const name = fileName(this.name());
    if (kind === "csv") {
      const table = this.table();
      if (typeof table === "string") {
        saveAddress(`${name}.csv`, table);
        return;
      }
      const { header, rows } = table;
      saveText(`${name}.csv`, csv(header, rows), "text/csv");
      return;
    }
    const plotly = await loadPlotly();
    const look = themeOfPlots();
    const figure = this.figure(look);
    const titled = figure.saved ?? figure.layout;
    const image = await plotly.toImage(
      {
        data: figure.data,
        layout: { ...titled, paper_bgcolor: look.surface, plot_bgcolor: look.surface, autosize: false },
      },
      { format: kind, width: 960, height: 640, scale: kind === "png" ? 2 : 1 },
    );
    const link = document.createElement("a");
    link.href = image;
    link.download = `${name}.${kind}`;
    link.click();
  }
}
