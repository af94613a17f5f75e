// One EventSource per tab, shared by every mounted instance. It closes while the tab is hidden, so tabs
// that nobody looks at do not use up the six connections a browser opens to one server; on coming back the
// server sends the counters at once, and whatever was missed shows as a difference.
const URL_ = "/live";

function makeHub() {
  const listeners = new Map();
  let source = null, latest = null, retry = null, wait = 1000;

  const tell = () => { if (latest) for (const listener of [...listeners.values()]) listener(latest); };

  function open() {
    clearTimeout(retry);
    if (source || document.hidden || listeners.size === 0) return;
    source = new EventSource(URL_);
    source.addEventListener("versions", (event) => { wait = 1000; latest = JSON.parse(event.data); tell(); });
    source.addEventListener("ended", () => location.reload());
    source.onerror = () => {
      if (source && source.readyState === EventSource.CLOSED) { close(); probe(); }
    };                            // otherwise the browser reconnects by itself
  }
  function close() { if (source) { source.close(); source = null; } }

  // An EventSource does not say why it was refused: ask once whether the session is over or the server away.
  async function probe() {
    let status = 0;
    try { status = (await fetch("/session/state", { cache: "no-store" })).status; } catch { /* away */ }
    if (status === 401) { location.reload(); return; }
    wait = Math.min(wait * 2, 30000);
    retry = setTimeout(open, wait);
  }

  document.addEventListener("visibilitychange", () => (document.hidden ? close() : open()));
  window.addEventListener("online", () => { close(); open(); });
  return {
    listen(key, listener) { listeners.set(key, listener); open(); if (latest) listener(latest); },
    leave(key, listener) {
      if (listeners.get(key) === listener) listeners.delete(key);
      if (listeners.size === 0) close();
    },
  };
}

export default function ({ data, setTriggerValue, parentElement }) {
  const hub = (globalThis.tandemLive ??= makeHub());
  const host = parentElement.host ?? parentElement;
  const box = host.closest?.('[data-testid="stElementContainer"]');
  if (box) box.style.cssText = "position:absolute;width:0;height:0;overflow:hidden";   // no gap in the layout

  let asked = "";                 // each state is asked for once, however long the fragment takes to draw it
  const listener = (versions) => {
    const now = data.scopes.map((scope) => versions[scope]);
    if (now.every((version, i) => version === data.versions[i]) || asked === String(now)) return;
    asked = String(now);
    setTriggerValue("moved", asked);
  };
  hub.listen(host, listener);
  return () => hub.leave(host, listener);
}
