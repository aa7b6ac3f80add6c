// A list holds its place and says what came meanwhile: one mark for each new thing, counted once.
(() => {
  "use strict";
  const words = () => {
    const fresh = document.getElementById("fresh");
    const marks = document.getElementById("fresh-marks");
    if (!fresh || !marks) return;
    const since = Number(fresh.dataset.seq);
    const count = [...marks.children].filter((mark) => Number(mark.dataset.seq) > since).length;
    fresh.hidden = count === 0;
    const text = count ? `${count} ${count === 1 ? fresh.dataset.one : fresh.dataset.many}: show` : "";
    if (fresh.textContent !== text) fresh.textContent = text;
  };
  // The field that somebody types in is left as it is, so what is wrong with it is told here.
  const problems = () => {
    for (const field of document.querySelectorAll(".filters .form-control")) {
      const problem = document.getElementById(`${field.id}_error`);
      if (problem) {
        field.setAttribute("aria-invalid", "true");
        field.setAttribute("aria-describedby", problem.id);
      } else {
        field.removeAttribute("aria-invalid");
        field.removeAttribute("aria-describedby");
      }
    }
  };

  document.addEventListener("farm-live", words);
  // A list that was filtered anew came without its marks, and with what was new.
  document.addEventListener("htmx:afterSettle", () => {
    words();
    problems();
  });
})();
