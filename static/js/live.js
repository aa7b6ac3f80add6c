// Keeps a page current: htmx polls its fragments, this decides when, and what may move.
(() => {
  "use strict";
  const QUIET_BASE_MS = 2000;
  const QUIET_MOST_MS = 30000;
  const AT_BOTTOM_PX = 48;

  const connection = document.getElementById("connection");
  let failures = 0;
  let retryAt = 0;
  let lostAt = 0;

  const isPolled = (element) => element?.hasAttribute?.("data-poll");
  const polled = () => document.querySelectorAll("[data-poll]");

  // When to ask: not in a hidden tab, and after failures less and less often.
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (!isPolled(event.detail.elt)) return;
    if (document.hidden || Date.now() < retryAt) event.preventDefault();
  });
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) refresh();
  });
  window.addEventListener("online", () => {
    retryAt = 0;
    refresh();
  });
  const refresh = () => polled().forEach((element) => htmx.trigger(element, "refresh"));

  // What to say when nobody answers.
  const lost = () => {
    failures += 1;
    lostAt ||= Date.now();
    const pause = Math.min(QUIET_BASE_MS * 2 ** (failures - 1), QUIET_MOST_MS);
    retryAt = Date.now() + pause;
    say();
  };
  const say = () => {
    if (!failures) return;
    const seconds = Math.max(0, Math.ceil((retryAt - Date.now()) / 1000));
    const age = Math.round((Date.now() - lostAt) / 1000);
    const retry = seconds ? `retrying in ${seconds} s` : "retrying";
    connection.textContent = `Not connected, ${retry}. What you see is ${age} s old; trading goes on without this page.`;
    connection.classList.remove("connection-back");
    connection.hidden = false;
  };
  const found = () => {
    if (!failures) return;
    failures = 0;
    retryAt = 0;
    lostAt = 0;
    connection.textContent = "Connected again.";
    connection.classList.add("connection-back");
    setTimeout(() => {
      if (!failures) connection.hidden = true;
    }, 2500);
  };
  setInterval(say, 1000);
  for (const name of ["htmx:sendError", "htmx:timeout", "htmx:responseError"]) {
    document.addEventListener(name, (event) => {
      if (isPolled(event.detail.elt)) lost();
    });
  }

  // A session that has ended answers with the login page: go there instead of showing it here.
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (!isPolled(event.detail.elt)) return;
    const { xhr } = event.detail;
    const asked = new URL(event.detail.elt.getAttribute("hx-get"), location.href).pathname;
    if (xhr.responseURL && new URL(xhr.responseURL).pathname !== asked) {
      event.detail.shouldSwap = false;
      location.reload();
      return;
    }
    if (xhr.status === 200) found();
    if (event.detail.elt.id === "talk") remember();
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.elt.id === "talk") settle();
  });

  // What may move: unfolded stays unfolded, changed numbers glow, new rows arrive softly.
  const callbacks = Idiomorph.defaults.callbacks;
  callbacks.beforeAttributeUpdated = (name, node) =>
    !(name === "open" && node.tagName === "DETAILS") && !(name === "hidden" && node.id === "talk-new");
  callbacks.beforeNodeMorphed = (before, after) => {
    if (before.nodeType !== Node.ELEMENT_NODE) return true;
    if (before.id === "talk-new") return false;
    if (before.hasAttribute("data-glow") && before.textContent !== after.textContent) {
      after.classList.add(before.classList.contains("glow") ? "glow-again" : "glow");
    }
    return true;
  };
  callbacks.beforeNodeAdded = (node) => {
    if (node.nodeType !== Node.ELEMENT_NODE) return true;
    if (node.hasAttribute("data-arrives")) node.classList.add("arrives");
    for (const child of node.querySelectorAll("[data-arrives]")) child.classList.add("arrives");
    return true;
  };

  // The page has the newest rows only. What somebody is reading stays until they go to the bottom.
  callbacks.beforeNodeRemoved = (node) =>
    followed || !(node.parentElement?.closest("#talk-rows") && node.hasAttribute?.("id"));

  // The conversation follows its newest row while one reads there, and holds its place otherwise.
  const rows = () => document.getElementById("talk-rows");
  const button = () => document.getElementById("talk-new");
  const isAtBottom = (list) => list.scrollHeight - list.scrollTop - list.clientHeight < AT_BOTTOM_PX;
  const newest = () => new Set([...rows().querySelectorAll("[data-arrives]")].map((row) => row.id));
  let known = new Set();
  let unread = 0;
  let followed = true;

  const remember = () => {
    followed = isAtBottom(rows());
    known = newest();
  };
  const settle = () => {
    if (followed) {
      toBottom();
      return;
    }
    for (const id of newest()) if (!known.has(id)) unread += 1;
    show();
  };
  const toBottom = () => {
    rows().scrollTop = rows().scrollHeight;
    unread = 0;
    show();
  };
  const show = () => {
    button().hidden = unread === 0;
    button().querySelector("span").textContent = `${unread} new`;
  };
  document.addEventListener("click", (event) => {
    if (event.target.closest("#talk-new")) toBottom();
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
  });
  document.addEventListener(
    "scroll",
    (event) => {
      if (event.target === rows() && unread && isAtBottom(rows())) toBottom();
    },
    true,
  );
  if (rows()) toBottom();
})();
