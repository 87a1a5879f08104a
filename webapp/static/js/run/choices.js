// The tab Choices: parallel coordinates and scatter matrix of objectives and choices, importance, operations.
import { make, quiet, table, title } from "../methods/elements.js";
import { brushed, drawParallel, nearestLine, parallelSvg } from "../plots/parallel.js";
import { goalTitle } from "../plots/axes.js";
import { drawMatrix, MAX_AXES, matrixSvg, nearestPoint } from "../plots/matrix.js";
import { themeOfPlots } from "../plots/look.js";
import { csv, fileName, saveAddress, saveText } from "../save.js";
import { methodLook } from "../vocabulary.js";

const HEIGHT = 360;
const CHOICES_SHOWN = 5; // the most important ones, at first
const MAX_TEXT = 2500; // of the numbers in the address
const CLICK = 4; // pixels; a longer movement is a brush

export function choicesView(context) {
  const { page, state } = context;
  const panel = document.getElementById("panel-choices");
  const box = panel.querySelector("[data-choices]");
  let data = null;
  let axes = [];
  let loading = false;
  let placed = [];
  let pointed = null;
  let canvas = null;
  let matrix = null; // the canvas of the scatter matrix; null while it is folded
  let plan = null;

  async function load() {
    loading = true;
    try {
      const response = await fetch(page.dataset.choices);
      if (!response.ok) throw new Error(String(response.status));
      data = await response.json();
      build();
    } catch {
      box.replaceChildren(quiet("The choices could not be loaded. Open the tab again to try once more."));
    } finally {
      loading = false;
    }
  }

  function build() {
    if (data.numbers.length === 0) {
      box.replaceChildren(
        quiet("Fills with the first measured candidate: a line for each over objectives and choices."),
      );
      return;
    }
    axes = makeAxes(data, axes);
    canvas = make("canvas");
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", "Parallel coordinates; ranges can be set in the table below");
    wire();
    const wrap = make("div", undefined, "ps-table-wrap ps-parallel");
    wrap.tabIndex = 0;
    wrap.role = "group";
    wrap.ariaLabel = "Parallel coordinates";
    wrap.append(canvas);
    const head = make("div", undefined, "ps-method-head");
    head.append(title("Objectives and choices"), saveButtons("parallel coordinates", save));
    const more = [...importanceParts(data), ...operationParts(data)];
    const wasOpen = matrix !== null;
    box.replaceChildren(head, quiet(explanation(data)), wrap, axisTable(), matrixPart(wasOpen), ...more);
    draw();
  }

  const shownAxes = () => axes.filter((axis) => axis.shown);

  function drawing() {
    const colour = methodLook(state().run.strategy).colour;
    return { axes: shownAxes(), numbers: data.numbers, front: new Set(state().front.numbers), pointed, colour };
  }

  function draw() {
    if (canvas === null || panel.hidden) return;
    const width = canvas.parentElement.clientWidth;
    placed = drawParallel(canvas, drawing(), themeOfPlots(), width, HEIGHT);
    canvas.dataset.inside = brushed(axes, data.numbers.length).length;
    if (matrix === null) return;
    plan = drawMatrix(matrix, drawing(), themeOfPlots(), matrix.parentElement.clientWidth);
    matrix.dataset.plots = plan.cells.length;
  }

  // Folded at first: it is drawn when it is opened.
  function matrixPart(isOpen) {
    const details = make("details", undefined, "ps-axis-table");
    details.dataset.matrix = "";
    const wrap = make("div", undefined, "ps-table-wrap ps-parallel");
    wrap.tabIndex = 0;
    wrap.role = "group";
    wrap.ariaLabel = "Scatter matrix";
    const about =
      `Every pair of the first ${MAX_AXES} shown axes; their order, scale and ranges are those of the table above. ` +
      "Points on the front have the colour of the method, options are spread a little. Click a point to open it.";
    details.append(make("summary", "Scatter matrix"), quiet(about), saveButtons("scatter matrix", saveMatrix), wrap);
    details.addEventListener("toggle", () => {
      matrix = details.open ? make("canvas") : null;
      wrap.replaceChildren(...(matrix ? [matrix] : []));
      if (matrix) wireMatrix();
      draw();
    });
    details.open = isOpen;
    return details;
  }

  function wireMatrix() {
    matrix.setAttribute("role", "img");
    matrix.setAttribute("aria-label", "Scatter matrix of the shown axes; the table of candidates has the values");
    const at = (event) => nearestPoint(plan, data.numbers, event.offsetX, event.offsetY);
    matrix.addEventListener("pointermove", (event) => context.point(at(event)));
    matrix.addEventListener("pointerleave", () => context.point(null));
    matrix.addEventListener("click", (event) => {
      const number = at(event);
      if (number !== null) context.open(number);
    });
  }

  function saveMatrix(kind) {
    const name = fileName(`${state().run.name}-matrix`);
    if (kind === "csv") save("csv");
    else if (matrix === null) return;
    else if (kind === "png") saveAddress(`${name}.png`, matrix.toDataURL("image/png"));
    else {
      const text = matrixSvg(drawing(), themeOfPlots(), matrix.parentElement.clientWidth);
      saveText(`${name}.svg`, text, "image/svg+xml");
    }
  }

  function wire() {
    let start = null;
    const place = (event) => ({ x: event.offsetX, y: event.offsetY });
    const axisAt = (x) => placed.find((axis) => Math.abs(axis.x - x) < 14);
    canvas.addEventListener("pointerdown", (event) => {
      start = { ...place(event), on: axisAt(event.offsetX) };
      canvas.setPointerCapture(event.pointerId);
    });
    canvas.addEventListener("pointermove", (event) => {
      const { x, y } = place(event);
      if (start?.on && Math.abs(y - start.y) > CLICK) {
        start.on.axis.range = rangeOf(start.on, start.y, y);
        draw();
      } else if (!start) context.point(nearestLine(placed, data.numbers, x, y));
    });
    canvas.addEventListener("pointerup", (event) => {
      const { x, y } = place(event);
      const moved = start && Math.abs(y - start.y) > CLICK;
      if (start?.on && !moved) start.on.axis.range = null;
      if (start?.on) filterTable();
      else if (start && !moved) {
        const number = nearestLine(placed, data.numbers, x, y);
        if (number !== null) context.open(number);
      }
      start = null;
    });
    canvas.addEventListener("pointerleave", () => context.point(null));
  }

  function rangeOf({ axis, valueAt }, from, to) {
    const ends = [valueAt(from), valueAt(to)].sort((a, b) => a - b);
    return axis.options ? [Math.ceil(ends[0] - 0.5), Math.floor(ends[1] + 0.5)] : ends;
  }

  // Ranges of objectives are bounds on values; with ranges of choices the candidates are listed by number.
  function filterTable() {
    refreshAxisTable();
    draw();
    const limits = axes.filter((axis) => axis.range);
    const plain = limits.every((axis) => !axis.options);
    const bound = (value) => Number(value.toPrecision(5));
    const bounds = limits.map(({ name, range }) => `${name}>=${bound(range[0])} ${name}<=${bound(range[1])}`);
    const note = box.querySelector("[data-brush-note]");
    const inside = brushed(axes, data.numbers.length).map((i) => data.numbers[i]);
    const only = plain ? "" : ranges(inside);
    const fits = only.length <= MAX_TEXT;
    note.textContent = fits ? "" : "Too many candidates to list them in the table: choose narrower ranges.";
    context.filter.setAll({ value: plain ? bounds.join(" ") : "", only: fits ? only || (plain ? "" : "none") : "" });
  }

  function axisTable() {
    const details = make("details", undefined, "ps-axis-table");
    details.append(make("summary", "Axes: order, scale and ranges"), make("p", "", "ps-quiet"), make("div"));
    details.querySelector("p").dataset.brushNote = "";
    details.querySelector("p").setAttribute("role", "status");
    details.addEventListener("toggle", refreshAxisTable);
    return details;
  }

  function refreshAxisTable() {
    const details = box.querySelector(".ps-axis-table");
    if (!details?.open) return;
    const header = ["Axis", "Shown", "Order", "Log", "From", "To"].map((text) => ({ text }));
    const rows = axes.map((axis, at) => [
      axis.title,
      control("checkbox", `Show ${axis.title}`, axis.shown, (input) => (axis.shown = input.checked)),
      orderButtons(at),
      axis.options
        ? null
        : control("checkbox", `Logarithmic ${axis.title}`, axis.log, (input) => (axis.log = input.checked)),
      limitOf(axis, 0),
      limitOf(axis, 1),
    ]);
    details.querySelector("div").replaceChildren(table(header, rows, "Axes of the parallel coordinates"));
  }

  function control(type, label, value, change) {
    const input = make("input", undefined, type === "checkbox" ? "form-check-input" : "form-control form-control-sm");
    input.type = type;
    input.ariaLabel = label;
    if (type === "checkbox") input.checked = value;
    else input.value = value;
    input.addEventListener("change", () => {
      change(input);
      draw();
    });
    return input;
  }

  function limitOf(axis, end) {
    const label = `${axis.title} ${end === 0 ? "from" : "to"}`;
    const set = (value) => {
      const range = axis.range ?? [-Infinity, Infinity];
      range[end] = value ?? (end === 0 ? -Infinity : Infinity);
      axis.range = range.every((limit) => !Number.isFinite(limit)) ? null : finite(axis, range);
      filterTable();
    };
    if (!axis.options) {
      const input = control("number", label, axis.range ? Number(axis.range[end].toPrecision(5)) : "", (field) =>
        set(field.value === "" ? null : Number(field.value)),
      );
      input.step = "any";
      return input;
    }
    const select = make("select", undefined, "form-select form-select-sm");
    select.ariaLabel = label;
    for (const [at, text] of [["", "any"], ...axis.options.entries()]) {
      const option = make("option", text);
      option.value = at;
      option.selected = axis.range ? axis.range[end] === at : at === "";
      select.append(option);
    }
    select.addEventListener("change", () => set(select.value === "" ? null : Number(select.value)));
    return select;
  }

  function orderButtons(at) {
    const group = make("span");
    for (const [text, label, step] of [
      ["←", "Move left", -1],
      ["→", "Move right", 1],
    ]) {
      const button = make("button", text, "ps-mini");
      button.type = "button";
      button.ariaLabel = `${label}: ${axes[at].title}`;
      button.disabled = at + step < 0 || at + step >= axes.length;
      button.addEventListener("click", () => {
        [axes[at], axes[at + step]] = [axes[at + step], axes[at]];
        refreshAxisTable();
        draw();
      });
      group.append(button);
    }
    return group;
  }

  function saveButtons(what, act) {
    const group = document.getElementById("save-buttons").content.firstElementChild.cloneNode(true);
    group.setAttribute("aria-label", `Save the ${what}`);
    for (const button of group.querySelectorAll("[data-save]")) {
      button.disabled = false;
      button.addEventListener("click", () => act(button.dataset.save));
    }
    return group;
  }

  function save(kind) {
    const name = fileName(`${state().run.name}-choices`);
    if (kind === "png") saveAddress(`${name}.png`, canvas.toDataURL("image/png"));
    else if (kind === "svg") {
      saveText(`${name}.svg`, parallelSvg(drawing(), themeOfPlots(), canvas.clientWidth, HEIGHT), "image/svg+xml");
    } else {
      const text = (axis, i) => (axis.options ? (axis.options[axis.values[i]] ?? null) : axis.values[i]);
      const rows = data.numbers.map((number, i) => [number, ...axes.map((axis) => text(axis, i))]);
      saveText(`${name}.csv`, csv(["number", ...axes.map((axis) => axis.title)], rows), "text/csv");
    }
  }

  context.onPoint((number) => {
    if (pointed === number || canvas === null) return;
    pointed = number;
    draw();
  });
  document.addEventListener("theme", draw);
  addEventListener("resize", draw);

  return function show(now) {
    if (panel.hidden) return;
    if (data === null && !loading) load();
    else if (data !== null && !loading && now.seq > data.seq && now.run.told !== data.told) {
      data.told = now.run.told;
      load();
    }
  };
}

