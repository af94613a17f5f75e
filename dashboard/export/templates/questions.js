"use strict";
// What a member asks: kept on this machine until the server has it. Each has a key of its own, so sent twice it is stored once.
const waiting = { place: "tandem-questions-" + deck.number, memory: [], sending: false, why: "" };
const canSend = () => Boolean(deck.post) && !isFile;

function queue() {
  try { return JSON.parse(localStorage.getItem(waiting.place) || "[]"); } catch { return waiting.memory; }
}

function keep(items) {
  waiting.memory = items;
  try {
    if (items.length) localStorage.setItem(waiting.place, JSON.stringify(items));
    else localStorage.removeItem(waiting.place);
  } catch { waiting.why = "unkept"; }
  badge();
}

function badge() {
  const n = queue().length;
  document.querySelectorAll("#waiting").forEach((there) => {
    there.hidden = n === 0;
    there.textContent = n === 1 ? word("waiting_one") : word("waiting", { n });
  });
}

async function send() {
  const items = queue().filter((item) => !item.refused);
  if (!canSend() || waiting.sending || !items.length) return;
  waiting.sending = true;
  try {
    const answer = await fetch(new URL(deck.post, location.origin), {
      method: "POST", credentials: "same-origin", headers: { "content-type": "application/json" },
      body: JSON.stringify({ questions: items }),
    });
    waiting.why = answer.status === 401 ? "signed_out" : "";
    if (answer.ok) {
      const became = await answer.json(), done = new Set([...became.stored, ...became.again]);
      keep(queue().filter((item) => !done.has(item.send_key)).map((item) => (
        became.refused[item.send_key] ? { ...item, refused: became.refused[item.send_key] } : item)));
      if (done.size) byId("said").textContent = word("sent");
    }
  } catch { /* the server is gone: they wait */ } finally { waiting.sending = false; }
}

function field(key, kind, most) {
  const label = element("label", "", word(key)), input = document.createElement(kind === "textarea" ? kind : "input");
  if (kind !== "textarea") input.type = kind;
  input.name = key;
  if (most) input.maxLength = most;
  label.append(input);
  return label;
}

function sendKey() {
  if (crypto.randomUUID) return crypto.randomUUID(); // not there without HTTPS
  return [...crypto.getRandomValues(new Uint8Array(16))].map((n) => n.toString(16).padStart(2, "0")).join("");
}

function question() {
  if (!deck.ask) return;
  const dialog = byId("ask"), form = element("form"), pair = element("div", "pair"), acts = element("div", "acts");
  const due = field("due_on", "date"), asked = field("asked", "textarea", 1000), slide = current().dataset.key;
  asked.querySelector("textarea").required = true;
  due.querySelector("input").min = new Date().toLocaleDateString("sv"); // 2026-11-14
  pair.append(field("asked_by", "text", 80), field("owner", "text", 80), due);
  const keepIt = element("button", "first", word("keep"));
  keepIt.type = "submit";
  acts.append(button(word("cancel"), () => dialog.close()), keepIt);
  form.method = "dialog";
  form.append(element("h2", "", word("question")), asked, pair, acts);
  form.onsubmit = () => {
    const said = Object.fromEntries(new FormData(form));
    keep([...queue(), { send_key: sendKey(), slide, ...said, asked_at: new Date().toISOString() }]);
    send();
  };
  dialog.setAttribute("aria-label", word("question"));
  dialog.replaceChildren(form);
  dialog.showModal();
}

function asFile() {
  const all = queue().map(({ refused, ...item }) => item);
  const written = JSON.stringify({ tandem: "questions", form: 1, edition: deck.number, questions: all }, null, 1);
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([written], { type: "application/json" }));
  link.download = "questions-" + deck.number + ".json";
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

function kept() {
  const dialog = byId("kept"), list = element("ul"), acts = element("div", "acts"), items = queue();
  const title = items.length === 1 ? word("waiting_one") : word("waiting", { n: items.length });
  for (const item of items) {
    const line = element("li"), told = element("span", "", item.asked);
    if (item.refused) told.append(element("p", "refused", word("refused", { said: item.refused })));
    const drop = button(word("drop"), () => {
      keep(queue().filter((other) => other.send_key !== item.send_key));
      if (queue().length) kept(); else dialog.close();
    });
    drop.setAttribute("aria-label", word("drop") + ": " + item.asked);
    line.append(told, drop);
    list.append(line);
  }
  acts.append(button(word("cancel"), () => dialog.close()), button(word("save"), asFile, "first"));
  dialog.replaceChildren(element("h2", "", title), element("p", "", word(waiting.why || (canSend() ? "waiting_why" : "waiting_file"))), list, acts);
  dialog.setAttribute("aria-label", title);
  if (!dialog.open) dialog.showModal();
}

if (deck.ask) {
  addEventListener("storage", (event) => { if (event.key === waiting.place) badge(); });
  addEventListener("online", send);
  watchers.push((mine) => { if (mine) badge(); });
  setInterval(send, 4000);
  setTimeout(send, 0);
}
