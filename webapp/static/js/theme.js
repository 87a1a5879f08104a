// Sets the theme before the first paint, so that a dark page does not flash white. The default is the
// theme of the system.
(() => {
  const media = matchMedia("(prefers-color-scheme: dark)");
  const chosen = () => {
    try {
      return localStorage.getItem("theme") || "auto";
    } catch {
      return "auto"; // storage may be blocked
    }
  };
  const apply = () => {
    const choice = chosen();
    const dark = choice === "dark" || (choice === "auto" && media.matches);
    document.documentElement.dataset.bsTheme = dark ? "dark" : "light";
    document.documentElement.dataset.themeChoice = choice;
    document.dispatchEvent(new CustomEvent("theme", { detail: { dark, choice } }));
  };
  try {
    if (localStorage.getItem("rail") === "narrow") document.documentElement.dataset.rail = "narrow";
  } catch {
    /* as above */
  }
  media.addEventListener("change", apply);
  addEventListener("theme-choice", apply);
  apply();
})();
