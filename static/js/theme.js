// Runs before the first paint: the person's choice, or the system's while there is none.
(() => {
  "use strict";
  const KEY = "theme";
  const dark = window.matchMedia("(prefers-color-scheme: dark)");

  const chosen = () => {
    try {
      return localStorage.getItem(KEY);
    } catch {
      return null; // storage is blocked: follow the system
    }
  };
  const keep = (theme) => {
    try {
      localStorage.setItem(KEY, theme);
    } catch {
      // The choice then lasts as long as the page.
    }
  };
  const current = () => document.documentElement.dataset.bsTheme;
  const apply = (theme) => {
    document.documentElement.dataset.bsTheme = theme;
    label();
    document.dispatchEvent(new CustomEvent("theme-changed"));
  };
  const label = () => {
    const other = current() === "dark" ? "light" : "dark";
    document.getElementById("theme-toggle")?.setAttribute("aria-label", `Use the ${other} look`);
  };

  apply(chosen() ?? (dark.matches ? "dark" : "light"));
  dark.addEventListener("change", () => {
    if (!chosen()) apply(dark.matches ? "dark" : "light");
  });
  document.addEventListener("DOMContentLoaded", () => {
    label();
    document.getElementById("theme-toggle")?.addEventListener("click", () => {
      const theme = current() === "dark" ? "light" : "dark";
      keep(theme);
      apply(theme);
    });
  });
})();
