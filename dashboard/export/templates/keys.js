"use strict";
// What a key, a remote, a finger or a mouse does. The last script: when it runs, the page is as it was written.
deck.source = "<!doctype html>" + document.documentElement.outerHTML;

const acts = {
  ArrowRight: () => turn(1), " ": () => turn(1), PageDown: () => turn(1), Enter: () => turn(1),
  ArrowLeft: () => turn(-1), PageUp: () => turn(-1), Backspace: () => turn(-1),
  Home: () => change({ at: 0, blank: false }), End: () => change({ at: Infinity, blank: false }),
  b: () => change({ blank: !live.blank }), ".": () => change({ blank: !live.blank }),
  n: notes, g: grid, t: tables, l: language, f: full, p: openPresenter, q: question,
  a: () => { if (!presenter) autoplay(); },
  Escape: () => {
    if (!byId("grid").hidden) grid();
    else if (live.blank || live.tables || !byId("notes").hidden) { byId("notes").hidden = true; change({ blank: false, tables: false }); }
    else if (auto.clock) autoplay();
    else if (document.fullscreenElement) document.exitFullscreen();
  },
};

function inGrid(event) {
  const thumbs = [...byId("grid").children], at = thumbs.indexOf(document.activeElement);
  const across = thumbs.filter((thumb) => thumb.offsetTop === thumbs[0].offsetTop).length;
  const by = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: across, ArrowUp: -across }[event.key];
  if (by && thumbs[at + by]) { event.preventDefault(); thumbs[at + by].focus(); }
  return Boolean(by) || event.key === "Enter" || event.key === " ";
}

addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  if (!byId("grid").hidden && inGrid(event)) return;
  const act = acts[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  if (!act || ((event.key === " " || event.key === "Enter") && event.target.tagName === "BUTTON")) return;
  event.preventDefault();
  act();
});

// A finger: swiped, or tapped on the left third (back) or elsewhere (on). A phone held upright reads, it does not tap.
const reading = matchMedia("(max-width: 760px) and (orientation: portrait)");
watchers.push(() => {
  const figures = current().querySelector(".figures"); // a table that may be moved is reached by Tab, one out of sight is not
  if (figures) figures.tabIndex = reading.matches || live.tables || figures.classList.contains("always") ? 0 : -1;
});
let touched = null;
addEventListener("touchstart", (event) => { touched = event.touches.length === 1 ? event.changedTouches[0] : null; }, { passive: true });
addEventListener("touchend", (event) => {
  if (!touched || presenter || event.target.closest("#bar, #notes, #grid, dialog, .tables .figures")) return;
  const dx = event.changedTouches[0].clientX - touched.clientX, dy = event.changedTouches[0].clientY - touched.clientY;
  if (Math.abs(dx) > 50 && Math.abs(dx) > 1.5 * Math.abs(dy)) { turn(dx < 0 ? 1 : -1); if (reading.matches) scrollTo(0, 0); }
});
byId("room").addEventListener("click", (event) => {
  if (reading.matches || presenter || String(getSelection()) || event.target.closest(".tables .figures")) return;
  turn(event.clientX < innerWidth / 3 ? -1 : 1);
});
byId("blank").addEventListener("click", () => change({ blank: false }));

let quiet = 0;
function awake() {
  document.body.classList.remove("still");
  clearTimeout(quiet);
  quiet = setTimeout(() => { if (!document.querySelector("#bar :focus-visible")) document.body.classList.add("still"); }, 3000);
}

for (const b of document.querySelectorAll("#bar [data-act]")) {
  b.onclick = () => acts[b.dataset.act]();
  if ((b.dataset.act === "q" && !deck.ask) || (b.dataset.act === "p" && !deck.notes) || (b.dataset.act === "l" && deck.langs.length < 2)) b.remove();
}
byId("previous").onclick = () => turn(-1);
byId("next").onclick = () => turn(1);
byId("waiting").onclick = kept;
document.body.classList.add("live");
say();
const asked = new URLSearchParams(location.search);
const wanted = { at: (Number(location.hash.slice(1)) || 1) - 1 };
if (deck.langs.includes(asked.get("lang"))) wanted.lang = asked.get("lang");
if (presenter) presenting();
change(wanted, false);
if (!presenter) {
  tell("state");
  fit();
  addEventListener("resize", fit);
  for (const name of ["mousemove", "touchstart", "focusin"]) addEventListener(name, awake, { passive: true });
  awake();
  if (asked.has("autoplay")) { auto.every = Math.min(600, Math.max(5, Number(asked.get("autoplay")) || auto.every)); autoplay(); }
}
if (deck.ask) badge();
document.body.dataset.ready = "yes";
