// Short messages at the edge of the page; errors stay until they are closed.
const CALM_MS = 6000;

export function showToast(text, level = "success") {
  const box = document.getElementById("toasts");
  const toast = document.createElement("div");
  toast.className = `ps-toast ps-toast-${level}`;
  toast.dataset.testid = "toast";
  const words = document.createElement("span");
  words.textContent = text;
  const close = document.createElement("button");
  close.type = "button";
  close.className = "btn-close";
  close.dataset.toastClose = "";
  close.setAttribute("aria-label", "Close");
  toast.append(words, close);
  box.append(toast);
  if (level !== "error") setTimeout(() => toast.remove(), CALM_MS);
}

for (const toast of document.querySelectorAll("#toasts .ps-toast-success, #toasts .ps-toast-info")) {
  setTimeout(() => toast.remove(), CALM_MS);
}
