// A button that copies what a field shows.
(() => {
  "use strict";
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    const field = document.querySelector(button.dataset.copy);
    field.select();
    const words = button.querySelector("span");
    try {
      await navigator.clipboard.writeText(field.value);
      words.textContent = "Copied";
    } catch {
      words.textContent = "Press Ctrl+C"; // the browser keeps its clipboard to itself; it is selected
    }
  });
})();