function makeAxes(data, earlier) {
  const ranked = Object.values(data.importance)[0]?.shares ?? [];
  const leading = [...ranked].sort((a, b) => b.share - a.share).slice(0, CHOICES_SHOWN);
  const first = new Set(leading.map((entry) => entry.decision));
  const isShown = (at) => (ranked.length > 0 ? first.has(at) : at < CHOICES_SHOWN);
  const fresh = data.goals.map((goal) => ({
    name: goal.name,
    title: goalTitle(goal),
    values: data.values[goal.name],
    options: null,
    shown: true,
  }));
  data.decisions.forEach((decision, at) => {
    const values = data.choices.map((row) => (row[at] < 0 ? null : row[at]));
    const title = decision.name;
    fresh.push({ name: `choice ${at}`, title, values, options: decision.options, shown: isShown(at) });
  });
  const places = new Map(earlier.map((axis, at) => [axis.name, at]));
  for (const axis of fresh) {
    const before = earlier[places.get(axis.name)];
    Object.assign(axis, {
      log: before?.log ?? false,
      range: before?.range ?? null,
      shown: before?.shown ?? axis.shown,
    });
  }
  return fresh.sort((a, b) => (places.get(a.name) ?? 0) - (places.get(b.name) ?? 0));
}

function finite(axis, range) {
  const values = axis.values.filter((value) => value !== null);
  return [
    Number.isFinite(range[0]) ? range[0] : Math.min(...values),
    Number.isFinite(range[1]) ? range[1] : Math.max(...values),
  ];
}

