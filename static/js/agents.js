// An agent's editor: how it will look.
(() => {
  "use strict";
  const preview = (form) => {
    const box = form.querySelector("[data-preview]");
    const name = box.querySelector("[data-preview-name]");
    const use = box.querySelector("use");
    form.addEventListener("input", ({ target }) => {
      if (target.name === "colour") box.className = `agent-preview agent-${target.value}`;
      if (target.name === "icon") use.setAttribute("href", `${form.dataset.icons}#${target.value}`);
      if (target.name === "name") name.textContent = target.value || "The new agent";
    });
  };

  const form = document.querySelector("[data-agent-form]");
  if (form) preview(form);
})();
