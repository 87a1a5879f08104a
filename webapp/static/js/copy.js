// Copies a text of the page to the clipboard, or selects it where the browser permits no copying.

async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false; // over plain HTTP browsers permit it on this machine only
  }
}

export async function copy(button) {
  const source = document.getElementById(button.dataset.copy);
  if (!source) return;
  const done = await copied(source.textContent);
  if (!done) getSelection().selectAllChildren(source);
  const said = button.textContent;
  button.textContent = done ? "Copied" : "Press Ctrl+C";
  setTimeout(() => (button.textContent = said), 2000);
}