function explanation({ numbers, total, missing, decisions }) {
  const count =
    numbers.length < total
      ? `${numbers.length} of ${total} measured candidates, with the front`
      : `All ${total} measured candidates`;
  const most = Math.min(CHOICES_SHOWN, decisions.length);
  const choices = missing || `The ${most} most important choices are shown; the table of axes has all.`;
  return (
    `${count}; those on the front in the colour of the method. ` +
    `Drag along an axis to filter the table of candidates, click the axis to clear it. ${choices}`
  );
}

function importanceParts(data) {
  if (data.missing) return [];
  const parts = [title("Importance of choices")];
  const goals = data.goals.filter((goal) => data.importance[goal.name].shares.length > 0);
  if (goals.length === 0) {
    const most = Math.max(...data.goals.map((goal) => data.importance[goal.name].candidates));
    const text = `Fills with ${data.least} measured candidates; there are ${most}. Fewer give no reliable result.`;
    return [...parts, quiet(text)];
  }
  const counts = goals
    .map((goal) => `${goal.name.replace("@", " on ")}: ${data.importance[goal.name].candidates}`)
    .join(", ");
  parts.push(
    quiet(
      `Share of the variance of an objective between the options of a choice: ${data.method}. ` +
        `Candidates: ${counts}. A strategy that prefers some options makes choices look alike.`,
    ),
  );
  const first = data.importance[goals[0].name].shares;
  const order = [...first].sort((a, b) => b.share - a.share).map((entry) => entry.decision);
  const header = [{ text: "Choice" }, ...goals.map((goal) => ({ text: goalTitle(goal), numeric: true }))];
  const rows = order.map((at) => [
    data.decisions[at].name,
    ...goals.map((goal) => shareCell(data.importance[goal.name].shares[at])),
  ]);
  return [...parts, table(header, rows, "Importance of choices")];
}

