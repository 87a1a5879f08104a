// The name of an upload follows the name of the chosen file until it is edited; the server makes the same.
const file = document.getElementById("field-file");
const name = document.querySelector(`[data-name-of="${file?.id}"]`);
let edited = Boolean(name?.value);

name?.addEventListener("input", () => {
  edited = name.value !== "";
});
file?.addEventListener("change", () => {
  const chosen = file.files[0];
  if (chosen && !edited) name.value = nameOf(chosen.name);
});

function nameOf(text) {
  const stem = text.split(".")[0].toLowerCase();
  return stem
    .replace(/[^a-z0-9._-]+/g, "-")
    .replace(/^[-._]+|[-._]+$/g, "")
    .slice(0, 60);
}
