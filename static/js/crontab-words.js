// In the admin's form of a periodic task: the chosen crontab in words, below its field.
(() => {
  "use strict";
  const words = JSON.parse(document.getElementById("readable-crontabs").textContent);
  const field = document.getElementById("id_crontab");
  const help = document.querySelector(".field-crontab .help");
  document.querySelector(".field-crontab_translation")?.setAttribute("hidden", "");
  if (!field || !help) return;

  const line = help.appendChild(document.createElement("div"));
  const say = () => {
    const found = words[field.value];
    line.textContent = found ? `In words: ${found}` : "";
  };
  field.addEventListener("change", say);
  say();
})();