function shareCell({ share, low, high }) {
  const cell = make("span", undefined, "ps-share");
  const meter = make("meter");
  meter.min = 0;
  meter.max = 1;
  meter.value = share;
  const percent = (part) => (100 * part).toFixed(0);
  cell.append(meter, make("span", `${percent(share)} % (${percent(low)} to ${percent(high)})`));
  return cell;
}

function operationParts(data) {
  if (data.operations.length === 0) return [];
  const header = [
    { text: "Operation" },
    { text: "All candidates", numeric: true },
    { text: "On the front", numeric: true },
  ];
  const bar = (part) => {
    const cell = make("span", undefined, "ps-share");
    const meter = make("meter");
    meter.value = part;
    cell.append(meter, make("span", `${(100 * part).toFixed(1)} %`));
    return cell;
  };
  const rows = data.operations.map(({ name, share, front }) => [name, bar(share), front === null ? null : bar(front)]);
  return [title("Operations"), quiet("How often each operation was chosen."), table(header, rows, "Operations")];
}

// Numbers as "0-3,7,9-12".
export function ranges(numbers) {
  const parts = [];
  for (const number of [...numbers].sort((a, b) => a - b)) {
    const last = parts.at(-1);
    if (last && last[1] === number - 1) last[1] = number;
    else parts.push([number, number]);
  }
  return parts.map(([a, b]) => (a === b ? `${a}` : `${a}-${b}`)).join(",");
}
