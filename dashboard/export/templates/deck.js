"use strict";
// The slides themselves: one is shown at a time, scaled to the screen. Nothing is drawn here: all is drawn already.
const deck = JSON.parse(document.getElementById("deck").textContent);
const byId = (id) => document.getElementById(id);
const live = { lang: document.documentElement.lang, at: 0, blank: false, tables: false };
const isFile = location.protocol === "file:";
const presenter = document.documentElement.hasAttribute("data-presenter") || location.hash === "#presenter";
const watchers = []; // called after every change with whether somebody here caused it
const slides = {};
for (const lang of deck.langs) slides[lang] = [...document.querySelectorAll("#stage .slide[lang=" + lang + "]")];

function word(key, values) {
  const words = deck.words[live.lang][key];
  return words.replace(/\{(\w+)\}/g, (whole, name) => (values && name in values ? values[name] : whole));
}

function element(name, kind, words) {
  const made = document.createElement(name);
  if (kind) made.className = kind;
  if (words) made.textContent = words;
  return made;
}

function button(words, act, kind) {
  const made = element("button", kind, words);
  made.type = "button";
  made.onclick = act;
  return made;
}

const current = () => slides[live.lang][live.at];
const noteOf = (slide) => { const note = slide && slide.querySelector(".note"); return note ? note.textContent : ""; };

// Every change of what is on the wall goes through here, whoever caused it: a key, a touch, the other window.
function change(next, mine = true) {
  const before = current();
  Object.assign(live, next);
  live.at = Math.max(0, Math.min(slides[live.lang].length - 1, live.at));
  const now = current();
  if (before !== now) before.classList.remove("on");
  now.classList.add("on");
  if (document.documentElement.lang !== live.lang) { document.documentElement.lang = live.lang; say(); }
  byId("blank").hidden = !live.blank || presenter;
  document.body.classList.toggle("tables", live.tables);
  byId("counter").textContent = now.dataset.number;
  if (!byId("notes").hidden) byId("notes").textContent = noteOf(now);
  for (const watcher of watchers) watcher(mine);
  setTimeout(() => {
    byId("said").textContent = now.dataset.number + ": " + now.querySelector("h1").textContent;
    if (!presenter) history.replaceState(null, "", "#" + (live.at + 1));
  }, 0);
}

const turn = (by) => change({ at: live.at + by, blank: false });

function tables() {
  change({ tables: !live.tables });
  const shown = current().querySelector(".figures");
  if (live.tables && shown) shown.focus({ preventScroll: true }); // the arrows up and down move it
}

function language() {
  const there = current().dataset, lang = deck.langs[(deck.langs.indexOf(live.lang) + 1) % deck.langs.length];
  const same = slides[lang].findIndex((s) => s.dataset.key === there.key && s.dataset.part === there.part);
  const first = slides[lang].findIndex((s) => s.dataset.key === there.key);
  change({ lang, at: Math.max(0, same < 0 ? first : same) });
}

function notes() {
  if (!deck.notes) return;
  byId("notes").hidden = !byId("notes").hidden;
  byId("notes").textContent = noteOf(current());
}

// A picture of a slide. Its own names: a name that stands twice would mean the first, hidden one.
let copies = 0;
function copy(slide) {
  const stage = element("div", "stage"), made = slide.cloneNode(true), own = "copy" + ++copies + "-";
  made.classList.add("on");
  made.querySelectorAll("[id]").forEach((e) => { e.id = own + e.id; });
  made.querySelectorAll("[clip-path], [fill^='url(']").forEach((e) => ["clip-path", "fill"].forEach((name) => {
    const value = e.getAttribute(name);
    if (value && value.startsWith("url(#")) e.setAttribute(name, value.replace("url(#", "url(#" + own));
  }));
  made.querySelectorAll(".note, .figures:not(.always)").forEach((e) => e.remove());
  stage.append(made);
  stage.inert = true;
  return stage;
}

function grid() {
  const there = byId("grid");
  if (!there.hidden) { there.hidden = true; there.replaceChildren(); return; }
  there.setAttribute("aria-label", word("grid"));
  slides[live.lang].forEach((slide, place) => {
    const thumb = button("", () => { grid(); change({ at: place, blank: false }); }, place === live.at ? "thumb on" : "thumb");
    const mini = element("span", "mini");
    mini.append(copy(slide));
    mini.setAttribute("aria-hidden", "true");
    thumb.append(mini, element("span", "name", slide.dataset.number + " · " + slide.querySelector(".over").textContent));
    if (place === live.at) thumb.setAttribute("aria-current", "true");
    there.append(thumb);
  });
  there.hidden = false;
  there.children[live.at].focus();
}

// A lobby screen: round and round, and everybody sees when it turns.
const auto = { every: 20, left: 0, clock: 0 };
function autoplay() {
  if (auto.clock) { clearInterval(auto.clock); auto.clock = 0; byId("counting").hidden = true; return; }
  auto.left = auto.every;
  auto.clock = setInterval(() => {
    auto.left -= 1;
    if (auto.left <= 0) change({ at: live.at + 1 < slides[live.lang].length ? live.at + 1 : 0 });
    count();
  }, 1000);
  count();
}
function count() {
  byId("counting").hidden = false;
  byId("counting").textContent = word("countdown", { n: auto.left });
}
watchers.push(() => { if (auto.clock) { auto.left = auto.every; count(); } });

async function full() {
  if (document.fullscreenElement) { await document.exitFullscreen(); return; }
  await document.documentElement.requestFullscreen().catch(() => {});
  if (navigator.wakeLock) navigator.wakeLock.request("screen").catch(() => {}); // a projector that goes to sleep
}

function fit() {
  const scale = Math.min(innerWidth / 1920, innerHeight / 1080);
  const x = (innerWidth - 1920 * scale) / 2, y = (innerHeight - 1080 * scale) / 2;
  byId("stage").style.transform = "translate(" + x + "px," + y + "px) scale(" + scale + ")";
}

function say() {
  document.querySelectorAll("#bar [data-word]").forEach((b) => { b.textContent = word(b.dataset.word); });
  for (const id of ["previous", "next"]) { byId(id).setAttribute("aria-label", word(id)); byId(id).title = word(id); }
  byId("keys").textContent = word("keys");
  byId("bar").setAttribute("aria-label", word("fullscreen"));
}
