// Rows that come again by themselves: those that this page shows are mended where they stand, others are not its concern.
(() => {
  "use strict";
  // They come inside of a template, because a row outside of a table is no HTML.
  document.addEventListener("farm-live", () => {
    const moved = document.getElementById("moved");
    for (const row of [...moved.content.children]) {
      const there = document.getElementById(row.id);
      if (!there) continue;
      Idiomorph.morph(there, row, { morphStyle: "outerHTML" });
      htmx.process(there);
    }
    moved.content.replaceChildren();
  });
})();
