// The frame of every page: forms carry their mark, menus and the dialog open and close.
(() => {
  "use strict";
  const dialog = document.getElementById("dialog");

  document.addEventListener("htmx:configRequest", (event) => {
    const token = document.querySelector("meta[name='csrf-token']")?.content;
    if (token && event.detail.verb !== "get") event.detail.headers["X-CSRFToken"] = token;
  });

  // What is asked into the dialog opens it; an answer without content closes it.
  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target !== dialog) return;
    if (!dialog.childElementCount) dialog.close();
    else if (!dialog.open) dialog.showModal();
  });
  dialog?.addEventListener("click", (event) => {
    if (event.target === dialog || event.target.closest("[data-close]")) dialog.close();
  });
  // The event comes later than the closing, and the next content may have come before it.
  dialog?.addEventListener("close", () => {
    if (!dialog.open) dialog.replaceChildren();
  });

  // After a form that was refused one goes on at the first field that is wrong.
  if (!document.querySelector("[autofocus]")) document.querySelector("#main [aria-invalid='true']")?.focus();

  // On a phone the rail has room for four places; the others unfold.
  const more = document.getElementById("rail-more");
  const unfold = (open) => more?.setAttribute("aria-expanded", String(open));
  more?.addEventListener("click", () => unfold(more.getAttribute("aria-expanded") === "false"));

  document.addEventListener("click", (event) => {
    if (!event.target.closest(".rail")) unfold(false);
    for (const menu of document.querySelectorAll("details.menu[open]")) {
      if (!menu.contains(event.target)) menu.open = false;
    }
  });
  document.addEventListener("keydown", (event) => {
    const menu = event.key === "Escape" && document.querySelector("details.menu[open]");
    if (menu) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
    if (event.key === "Escape") unfold(false);
  });
})();
