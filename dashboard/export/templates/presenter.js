"use strict";
// The speaker's window, and how it keeps in step with the one on the wall, in both directions.
const me = Math.random().toString(36).slice(2), role = presenter ? "presenter" : "wall", heard = new Map();
const others = new Set(window.opener ? [window.opener] : []);
const target = isFile ? "*" : location.origin;
const waitingBadge = byId("waiting"); // it moves into the desk, and into the next one when the language changes
let channel = null, sent = 0, answered = 0;
try { if (!isFile && window.BroadcastChannel) channel = new BroadcastChannel("tandem deck " + deck.number); } catch { channel = null; }

function tell(kind) {
  const message = { deck: deck.number, from: me, role, n: ++sent, kind, live: { ...live } };
  if (channel) channel.postMessage(message);
  for (const other of others) try { other.postMessage(message, target); } catch { others.delete(other); }
}

function hear(event) {
  const message = event.data;
  if (!message || message.deck !== deck.number || !message.role || message.role === role) return;
  if (!isFile && event.origin !== location.origin) return;
  if (event.source && event.source.postMessage && event.source !== window) others.add(event.source);
  if ((heard.get(message.from) || 0) >= message.n) return; // it came by both ways
  heard.set(message.from, message.n);
  answered = performance.now();
  if (message.kind === "hello") tell("state");
  if (message.kind === "state") change(message.live, false);
  if (presenter) alone();
}
addEventListener("message", hear);
if (channel) channel.onmessage = hear;
watchers.push((mine) => { if (mine) tell("state"); });

// Written into a window of our own: it opens also when the server is gone, and from a file.
function openPresenter() {
  if (!deck.notes || presenter) return;
  const other = window.open("", "tandem-presenter", "popup,width=1280,height=800");
  if (!other) { byId("counting").hidden = false; byId("counting").textContent = word("popup"); return; }
  others.add(other);
  other.document.open();
  other.document.write(deck.source.replace("<html ", '<html data-presenter="" '));
  other.document.close();
  other.focus();
}

const timer = { since: 0, before: 0 };
const elapsed = () => timer.before + (timer.since ? performance.now() - timer.since : 0);
function clockwork() {
  const seconds = Math.floor(elapsed() / 1000), two = (n) => String(n).padStart(2, "0");
  const hours = Math.floor(seconds / 3600), rest = two(Math.floor(seconds / 60) % 60) + ":" + two(seconds % 60);
  byId("elapsed").textContent = hours ? hours + ":" + rest : rest;
  const now = new Date();
  byId("clock").textContent = two(now.getHours()) + ":" + two(now.getMinutes());
}
function start() {
  if (timer.since) Object.assign(timer, { before: elapsed(), since: 0 });
  else timer.since = performance.now();
  byId("start").textContent = word(timer.since ? "pause" : "start");
}
function reset() {
  Object.assign(timer, { since: timer.since ? performance.now() : 0, before: 0 });
  clockwork();
}

function alone() { byId("alone").textContent = performance.now() - answered < 6000 ? "" : word("alone"); }

function times() {
  const box = element("div", "times"), row = element("div", "row"), go = button(word("start"), start);
  for (const [id, key] of [["elapsed", "elapsed"], ["clock", "clock"]]) {
    const part = element("div"), value = element("b");
    value.id = id;
    part.append(element("span", "", word(key)), document.createElement("br"), value);
    box.append(part);
  }
  go.id = "start";
  row.append(go, button(word("reset"), reset));
  return [box, row];
}

function desk() {
  document.querySelector("#desk")?.remove();
  const there = element("main"), side = element("div", "side"), acts = element("div", "acts");
  const views = ["now", "after"].map((id) => Object.assign(element("div", "view"), { id: "view-" + id }));
  const told = Object.assign(element("div", "notes"), { id: "told", tabIndex: 0 });
  const lonely = Object.assign(element("p", "alone"), { id: "alone" });
  there.id = "desk";
  there.append(Object.assign(element("h2", "", word("now")), { id: "where" }), element("h2", "", word("after")));
  side.append(views[1], ...times(), lonely);
  acts.append(button("← " + word("previous"), () => turn(-1)), button(word("next") + " →", () => turn(1)));
  for (const [key, act] of [["blank", () => change({ blank: !live.blank })], ["table", tables], ["language", language], ["grid", grid]]) {
    acts.append(Object.assign(button(word(key), act), { id: "do-" + key }));
  }
  if (deck.ask) acts.append(button(word("question"), question), waitingBadge);
  const left = element("div");
  left.append(views[0]);
  there.append(left, side, told, acts);
  document.body.append(there);
  there.lang = live.lang;
}

function draw() {
  if (byId("desk").lang !== live.lang) { desk(); clockwork(); byId("start").textContent = word(timer.since ? "pause" : "start"); }
  const next = slides[live.lang][live.at + 1];
  byId("where").textContent = word("now") + " · " + current().dataset.number;
  byId("view-now").replaceChildren(copy(current()));
  byId("view-after").replaceChildren(next ? copy(next) : element("p", "alone", word("last")));
  byId("view-now").classList.toggle("dark", live.blank);
  for (const key of ["blank", "tables"]) byId("do-" + key.replace("tables", "table")).classList.toggle("on", live[key]);
  byId("told").textContent = noteOf(current());
  byId("told").scrollTop = 0;
  scale();
  badge();
}

function scale() {
  document.querySelectorAll("#desk .view").forEach((view) => {
    const stage = view.querySelector(".stage");
    if (stage) stage.style.transform = "scale(" + view.clientWidth / 1920 + ")";
  });
}

function presenting() {
  document.body.classList.add("presenter");
  document.title = word("presenter") + " · " + document.title;
  desk();
  watchers.push(draw);
  addEventListener("resize", scale);
  setInterval(clockwork, 250);
  setInterval(() => { tell("hello"); alone(); }, 2000);
  clockwork();
  history.replaceState(null, "", "#presenter");
  tell("hello");
}
