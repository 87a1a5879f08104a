// Short messages at the edge of the page; errors stay until they are closed.
const SHOWN_MS = 6000;

// `level` is "success" or "error": the page holds a template of each.
export function showToast(text, level = "success") {
  const template = document.getElementById(`toast-${level}`) ?? document.getElementById("toast-success");
  const toast = template.content.firstElementChild.cloneNode(true);
  toast.querySelector("[data-toast-text]").textContent = text;
  document.getElementById("toasts").append(toast);
  if (level !== "error") setTimeout(() => toast.remove(), SHOWN_MS);
}

for (const toast of document.querySelectorAll("#toasts .ps-toast-success, #toasts .ps-toast-info")) {
  setTimeout(() => toast.remove(), SHOWN_MS);
}
