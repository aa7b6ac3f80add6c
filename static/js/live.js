// Keeps a page current over one socket: where it stands, what to say when it is gone, what may move.
(() => {
  "use strict";
  const QUIET_BASE_MS = 500;
  const QUIET_MOST_MS = 15000;
  const SILENT_MS = 50000; // the server speaks at least every twenty seconds
  const SIGNED_OUT = 4401;
  const NOT_FOUND = 4404;
  const AT_BOTTOM_PX = 48;

  const live = document.getElementById("live");
  const bar = document.getElementById("connection");
  const light = document.getElementById("link-state");

  // ---- Parts of the page that come by themselves ----

  // A part with an id replaces the one that is there; a new one goes to the end of its list.
  htmx.defineExtension("live", {
    isInlineSwap: (style) => style === "upsert",
    handleSwap: (style, target, fragment) => {
      if (style !== "upsert") return false;
      for (const part of [...fragment.children]) {
        const there = document.getElementById(part.id);
        if (there) Idiomorph.morph(there, part, { morphStyle: "outerHTML" });
        else {
          part.classList.add("arrives");
          target.append(part);
        }
      }
      return true;
    },
  });

  // Unfolded stays unfolded, typed stays typed, changed numbers glow, new rows arrive softly.
  const callbacks = Idiomorph.defaults.callbacks;
  callbacks.beforeAttributeUpdated = (name, node) =>
    !(name === "open" && node.tagName === "DETAILS") && !(name === "hidden" && node.id === "talk-new");
  callbacks.beforeNodeMorphed = (before, after) => {
    if (before.nodeType !== Node.ELEMENT_NODE) return true;
    if (before === document.activeElement && "value" in before && before.tagName !== "BUTTON") return false;
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

  // ---- The conversation follows its newest row, and holds its place while one reads ----

  const rows = () => document.getElementById("talk-rows");
  const button = () => document.getElementById("talk-new");
  const MOST_TURNS = 40; // of a conversation that is followed; who reads further up keeps all
  const isAtBottom = (list) => list.scrollHeight - list.scrollTop - list.clientHeight < AT_BOTTOM_PX;
  const newest = () => new Set([...rows().querySelectorAll("[data-arrives]:not([data-turn])")].map((row) => row.id));
  let known = new Set();
  let unread = 0;
  let followed = true;
  let frameAhead = 0; // the frame that will scroll; asking for heights before it lays out the page at once

  const remember = () => {
    if (!rows() || frameAhead) return;
    followed = isAtBottom(rows());
    if (!followed) known = newest();
  };
  const settle = () => {
    if (!rows()) return;
    document.getElementById("talk-empty")?.remove();
    if (followed) {
      while (rows().childElementCount > MOST_TURNS) rows().firstElementChild.remove();
      frameAhead ||= requestAnimationFrame(() => {
        frameAhead = 0;
        toBottom();
      });
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
  });
  document.addEventListener(
    "scroll",
    (event) => {
      if (event.target === rows() && unread && isAtBottom(rows())) toBottom();
    },
    true,
  );
  if (rows()) toBottom();

  // ---- Toasts leave by themselves, unless somebody looks at them ----

  const TOAST_MS = 9000;
  const toasts = document.getElementById("toasts");
  const watch = new MutationObserver((changes) => {
    for (const toast of changes.flatMap((change) => [...change.addedNodes])) {
      if (toast.nodeType === Node.ELEMENT_NODE) leave(toast);
    }
  });
  const leave = (toast) => {
    setTimeout(() => {
      if (toast.matches(":hover, :focus-within")) leave(toast);
      else toast.remove();
    }, TOAST_MS);
  };
  if (toasts) watch.observe(toasts, { childList: true });
  toasts?.addEventListener("click", (event) => event.target.closest("[data-dismiss]")?.closest(".toast-row")?.remove());

  if (!live) return;

  // ---- The socket: where the page stands, and what is said while it is gone ----

  let seq = Number(live.dataset.seq);
  let socket = null;
  let lostAt = 0;
  let retryAt = 0;
  let heardAt = Date.now();
  let gone = false;

  htmx.createWebSocket = (address) => new WebSocket(`${address}&since=${seq}`);
  htmx.config.wsReconnectDelay = (tries) => {
    const longest = Math.min(QUIET_BASE_MS * 2 ** tries, QUIET_MOST_MS);
    const pause = longest / 2 + (Math.random() * longest) / 2;
    retryAt = Date.now() + pause;
    return pause;
  };

  const state = (name, words) => {
    light.dataset.state = name;
    light.title = words;
    const spoken = light.querySelector(".visually-hidden");
    if (spoken.textContent !== words) spoken.textContent = words;
  };
  const say = () => {
    if (!lostAt || gone) return;
    const seconds = Math.max(0, Math.ceil((retryAt - Date.now()) / 1000));
    const age = Math.round((Date.now() - lostAt) / 1000);
    if (age < 1) return; // a blink
    const retry = seconds ? `retrying in ${seconds} s` : "retrying";
    bar.textContent = `Not connected, ${retry}. What you see is ${age} s old; trading goes on without this page.`;
    bar.classList.remove("connection-back");
    bar.hidden = false;
  };
  const back = (count) => {
    const wasSeen = lostAt && !bar.hidden;
    lostAt = 0;
    state("live", "Connected: the page follows what happens");
    if (!wasSeen) return;
    bar.textContent = `Connected again, caught up ${count} event${count === 1 ? "" : "s"}.`;
    bar.classList.add("connection-back");
    setTimeout(() => {
      if (!lostAt) bar.hidden = true;
    }, 3500);
  };
  const lost = (code) => {
    if (code === SIGNED_OUT) return location.reload();
    lostAt ||= Date.now();
    if (code === NOT_FOUND) {
      gone = true;
      bar.textContent = "This is no longer yours to watch. What you see stays as it is.";
      bar.hidden = false;
    }
    state("lost", "Not connected");
  };

  document.addEventListener("htmx:wsOpen", (event) => {
    socket = event.detail.socketWrapper;
    heardAt = Date.now();
  });
  document.addEventListener("htmx:wsClose", (event) => lost(event.detail.event.code));
  document.addEventListener("htmx:wsBeforeMessage", remember);
  document.addEventListener("htmx:wsAfterMessage", () => {
    heardAt = Date.now();
    const { seq: until, count, reload } = document.getElementById("live-mark").dataset;
    if (reload !== undefined) return location.reload();
    seq = Math.max(seq, Number(until));
    live.dataset.seq = seq;
    if (lostAt || light.dataset.state !== "live") back(Number(count));
    settle();
    document.dispatchEvent(new CustomEvent("farm-live", { detail: { seq } }));
  });
  setInterval(() => {
    say();
    if (!lostAt && socket && Date.now() - heardAt > SILENT_MS) {
      lost(0);
      socket.reconnect();
    }
  }, 1000);
  window.addEventListener("online", () => {
    if (lostAt && !gone) socket?.reconnect();
  });
})();
