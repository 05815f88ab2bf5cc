// Loaded before the first paint, so that no page flashes in the wrong colours: dark, light or the system's.
"use strict";
(() => {
  const KEY = "slipway.theme";
  const system = matchMedia("(prefers-color-scheme: dark)");
  const chosen = () => {
    try {
      return localStorage.getItem(KEY) || "auto";
    } catch {
      return "auto";
    }
  };
  const show = () => {
    const theme = chosen() === "auto" ? (system.matches ? "dark" : "light") : chosen();
    document.documentElement.dataset.bsTheme = theme;
    document.documentElement.dataset.themeChoice = chosen();
  };
  show();
  system.addEventListener("change", show);
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-theme-toggle]");
    if (!button) return;
    const order = ["auto", "light", "dark"];
    const next = order[(order.indexOf(chosen()) + 1) % order.length];
    try {
      localStorage.setItem(KEY, next);
    } catch {
      document.documentElement.dataset.bsTheme = next;
    }
    show();
    button.setAttribute("aria-label", `Colours: ${next}. Change`);
    button.title = `Colours: ${next}`;
  });
})();
