// Keeps an open page current. The relay says over server-sent events that a branch changed; this fetches the page's main
// part again and brings the document into the same shape, node by node, so that focus, selection, scrolling, open
// details and half-typed input stay. Without this script the pages work the same, by reloading them.
"use strict";

(() => {
  const main = document.getElementById("main");
  const state = document.getElementById("live-state");
  const announcer = document.getElementById("announce");
  const source = main?.dataset.live;
  if (!source || !state || !announcer || !("EventSource" in window)) return;

  const SETTLE_MS = 250; // several changes in a row are fetched once
  const RETRY_MS_MAX = 30_000;

  let wanted = false;
  let running = false;
  let timer = 0;
  let retryMs = 1_000;

  const say = (name) => {
    state.dataset.state = name;
    const text = state.dataset[name];
    if (state.textContent !== text) state.textContent = text;
  };

  // Elements are told apart by id or data-key; what has neither is told apart by its place and name.
  const keyOf = (node) => (node.nodeType === Node.ELEMENT_NODE ? node.id || node.dataset.key || "" : "");
  const alike = (a, b) => a.nodeType === b.nodeType && a.nodeName === b.nodeName && keyOf(a) === keyOf(b);

  const flash = (element) => {
    if (!element || !main.contains(element) || element === main) return;
    element.classList.remove("changed");
    void element.offsetWidth;
    element.classList.add("changed");
  };

  const syncAttributes = (from, to) => {
    for (const { name } of [...from.attributes]) {
      const kept = name === "class" || (name === "open" && from.nodeName === "DETAILS");
      if (!to.hasAttribute(name) && !kept) from.removeAttribute(name);
    }
    for (const { name, value } of [...to.attributes]) {
      if (from.getAttribute(name) !== value) from.setAttribute(name, value);
    }
  };

  const typing = (node) => node.nodeName === "INPUT" || node.nodeName === "SELECT" || node.nodeName === "OPTION";

  const morph = (from, to, changed) => {
    if (from.nodeType === Node.TEXT_NODE) {
      if (from.data !== to.data) {
        from.data = to.data;
        changed.add(from.parentElement);
      }
      return;
    }
    if (from.nodeType !== Node.ELEMENT_NODE || typing(from)) return;
    syncAttributes(from, to);
    let at = from.firstChild;
    for (const next of [...to.childNodes]) {
      let found = at;
      while (found && !alike(found, next)) found = found.nextSibling;
      // Skipping ahead is for keyed elements only: anything else would throw away good neighbours.
      if (found && found !== at && !keyOf(next)) found = null;
      if (!found) {
        const added = document.importNode(next, true);
        from.insertBefore(added, at);
        changed.add(added.nodeType === Node.ELEMENT_NODE ? added : from);
        continue;
      }
      if (found !== at && !keyed(at, to)) {
        while (at && at !== found) {
          const gone = at;
          at = at.nextSibling;
          gone.remove();
        }
      } else if (found !== at) {
        from.insertBefore(found, at);
      }
      morph(found, next, changed);
      if (found === at) at = at.nextSibling;
    }
    while (at) {
      const gone = at;
      at = at.nextSibling;
      gone.remove();
    }
  };

  const keyed = (node, parent) => {
    const key = node && keyOf(node);
    return Boolean(key) && [...parent.children].some((child) => keyOf(child) === key);
  };

  const refresh = async () => {
    if (running) {
      wanted = true;
      return;
    }
    running = true;
    wanted = false;
    try {
      const answer = await fetch(location.href, {
        headers: { "Fieldbook-Part": "main" },
        credentials: "same-origin",
        redirect: "manual",
        cache: "no-store",
      });
      if (answer.type === "opaqueredirect" || answer.status === 401) {
        location.reload(); // signed out, or the session ended: the relay shows the sign-in page
        return;
      }
      if (!answer.ok) throw new Error(String(answer.status));
      const parsed = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = parsed.getElementById("main");
      if (!fresh) throw new Error("no main part");
      const changed = new Set();
      morph(main, fresh, changed);
      retryMs = 1_000;
      say("on");
      if (changed.size > 0) {
        const rows = new Set([...changed].map((element) => element?.closest("tr, li, dd, section") ?? element));
        rows.forEach(flash);
        announcer.textContent = "";
        announcer.textContent = announcer.dataset.updated;
      }
      main.dataset.refreshes = String(Number(main.dataset.refreshes ?? "0") + 1);
    } catch {
      say("off");
      retryMs = Math.min(retryMs * 2, RETRY_MS_MAX);
      schedule(retryMs);
    } finally {
      running = false;
      if (wanted) schedule(SETTLE_MS);
    }
  };

  const schedule = (delay) => {
    clearTimeout(timer);
    timer = setTimeout(refresh, delay);
  };

  let events = null;
  let opened = false;

  const connect = () => {
    events = new EventSource(source);
    events.addEventListener("open", () => {
      say("on");
      // What happened while the connection was away was not told: look once.
      if (opened) schedule(0);
      opened = true;
    });
    events.addEventListener("change", () => schedule(SETTLE_MS));
    events.addEventListener("error", () => {
      say("off");
      // The browser tries again by itself unless the relay refused: then the page itself tells why.
      if (events.readyState === EventSource.CLOSED) setTimeout(async () => { await refresh(); connect(); }, RETRY_MS_MAX / 6);
    });
  };

  // A page in the background lets go of its connection and catches up when looked at again.
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) {
      events?.close();
      events = null;
    } else if (!events) {
      connect();
    }
  });

  if (!document.hidden) connect();
  else opened = true;
})();
