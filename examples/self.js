"use strict";
/* The page of self.html: everything that it knows of somebody lies in this tab's memory, and is gone when they leave. */
const query = new URLSearchParams(location.search);
const base = query.get("base") || "", portal = query.get("portal") || "";
const at = id => document.getElementById(id);
let language = query.get("language") || (navigator.language.startsWith("zh") ? "zh-CN" : "en");
let token = null, challenge = null;

const say = word => (WORDS[word] || [word, word])[language === "en" ? 1 : 0];
const label = labels => labels[language === "en" ? "en" : "zh"] || labels.zh || labels.en;
const day = time => time ? new Date(time).toLocaleString(language) : "";
const words = value => typeof value === "string" ? value : JSON.stringify(value);

function tell(text) { at("told").textContent = text; }

function translate() {
  document.documentElement.lang = language;
  document.title = say("title");
  for (const element of document.querySelectorAll("[data-say]")) element.textContent = say(element.dataset.say);
}

function add(parent, tag, text, members = {}) {
  const element = Object.assign(document.createElement(tag), members);
  if (text !== undefined && text !== null) element.textContent = text;
  parent.append(element);
  return element;
}

function row(table, ...cells) {
  const line = add(at(table), "tr");
  for (const cell of cells) {
    const place = add(line, "td");
    if (cell instanceof Node) place.append(cell); else place.textContent = cell;
  }
  return line;
}

function button(word, act) {
  return Object.assign(document.createElement("button"), {type: "button", textContent: say(word), onclick: () => run(act)});
}

/* One call. A session that is over shuts the door, whatever was asked. */
async function call(method, path, body) {
  const headers = {"accept-language": language};
  if (token) headers.authorization = `Bearer ${token}`;
  if (method !== "GET") headers["content-type"] = "application/json";
  if (method === "POST" && token) headers["idempotency-key"] = crypto.randomUUID();
  const answer = await fetch(`${base}/v1/self${path}`, {method, headers, body: method === "GET" ? undefined : JSON.stringify(body || {})});
  if (answer.ok) return answer;
  const problem = await answer.json();
  if (token && (answer.status === 401 || problem.code === "erased")) shut();
  throw new Error(`${problem.title} ${problem.detail || ""}`);
}

async function run(act) {
  tell(say("working"));
  try { await act(); } catch (error) { tell(error.message); }
}

const everything = async path => {
  const found = [];
  for (let cursor = null; ;) {
    const page = await (await call("GET", `${path}?limit=200${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ""}`)).json();
    found.push(...page.data);
    if (!page.next_cursor || found.length >= 1000) return found;
    cursor = page.next_cursor;
  }
};

/* Nothing of a person stays on the page when their session is over. */
function shut() {
  token = challenge = null;
  for (const id of ["fields", "purposes", "records", "choices", "consents", "log", "requests", "wrong", "source", "signal"]) at(id).replaceChildren();
  for (const id of ["ask", "show", "correct", "other", "erase"]) at(id).reset();
  at("inside").hidden = at("show").hidden = at("leave").hidden = at("again").hidden = true;
  at("door").hidden = false;
  at("contact").focus();
}

function showData(data) {
  at("source").textContent = `${data.source ? `${say("source")}: ${data.source}. ` : ""}${say("since")} ${day(data.created_at)}. ${data.restricted ? say("restricted") : ""}`;
  const names = Object.fromEntries(data.purposes.map(purpose => [purpose.code, label(purpose.labels)]));
  const used = field => field.purposes.map(code => names[code]).join(", ");
  for (const [key, field] of Object.entries(data.fields)) {
    row("fields", label(field.labels), words(field.value), used(field));
    add(at("wrong"), "option", label(field.labels), {value: key});
  }
  for (const purpose of data.purposes) {
    const kept = purpose.retention_days ? `${purpose.retention_days} ${say("days")}` : say("other_measure");
    row("purposes", `${label(purpose.labels)}: ${purpose.description}`, purpose.legal_basis,
      purpose.recipients.map(one => `${one.name} (${one.country})`).join(", ") || say("nobody"), kept);
  }
  for (const record of data.records) {
    const item = add(at("records"), "li", `${label(record.labels)}, ${day(record.at)}`), list = add(item, "ul");
    for (const field of Object.values(record.fields)) add(list, "li", `${label(field.labels)}: ${words(field.value)} (${used(field)})`);
  }
  if (data.more_records) add(at("records"), "li", say("more"));
}

function showChoices(preferences) {
  if (preferences.opted_out_at) at("signal").textContent = say("signal") + day(preferences.opted_out_at);
  for (const use of preferences.purposes) {
    const channels = use.channels.map(one => `${one.channel}: ${say(one.allowed ? "on" : "off")}`).join("; ");
    const acts = document.createElement("div");
    const given = new Set([use, ...use.channels].filter(one => one.reason === "consent_in_force").map(one => one.consent_id));
    if (use.choice === "withdraw") for (const id of given) acts.append(button("withdraw", () => act(`/consents/${id}/withdraw`, {}, "withdrawn")));
    if (use.choice === "object") acts.append(button("object", () => file({right: "objection", purposes: [use.code]})));
    if (use.choice === "agree") {
      add(acts, "a", say("notice"), {href: `${base}/v1/public/notices/${use.notice_version}`, target: "_blank", rel: "noreferrer"});
      acts.append(" ", button("agree", () => act("/consents", {purpose: use.code, notice_version: use.notice_version}, "agreed")));
    }
    const line = row("choices", `${label(use.labels)}: ${use.description}`, `${say(use.allowed ? "on" : "off")} (${use.reason})`, channels, acts);
    line.dataset.purpose = use.code;
    line.dataset.allowed = use.allowed;
  }
}

