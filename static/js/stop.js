// STOP: a shortcut from anywhere, and the truth when nobody answers.
(() => {
  "use strict";
  const button = () => document.getElementById("stop-button");

  // Also while one types: Alt and Shift write nothing that is missed.
  document.addEventListener("keydown", (event) => {
    if (event.code !== "KeyS" || !event.altKey || !event.shiftKey || event.repeat || !button()) return;
    event.preventDefault();
    button().click();
  });

  // The dialog that cannot be fetched is a page that can; a stop without an answer says so.
  const unanswered = (event) => {
    const { elt } = event.detail;
    if (elt === button()) location.assign(elt.href);
    else if (elt.matches("[data-stop-form]")) say(elt);
  };
  for (const name of ["htmx:sendError", "htmx:timeout", "htmx:responseError"]) {
    document.addEventListener(name, unanswered);
  }
  const say = (form) => {
    const notice = form.querySelector(".stop-unanswered") || form.appendChild(document.createElement("p"));
    notice.className = "stop-unanswered notice notice-error";
    notice.setAttribute("role", "alert");
    notice.textContent =
      "No answer: it is not known whether the account was stopped. Press again; doing it twice does no harm. " +
      "If that fails, run manage.py emergency_stop on the farm's machine.";
  };
})();
