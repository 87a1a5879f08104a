// The target of a steered search: typed below the Pareto plot, or dragged in it.
//
// The form is rendered by the server (templates/runs/parts/steering.html), which checks what was typed.

// `axes()` gives {x, y}, the objectives of the plot; `changed()` is called when the target moves.
export function steeringControl({ axes, changed }) {
  const box = document.getElementById("steering");
  const toggle = document.getElementById("steer-toggle");
  const inputs = () => [...(box?.querySelectorAll("[data-goal]") ?? [])];
  const input = (name) => inputs().find((field) => field.dataset.goal === name);

  async function open() {
    toggle.setAttribute("aria-expanded", "true");
    box.hidden = false;
    await window.htmx.ajax("GET", box.dataset.part, { target: box, swap: "innerHTML" });
    changed();
  }

  function close() {
    toggle.setAttribute("aria-expanded", "false");
    box.hidden = true;
    box.replaceChildren();
    changed();
  }

  function valueOf(name) {
    const text = input(name)?.value.trim() ?? "";
    return text !== "" && Number.isFinite(Number(text)) ? Number(text) : null;
  }

  function moveTo(area, event) {
    const { xaxis, yaxis } = area._fullLayout;
    const frame = area.getBoundingClientRect();
    const places = { x: event.clientX - frame.left - xaxis._offset, y: event.clientY - frame.top - yaxis._offset };
    for (const [key, axis] of [["x", xaxis], ["y", yaxis]]) {
      const within = Math.max(0, Math.min(axis._length, places[key]));
      const field = input(axes()[key]);
      if (field) field.value = String(Number(axis.p2d(within).toPrecision(4)));
    }
    changed();
  }

  // Lets the pointer drag the target in a plot while the form is open.
  function wire(area) {
    area.addEventListener(
      "pointerdown",
      (start) => {
        if (!isOpen() || !start.target.closest(".nsewdrag")) return;
        start.preventDefault();
        start.stopPropagation();
        moveTo(area, start);
        const move = (event) => moveTo(area, event);
        addEventListener("pointermove", move);
        addEventListener("pointerup", () => removeEventListener("pointermove", move), { once: true });
      },
      { capture: true },
    );
  }

  const isOpen = () => box !== null && !box.hidden;
  toggle?.addEventListener("click", () => (isOpen() ? close() : open()));
  box?.addEventListener("input", changed);
  box?.addEventListener("htmx:afterSettle", changed);

  return {
    isOpen,
    wire,
    // The target in the plane of the plot, or null.
    place() {
      if (!isOpen()) return null;
      const [x, y] = [valueOf(axes().x), valueOf(axes().y)];
      return x === null || y === null ? null : { x, y };
    },
  };
}
