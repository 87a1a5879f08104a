// "For this device, at most so many milliseconds": writes the objective and the bounds into their fields.

const form = document.getElementById("launch");
const device = document.getElementById("target-device");
const latency = document.getElementById("target-latency");
const memory = document.getElementById("target-memory");
const storage = document.getElementById("target-storage");
const help = document.getElementById("target-help");

const BYTES_PER_MEGABYTE = 1_000_000;
const BYTES_PER_PARAMETER = 4; // of a network with weights of 32 bits
let offered = "";

// The memory of a device's profile is offered; a value of one's own stays.
device.addEventListener("change", () => {
  const { megabytes } = device.selectedOptions[0].dataset;
  if (memory.value === offered) memory.value = offered = megabytes || "";
});

function addObjective(name) {
  const boxes = [...form.querySelectorAll("input[type=checkbox][name=objectives]")];
  const box = boxes.find((candidate) => candidate.value === name);
  if (box) box.checked = true;
  const other = document.getElementById("field-other-objectives");
  const names = other.value.split(",").map((text) => text.trim());
  if (!box && !names.includes(name)) other.value = [...names, name].filter(Boolean).join(", ");
}

// A bound replaces an earlier one of the same cost and device.
function addBound(cost, value) {
  const field = document.getElementById("field-constraints");
  const others = field.value.split(/[,;\n]/).map((text) => text.trim());
  const kept = others.filter((text) => text && !text.startsWith(`${cost}<`));
  field.value = [...kept, `${cost}<${value}`].join(", ");
}

document.getElementById("target-add").addEventListener("click", () => {
  const at = `@${device.value}`;
  const typed = [
    { what: "latency", cost: `latency${at}`, value: latency.value.trim(), scale: 1 },
    { what: "memory", cost: `memory${at}`, value: memory.value.trim(), scale: BYTES_PER_MEGABYTE },
    // The weights of a network are as large on every device.
    {
      what: "storage", cost: "params", value: storage.value.trim(), scale: BYTES_PER_MEGABYTE / BYTES_PER_PARAMETER,
    },
  ];
  const bounds = typed.filter(({ value }) => value);
  const wrong = bounds.find(({ value }) => !(Number(value) > 0));
  if (!device.value) help.textContent = "Choose a device first.";
  else if (wrong) help.textContent = `${wrong.what} must be a number above 0 (got ${wrong.value}).`;
  else {
    addObjective(`latency${at}`);
    for (const { cost, value, scale } of bounds) {
      addObjective(cost);
      addBound(cost, scale === 1 ? value : Number(value) * scale);
    }
    help.textContent = `Added for ${device.value}; correct them below.`;
    form.dispatchEvent(new Event("change", { bubbles: true }));
  }
});
