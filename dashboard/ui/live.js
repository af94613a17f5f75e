// The push, in the browser. One EventSource serves all tabs: a browser opens six connections to one server, and a
// seventh tab would wait for ever. The tab that holds the lock listens and tells the others; a hidden tab gives
// the lock up. On (re)connecting the server sends the counters at once, so whatever was missed shows as a
// difference. Without locks (plain HTTP from another machine) each visible tab listens for itself.

function makeHub() {
  const listeners = new Map();
  const others = "locks" in navigator ? new BroadcastChannel("tandem-live") : null;
  let source = null, latest = null, retry = null, wait = 1000, release = null, queue = null;

  function heard(versions) {
    latest = versions;
    [...listeners.values()].forEach((listener, place) => listener(latest, place));
  }
  function ended() { quit(); location.reload(); }

  function join() {
    if (document.hidden || listeners.size === 0 || queue || release || source) return;
    if (!others) { open(); return; }
    others.postMessage({ ask: true });
    queue = new AbortController();
    navigator.locks
      .request("tandem-live", { signal: queue.signal }, () => {
        queue = null;
        open();
        return new Promise((done) => { release = done; });
      })
      .catch(() => { /* hidden before it was our turn */ });
  }
  function quit() {
    clearTimeout(retry);
    close();
    queue?.abort(); queue = null;
    release?.(); release = null;
  }

  function open() {
    close();
    source = new EventSource("/live");
    source.addEventListener("versions", (event) => {
      wait = 1000;
      heard(JSON.parse(event.data));
      others?.postMessage({ versions: latest });
    });
    source.addEventListener("ended", () => { others?.postMessage({ ended: true }); ended(); });
    source.onerror = () => {
      if (source?.readyState === EventSource.CLOSED) { close(); probe(); }
    };                            // otherwise the browser reconnects by itself
  }
  function close() { source?.close(); source = null; }

  // An EventSource does not say why it was refused: ask once whether the session is over or the server away.
  async function probe() {
    let status = 0;
    try { status = (await fetch("/session/state", { cache: "no-store" })).status; } catch { /* away */ }
    if (status === 401) { others?.postMessage({ ended: true }); ended(); return; }
    wait = Math.min(wait * 2, 30000);
    retry = setTimeout(open, wait);
  }

  if (others) others.onmessage = ({ data }) => {
    if (data.ended) ended();
    else if (data.versions) heard(data.versions);
    else if (release && latest) others.postMessage({ versions: latest });
  };
  document.addEventListener("visibilitychange", () => (document.hidden ? quit() : join()));
  window.addEventListener("online", () => { quit(); join(); });
  return {
    listen(key, listener) { listeners.set(key, listener); join(); if (latest) listener(latest, listeners.size); },
    leave(key, listener) {
      if (listeners.get(key) === listener) listeners.delete(key);
      if (listeners.size === 0) quit();
    },
  };
}

const timers = (globalThis.tandemTimers ??= new WeakMap());

export default function ({ data, setTriggerValue, parentElement }) {
  const hub = (globalThis.tandemLive ??= makeHub());
  const host = parentElement.host ?? parentElement;
  const box = host.closest?.('[data-testid="stElementContainer"]');
  if (box) box.style.cssText = "position:absolute;width:0;height:0;overflow:hidden";   // no gap in the layout

  // Streamlit sends what several components say at one moment as one message, which runs the fragment of only one
  // of them: so they speak one after another, and again when nothing came of it. Being drawn anew ends that. A
  // server that was restarted knows no fragments any more: then the page's own listener asks for a whole run.
  clearTimeout(timers.get(host));
  let asked = "", tries = 0;
  const ask = (delay) => {
    clearTimeout(timers.get(host));
    timers.set(host, setTimeout(() => {
      ask(Math.min(3000 * ++tries, 30000));      // first, for speaking fails while the connection is away
      if (tries <= 2) setTriggerValue("moved", `${asked} ${tries}`);
      else hub.whole?.();
    }, delay));
  };
  const listener = (versions, place) => {
    const now = data.scopes.map((scope) => versions[scope]);
    if (now.every((version, i) => version === data.versions[i]) || asked === String(now)) return;
    asked = String(now);
    tries = 0;
    ask(place * 150);
  };
  if (data.scopes.length === 0) hub.whole = () => setTriggerValue("lost", Date.now());
  hub.listen(host, listener);
  return () => { hub.leave(host, listener); };
}
