"use strict";
const deck = JSON.parse(document.getElementById("deck").textContent);
const stage = document.getElementById("stage"), notes = document.getElementById("notes");
const blank = document.getElementById("blank"), counter = document.getElementById("counter");
const tongues = Object.keys(deck.slides);
let lang = deck.lang, at = 0, quiet = 0;

function element(name, kind, words) {
  const made = document.createElement(name);
  if (kind) made.className = kind;
  if (words) made.textContent = words;
  return made;
}

function sheet(slide, number, of, tongue) {
  const made = element("section", slide.figure ? "slide" : "slide title");
  made.lang = tongue;
  made.dataset.key = slide.key;
  made.append(element("p", "over", slide.title));
  made.append(element("h1", slide.sentence.length > 95 ? "long" : "", slide.sentence));
  if (slide.more) made.append(element("p", "more", slide.more));
  if (slide.figure) {
    const chart = element("div", "chart");
    chart.setAttribute("role", "img");
    chart.setAttribute("aria-label", slide.title + " " + slide.sentence);
    made.append(chart);
  }
  const foot = element("footer", slide.source.length > 105 ? "foot long" : "foot");
  foot.append(element("span", "source", slide.source), element("span", "number", number + " / " + of));
  made.append(foot);
  return made;
}

// Every chart is drawn ahead, at the stage's own size: turning a page only shows what is there already.
function draw(section, slide) {
  const chart = section.querySelector(".chart");
  if (!chart || chart.dataset.drawn) return;
  chart.dataset.drawn = "yes";
  const layout = Object.assign({}, slide.figure.layout, { width: chart.clientWidth, height: chart.clientHeight, autosize: false });
  Plotly.newPlot(chart, slide.figure.data, layout, { staticPlot: true, responsive: false });
}

const sections = {};
for (const tongue of tongues) {
  const slides = deck.slides[tongue];
  sections[tongue] = slides.map((slide, k) => sheet(slide, k + 1, slides.length, tongue));
  stage.append(...sections[tongue]);
}

function show(place) {
  const slides = deck.slides[lang];
  at = Math.max(0, Math.min(slides.length - 1, place));
  for (const tongue of tongues) sections[tongue].forEach((s, k) => {
    const on = tongue === lang && k === at;
    s.classList.toggle("on", on);
    s.setAttribute("aria-hidden", String(!on));
  });
  draw(sections[lang][at], slides[at]);
  counter.textContent = (at + 1) + " / " + slides.length;
  notes.textContent = slides[at].note;
  document.documentElement.lang = lang;
  const words = deck.words[lang];
  for (const [id, word] of [["previous", "previous"], ["next", "next"]]) {
    const button = document.getElementById(id);
    button.setAttribute("aria-label", words[word]);
    button.title = words[word];
  }
  document.getElementById("tongue").textContent = words.language;
  document.getElementById("fullscreen").textContent = words.fullscreen;
  document.getElementById("keys").textContent = words.keys;
  history.replaceState(null, "", "#" + (at + 1));
}

function ahead() {
  const waiting = [lang, ...tongues.filter((t) => t !== lang)]
    .flatMap((t) => sections[t].map((s, k) => [s, deck.slides[t][k]]))
    .find(([s]) => s.querySelector(".chart") && !s.querySelector(".chart").dataset.drawn);
  if (!waiting) { document.body.dataset.ready = "yes"; return; }
  draw(...waiting);
  setTimeout(ahead, 0);
}

function fit() {
  const scale = Math.min(innerWidth / 1920, innerHeight / 1080);
  stage.style.transform = "scale(" + scale + ") translate(-50%, -50%)";
}

function full() {
  if (document.fullscreenElement) document.exitFullscreen();
  else document.documentElement.requestFullscreen();
}

function change() {
  lang = tongues[(tongues.indexOf(lang) + 1) % tongues.length];
  show(at);
}

const acts = {
  ArrowRight: () => show(at + 1), " ": () => show(at + 1), PageDown: () => show(at + 1), Enter: () => show(at + 1),
  ArrowLeft: () => show(at - 1), PageUp: () => show(at - 1), Backspace: () => show(at - 1),
  Home: () => show(0), End: () => show(Infinity),
  b: () => { blank.hidden = !blank.hidden; }, ".": () => { blank.hidden = !blank.hidden; },
  n: () => { notes.hidden = !notes.hidden; }, f: full, l: change,
  Escape: () => { blank.hidden = true; notes.hidden = true; if (document.fullscreenElement) document.exitFullscreen(); },
};

addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const act = acts[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  if (!act || ((event.key === " " || event.key === "Enter") && event.target.tagName === "BUTTON")) return;
  event.preventDefault();
  if (!blank.hidden && !["b", "B", ".", "Escape"].includes(event.key)) blank.hidden = true;
  act();
});

let touched = null;
addEventListener("touchstart", (event) => { touched = event.changedTouches[0]; }, { passive: true });
addEventListener("touchend", (event) => {
  if (!touched || event.target.closest("#bar, #notes")) return;
  const dx = event.changedTouches[0].clientX - touched.clientX;
  if (Math.abs(dx) > 40) show(at + (dx < 0 ? 1 : -1));
});

function awake() {
  document.body.classList.remove("still");
  clearTimeout(quiet);
  quiet = setTimeout(() => { if (!document.querySelector("#bar :focus-visible")) document.body.classList.add("still"); }, 2500);
}
for (const name of ["mousemove", "touchstart", "focusin"]) addEventListener(name, awake, { passive: true });
document.getElementById("previous").onclick = () => show(at - 1);
document.getElementById("next").onclick = () => show(at + 1);
document.getElementById("fullscreen").onclick = full;
document.getElementById("tongue").onclick = change;
addEventListener("resize", fit);
fit();
awake();
show((Number(location.hash.slice(1)) || deck.start) - 1);
setTimeout(ahead, 0);
