// The plots of a report: point at values, hide groups, zoom. It imports nothing, since exported reports contain it.
(() => {
  const [WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM] = [560, 320, 80, 16, 16, 44];
  const NEAR = 24; // pixels from the pointer to a value
  const SHOWN_DIGITS = 4;
  const MIN_DRAG = 6;

  class ReportPlot {
    constructor(figure) {
      this.figure = figure;
      this.svg = figure.querySelector("svg.ps-static");
      this.caption = figure.querySelector("figcaption");
      this.title = this.caption.textContent.trim().split(":")[0];
      this.hidden = new Set();
      this.zoom = null;
      this.pointed = -1;
      this.said = Object.assign(document.createElement("p"), { className: "ps-plot-said" });
      this.said.setAttribute("role", "status");
      figure.append(this.said);
      this.svg.setAttribute("tabindex", "0");
      this.svg.setAttribute("role", "application");
      this.svg.setAttribute("aria-roledescription", "plot");
      const label = this.svg.getAttribute("aria-label");
      this.svg.setAttribute("aria-label", `${label}. Arrow keys walk through the values.`);
      this.wire();
      this.read();
    }

    read() {
      this.data = JSON.parse(this.figure.querySelector('script[type="application/json"]').textContent);
      this.draw();
      this.showKeys();
    }

    make(name, attributes, parent = this.svg) {
      const element = document.createElementNS(this.svg.namespaceURI, name);
      for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
      parent.append(element);
      return element;
    }

    scales() {
      const [x, y] = [this.zoom?.x ?? this.data.x.range, this.zoom?.y ?? this.data.y.range];
      const across = (value) => LEFT + ((value - x[0]) / (x[1] - x[0])) * (WIDTH - LEFT - RIGHT);
      const up = (value) => HEIGHT - BOTTOM - ((value - y[0]) / (y[1] - y[0])) * (HEIGHT - TOP - BOTTOM);
      return { x, y, across, up };
    }

    draw() {
      const { x, y, across, up } = this.scales();
      this.svg.replaceChildren();
      const clip = this.make("clipPath", { id: `clip-${this.figure.dataset.reportPlot}` });
      const frame = { x: LEFT, y: TOP, width: WIDTH - LEFT - RIGHT, height: HEIGHT - TOP - BOTTOM };
      this.make("rect", frame, clip);
      this.make("rect", { ...frame, fill: "transparent" });
      for (const at of ticks(...x)) {
        this.make("line", { x1: across(at), x2: across(at), y1: TOP, y2: HEIGHT - BOTTOM, stroke: "#88888844" });
        const place = { x: across(at), y: HEIGHT - BOTTOM + 16, "text-anchor": "middle", "font-size": 11 };
        this.make("text", place).textContent = written(at);
      }
      for (const at of ticks(...y)) {
        this.make("line", { x1: LEFT, x2: WIDTH - RIGHT, y1: up(at), y2: up(at), stroke: "#88888844" });
        const place = { x: LEFT - 6, y: up(at), dy: "0.35em", "text-anchor": "end", "font-size": 11 };
        this.make("text", place).textContent = written(at);
      }
      const inside = this.make("g", { "clip-path": `url(#${clip.id})` });
      this.values = [];
      this.data.groups.forEach((group, place) => {
        if (this.hidden.has(place)) return;
        if (group.curve) this.drawCurve(group, across, up, inside);
        for (const front of group.fronts ?? []) this.drawFront(group, front, across, up, inside);
      });
      const end = { x: WIDTH - RIGHT, y: HEIGHT - 10, "text-anchor": "end", "font-size": 12 };
      this.make("text", end).textContent = this.data.x.title;
      this.make("text", { x: LEFT + 4, y: TOP - 4, "font-size": 12 }).textContent = this.data.y.title;
      const ring = { r: 7, fill: "none", stroke: "currentColor", "stroke-width": 2, visibility: "hidden" };
      this.ring = this.make("circle", ring);
      this.pointed = -1;
    }

    drawFront(group, front, across, up, inside) {
      const sign = this.data.x.higher ? -1 : 1;
      const sorted = front.toSorted((a, b) => sign * (a[0] - b[0]));
      const corners = sorted.flatMap(([x, y], i) => (i ? [[x, sorted[i - 1][1]], [x, y]] : [[x, y]]));
      const points = corners.map(([x, y]) => `${across(x)},${up(y)}`).join(" ");
      this.make("polyline", { points, fill: "none", stroke: group.colour, "stroke-width": 1.5, opacity: 0.7 }, inside);
      for (const [x, y, text] of sorted) {
        this.make("circle", { cx: across(x), cy: up(y), r: 3.5, fill: group.colour }, inside);
        this.values.push({ x: across(x), y: up(y), text });
      }
    }

    drawCurve(group, across, up, inside) {
      const corners = (column, row, i) => [[row[0], group.curve[Math.max(0, i - 1)][column]], [row[0], row[column]]];
      const line = (column) => group.curve.flatMap((row, i) => corners(column, row, i));
      const text = (points) => points.map(([x, y]) => `${across(x)},${up(y)}`).join(" ");
      const around = text([...line(2), ...line(3).toReversed()]);
      this.make("polygon", { points: around, fill: group.colour, "fill-opacity": 0.16 }, inside);
      this.make("polyline", { points: text(line(1)), fill: "none", stroke: group.colour, "stroke-width": 2 }, inside);
      for (const [spent, mean, low, high] of group.curve) {
        const range = high > low ? ` (${written(low)} to ${written(high)})` : "";
        const said = `${group.label}, ${written(spent)} ${this.data.x.title}: ${written(mean)}${range}`;
        this.values.push({ x: across(spent), y: up(mean), text: said });
      }
    }

    // The names of the groups as buttons that hide and show them.
    showKeys() {
      this.caption.replaceChildren(`${this.title}: `);
      this.data.groups.forEach((group, place) => {
        const button = Object.assign(document.createElement("button"), { type: "button", className: "ps-static-key" });
        const svg = this.make("svg", { width: 10, height: 10, "aria-hidden": "true" }, button);
        this.make("circle", { cx: 5, cy: 5, r: 4, fill: group.colour }, svg);
        button.append(` ${group.label}`);
        button.title = "Hide or show in the plot";
        button.setAttribute("aria-pressed", String(!this.hidden.has(place)));
        button.addEventListener("click", () => {
          if (!this.hidden.delete(place)) this.hidden.add(place);
          button.setAttribute("aria-pressed", String(!this.hidden.has(place)));
          this.draw();
        });
        this.caption.append(button);
      });
      const button = { type: "button", className: "ps-static-key", textContent: "Whole plot", hidden: !this.zoom };
      this.reset = Object.assign(document.createElement("button"), button);
      this.reset.addEventListener("click", () => {
        this.svg.focus();
        this.zoomTo(null);
      });
      this.caption.append(this.reset);
    }

    zoomTo(zoom) {
      this.zoom = zoom;
      this.reset.hidden = !zoom;
      this.draw();
    }

    point(index) {
      this.pointed = index;
      const value = this.values[index];
      this.ring.setAttribute("visibility", value ? "visible" : "hidden");
      if (value) {
        this.ring.setAttribute("cx", value.x);
        this.ring.setAttribute("cy", value.y);
      }
      this.said.textContent = value?.text ?? "";
    }

    // The pointer in the units of the drawing.
    at(event) {
      const box = this.svg.getBoundingClientRect();
      return [((event.clientX - box.left) / box.width) * WIDTH, ((event.clientY - box.top) / box.height) * HEIGHT];
    }

    wire() {
      let from = null;
      this.svg.addEventListener("pointerdown", (event) => {
        if (event.button === 0 && event.pointerType === "mouse") from = this.at(event);
      });
      this.svg.addEventListener("pointermove", (event) => {
        const [x, y] = this.at(event);
        if (from) {
          this.band?.remove();
          const box = { x: Math.min(x, from[0]), y: Math.min(y, from[1]), width: Math.abs(x - from[0]) };
          this.band = this.make("rect", { ...box, height: Math.abs(y - from[1]), fill: "#8888", "fill-opacity": 0.3 });
          return;
        }
        const far = this.values.map((value) => Math.hypot(value.x - x, value.y - y));
        const nearest = far.indexOf(Math.min(...far));
        this.point(far[nearest] <= NEAR ? nearest : -1);
      });
      addEventListener("pointerup", (event) => {
        if (!from) return;
        const [start, end] = [from, this.at(event)];
        from = null;
        this.band?.remove();
        if (Math.abs(end[0] - start[0]) > MIN_DRAG && Math.abs(end[1] - start[1]) > MIN_DRAG) this.zoomIn(start, end);
      });
      this.svg.addEventListener("dblclick", () => this.zoomTo(null));
      this.svg.addEventListener("keydown", (event) => {
        const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
        if (event.key === "Escape") this.zoomTo(null);
        else if (event.key === "+" || event.key === "-") this.zoomBy(event.key === "+" ? 0.5 : 2);
        else if (step && this.values.length > 0) {
          const order = this.values.map((_, i) => i).sort((a, b) => this.values[a].x - this.values[b].x);
          const next = order.indexOf(this.pointed) + step;
          this.point(order[this.pointed < 0 ? 0 : (next + order.length) % order.length]);
        } else return;
        event.preventDefault();
      });
    }

    zoomIn(start, end) {
      const { x, y } = this.scales();
      const valueX = (at) => x[0] + ((at - LEFT) / (WIDTH - LEFT - RIGHT)) * (x[1] - x[0]);
      const valueY = (at) => y[0] + ((HEIGHT - BOTTOM - at) / (HEIGHT - TOP - BOTTOM)) * (y[1] - y[0]);
      const sorted = (values) => values.toSorted((a, b) => a - b);
      this.zoomTo({ x: sorted([start[0], end[0]].map(valueX)), y: sorted([start[1], end[1]].map(valueY)) });
    }

    // Around the value that is pointed at, or around the middle.
    zoomBy(factor) {
      const value = this.values[this.pointed];
      const middle = value ? [value.x, value.y] : [(LEFT + WIDTH - RIGHT) / 2, (TOP + HEIGHT - BOTTOM) / 2];
      const half = [((WIDTH - LEFT - RIGHT) / 2) * factor, ((HEIGHT - TOP - BOTTOM) / 2) * factor];
      const corner = (sign) => [middle[0] + sign * half[0], middle[1] + sign * half[1]];
      this.zoomIn(corner(-1), corner(1));
    }
  }

  function ticks(low, high) {
    const rough = (high - low) / 6;
    const base = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 5, 10].map((nice) => base * nice).find((size) => size >= rough);
    const first = Math.ceil(low / step - 1e-9);
    return Array.from({ length: Math.floor(high / step + 1e-9) - first + 1 }, (_, i) => (first + i) * step);
  }

  function written(value) {
    const text = new Intl.NumberFormat("en", { notation: "compact", maximumSignificantDigits: SHOWN_DIGITS });
    return text.format(Math.abs(value) < 1e-12 ? 0 : value);
  }

  const plots = new Map();
  function mount() {
    for (const figure of document.querySelectorAll("[data-report-plot]")) {
      if (!plots.has(figure)) plots.set(figure, new ReportPlot(figure));
    }
  }
  mount();
  document.addEventListener("htmx:afterSettle", mount); // the preview of a report that is written
  document.addEventListener("report-data", () => {
    for (const plot of plots.values()) plot.read();
  });
})();