/* The hash of an entry as a leaf of the log (RFC 9162, 2.1.1), reckoned here from the text itself. */
async function fits(entry) {
  const text = new TextEncoder().encode(entry.entry), leaf = new Uint8Array(text.length + 1);
  leaf.set(text, 1);
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", leaf));
  return base64(digest) === entry.leaf_hash;
}

const bytes = text => Uint8Array.from(atob(text), letter => letter.charCodeAt(0));
const base64 = hash => btoa(String.fromCharCode(...hash));

async function above(left, right) {
  const both = new Uint8Array(65);
  both[0] = 1;
  both.set(left, 1);
  both.set(right, 33);
  return new Uint8Array(await crypto.subtle.digest("SHA-256", both));
}

/* Whether the way from a line leads to the root that the log's key has signed (RFC 9162, 2.1.3.2), reckoned here. */
async function isProven(proof, leaf) {
  let at = proof.place, last = proof.tree_size - 1, hash = bytes(leaf);
  const up = () => { at = Math.floor(at / 2); last = Math.floor(last / 2); };
  for (const beside of proof.hashes) {
    if (last === 0) return false;
    if (at % 2 === 1 || at === last) {
      hash = await above(bytes(beside), hash);
      while (at % 2 === 0 && at !== 0) up();
    } else hash = await above(hash, bytes(beside));
    up();
  }
  return last === 0 && base64(hash) === proof.root && proof.checkpoint.includes(proof.root);
}

async function prove(entry, place) {
  const proof = await (await call("GET", `/access-log/${entry.id}/proof`)).json();
  const word = await isProven(proof, entry.leaf_hash) ? "proven" : "unproven";
  place.textContent = say(word);
  tell(say(word));
}

async function showLog(entries) {
  for (const entry of entries) {
    const fields = Object.values(entry.fields || {}).flat().join(", ");
    const checked = entry.entry ? say(await fits(entry) ? "checked" : "unequal") : "";
    const proof = document.createElement("span");
    add(proof, "span", `${say("place")} ${entry.place ?? "–"} ${checked} `);
    add(proof, "code", entry.leaf_hash);
    const place = add(proof, "span");
    place.append(button("prove", () => prove(entry, place)));
    row("log", day(entry.time), `${say(entry.actor.kind)} ${entry.actor.kind === "staff" ? entry.actor.id : ""}`, `${entry.action} (${entry.verdict})`, fields, proof);
  }
}

function showRequests(requests) {
  for (const request of requests) {
    const remedy = request.remedy ? label(request.remedy) : "";
    const acts = request.state === "in_progress" ? button("cancel", () => act(`/privacy-requests/${request.id}/cancel`, {}, "cancelled")) : "";
    const line = row("requests", say(request.right), say(request.state), request.due_on, [request.answer, request.article, remedy].filter(Boolean).join(" "), acts);
    line.dataset.request = request.id;
    line.dataset.state = request.state;
  }
}

async function look(word) {
  const [data, preferences, consents, log, requests] = await Promise.all([
    call("GET", "/data").then(answer => answer.json()), call("GET", "/preferences").then(answer => answer.json()),
    everything("/consents"), everything("/access-log"), everything("/privacy-requests")]);
  for (const id of ["fields", "purposes", "records", "choices", "consents", "log", "requests", "wrong"]) at(id).replaceChildren();
  showData(data);
  showChoices(preferences);
  for (const consent of consents) row("consents", consent.purpose, say(consent.state), day(consent.at));
  await showLog(log);
  showRequests(requests);
  tell(say(word));
}

async function act(path, body, word) {
  await call("POST", path, body);
  await look(word);
}

const file = request => act("/privacy-requests", {jurisdiction: at("law").value, ...request}, "filed");

async function download() {
  const answer = await call("GET", "/package");
  const link = Object.assign(document.createElement("a"), {href: URL.createObjectURL(await answer.blob()), download: "my-data.zip"});
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  await look("downloaded");
}

const forms = {
  async ask() {
    const body = {portal, contact: {field: at("kind").value, value: at("contact").value.trim()}};
    challenge = (await (await call("POST", "/sessions", body)).json()).challenge;
    at("show").hidden = false;
    at("code").focus();
    tell(say("code_sent"));
  },
  async show() {
    token = (await (await call("POST", "/sessions/verify", {challenge, code: at("code").value})).json()).access_token;
    await look("inside");
    at("door").hidden = true;
    at("inside").hidden = at("leave").hidden = at("again").hidden = false;
    at("main").focus();
  },
  correct: () => file({right: "rectification", corrections: {[at("wrong").value]: at("right-value").value}}),
  other: () => file({right: at("right").value, words: at("words").value || undefined}),
  erase: () => file({right: "erasure"}),
};
for (const [id, act] of Object.entries(forms)) {
  at(id).addEventListener("submit", event => { event.preventDefault(); run(act); });
}
at("download").addEventListener("click", () => run(download));
at("again").addEventListener("click", () => run(() => look("inside")));
at("leave").addEventListener("click", () => run(async () => {
  await call("POST", "/sessions/end");
  shut();
  tell(say("left"));
}));
at("language").value = language;
at("language").addEventListener("change", () => {
  language = at("language").value;
  translate();
  if (token) run(() => look("inside"));
});
translate();
