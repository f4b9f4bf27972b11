import { colon, language, say } from "/page/language.js";

// Signs that turn the writing round for what follows: shown as a sign, they cannot make a text read otherwise than it is.
const TURNING = /[\u202a-\u202e\u2066-\u2069]/g;

function shown(child) {
  return typeof child === "string" ? child.replace(TURNING, "\ufffd") : child;
}

// Everything that is shown is made of text nodes: what a report says is never read as markup.
export function el(tag, attributes, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === false || value === null || value === undefined) continue;
    node.setAttribute(name, value === true ? "" : String(value));
  }
  node.append(...children.filter((child) => child !== null && child !== undefined && child !== "").map(shown));
  return node;
}

export function duration(seconds) {
  if (seconds === null || seconds === undefined) return "–";
  if (seconds < 60) return say("{} s", Math.round(seconds));
  if (seconds < 3600) return say("{} min", Math.round(seconds / 60));
  if (seconds < 48 * 3600) return say("{} h", (seconds / 3600).toFixed(1));
  return say("{} d", (seconds / 86400).toFixed(1));
}

export function percent(rate) {
  return rate === null || rate === undefined ? "–" : `${(rate * 100).toFixed(1)} %`;
}

export function moment(text, zone) {
  if (!text) return "–";
  const at = new Date(text);
  const day = at.toLocaleDateString("sv-SE", { timeZone: zone });
  const today = new Date().toLocaleDateString("sv-SE", { timeZone: zone });
  const time = at.toLocaleTimeString("en-GB", { timeZone: zone });
  return day === today ? time : `${day} ${time.slice(0, 5)}`;
}

// The same as a part of the page, with what else is to stand in it: however long that stays as it is, it says its day once
// the day is over.
export function timed(text, zone, attributes, ...more) {
  return el("time", { datetime: text, "data-zone": zone || "", ...attributes }, moment(text, zone), ...more);
}

function sayDays() {
  for (const each of document.querySelectorAll("time[data-zone]")) {
    const now = moment(each.dateTime, each.dataset.zone || undefined);
    if (each.firstChild.data !== now) each.firstChild.data = now;
  }
}

const DAYS_MS = 60_000;
setInterval(sayDays, DAYS_MS);
document.addEventListener("visibilitychange", () => document.hidden || sayDays());

// Says all times by the clock of a zone, those, too, that were shown before it was known which that is.
export function inZone(zone) {
  for (const each of document.querySelectorAll("time[data-zone]")) each.dataset.zone = zone;
  sayDays();
}

// A sentence in whose gaps parts of the page stand: `woven(say("{} to {}", GAP, GAP), one, other)`.
export const GAP = "\0";
export function woven(sentence, ...parts) {
  return sentence.split(GAP).flatMap((text, index) => (index ? [parts[index - 1], text] : [text]));
}

// The most that may be written as such a time: without it a browser takes years of six digits, which are none.
export const LATEST = "9999-12-31T23:59";

// The instant (ISO 8601, UTC) of what somebody writes as the time of a clock in a zone: "2026-12-24T18:30". Of an hour that
// a clock skips or has twice, one of the two.
export function instant(text, zone) {
  const wall = Date.parse(`${text}Z`);
  const ahead = (at) => Date.parse(`${new Date(at).toLocaleString("sv-SE", { timeZone: zone }).replace(" ", "T")}Z`) - at;
  return new Date(wall - ahead(wall - ahead(wall))).toISOString();
}

// Puts nodes in the place of those that a part of the page has. What is the same before and behind what has changed stays as
// it is: what somebody is marking, has opened, has come to by key, or is pressing at this moment.
export function redraw(part, ...nodes) {
  const fresh = part.cloneNode(false);
  fresh.append(...nodes.filter((node) => node !== null && node !== undefined && node !== ""));
  const open = [...part.querySelectorAll("details[open]")];
  for (const each of open) each.open = false;
  const [old, now] = [[...part.childNodes], [...fresh.childNodes]];
  const most = Math.min(old.length, now.length);
  let before = 0;
  while (before < most && old[before].isEqualNode(now[before])) before += 1;
  let behind = 0;
  while (behind < most - before && old.at(-1 - behind).isEqualNode(now.at(-1 - behind))) behind += 1;
  for (const node of old.slice(before, old.length - behind)) node.remove();
  const rest = old[old.length - behind] || null;
  for (const node of now.slice(before, now.length - behind)) part.insertBefore(node, rest);
  for (const each of open) each.open = part.contains(each);
}

// Writes into a part of the page that is read out when it changes, unless that stands there already: what is looked at again
// every few seconds is not to be said as often.
export function announced(part, text) {
  if (part.textContent !== text) part.textContent = text;
}

// Gives what has the keyboard go on at another part of the page once an answer has come, where what had it in `part` is gone
// by then or was of no use meanwhile, and nobody has gone elsewhere: who works by key would begin at the top again.
export function keyboardIn(part) {
  const had = part.contains(document.activeElement);
  return (there) => {
    if (had && document.activeElement === document.body) there?.focus({ preventScroll: true });
  };
}

// Of answers to what is asked again and again: `asked()` when one is asked for gives the function that says, once it has come,
// whether it may be shown; not where one that was asked for later is shown already.
export function inTurn() {
  let [last, shown] = [0, 0];
  return () => {
    const turn = (last += 1);
    return () => {
      if (turn < shown) return false;
      shown = turn;
      return true;
    };
  };
}

let token = sessionStorage.getItem("token") || "";
const LONGEST_MS = 60_000; // the gateway answers sooner, if only that it cannot: then nobody is there any more
const noConnection = () => new Error(say("no connection"));

// What ends a request after a while, and the reading of its answer: `AbortSignal.timeout`, which many a phone does not have.
function endingIn(ms) {
  const ending = new AbortController();
  setTimeout(() => ending.abort(), ms);
  return ending.signal;
}

export async function ask(path, options) {
  for (;;) {
    const sent = token;
    const headers = token ? { authorization: `Bearer ${token}` } : {};
    const signal = options?.signal || endingIn(LONGEST_MS);
    const request = { ...options, signal, headers: { accept: "application/json", "accept-language": language, ...headers, ...(options?.headers || {}) } };
    const response = await fetch(path, request).catch(() => {
      throw noConnection(); // the browser's own words are English and say less
    });
    if (response.status !== 401) return response;
    if (sent !== token) continue; // another one has been given while this was on its way
    token = await askForToken(Boolean(sent));
    sessionStorage.setItem("token", token);
    if (sent) document.dispatchEvent(new Event("othertoken"));
  }
}

// What an answer says. Throws where it does not say anything: what stands between may answer for the gateway.
export async function bodyOf(response) {
  const text = await response.text().catch(() => {
    throw noConnection();
  });
  try {
    return JSON.parse(text);
  } catch {
    throw new Error(`HTTP ${response.status}`);
  }
}

// The same, and throws what is said where it is a refusal.
export async function answered(response) {
  const body = await bodyOf(response);
  if (!response.ok) throw Object.assign(new Error(body.detail || body.title || `HTTP ${response.status}`), { told: body, decided: isDecided(response.status) });
  return body;
}

export const AGAIN_MS = 3000; // until what had no answer is asked again

// What `asking()` gives, which throws where there is no answer: it is asked again until there is one, and `trouble(error)` is
// called each time. Throws what the gateway has refused.
export async function untilAnswered(asking, trouble) {
  for (;;) {
    try {
      return await asking();
    } catch (error) {
      if (error.decided) throw error;
      trouble(error);
    }
    await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
  }
}

// What a refusal says: of a field by its name on the page, which `label(field)` gives, not by that of the contract.
export function refusal(told, label) {
  const [field, index] = (told.field || "").split(".");
  const called = told.rule ? label(field) : "";
  return called ? colon(index ? `${called} · ${Number(index) + 1}` : called, told.rule) : told.detail || told.title || "";
}

// The same of an error that `answered` has thrown, or of any other, beside a form.
export function said(error, form) {
  const named = form && "told" in error ? refusal(error.told, (field) => form.elements[field]?.closest?.("label")?.firstChild.textContent) : "";
  return named || error.message;
}

// Whether an answer says what has become of a step: not one that the desk is yet to decide, nor that it could not be sent.
export function isDecided(status) {
  return status !== 202 && status !== 408 && status !== 429 && status < 500;
}

export function newKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

// Keeps what is typed into a form, by a name, for when the page is loaded anew in this tab. Whether there was anything.
export function keepTyped(form, name) {
  const place = `typed ${location.pathname} ${name}`;
  const before = JSON.parse(sessionStorage.getItem(place) || "[]");
  for (const [field, value] of before) if (form.elements[field]) form.elements[field].value = value;
  const forget = () => sessionStorage.removeItem(place); // a form that is made once this one has been sent is empty
  forget();
  addEventListener("pageshow", forget); // a page that is come back to has it still
  addEventListener("pagehide", () => {
    const typed = form.isConnected ? [...new FormData(form)].filter(([, value]) => value) : [];
    if (typed.length) sessionStorage.setItem(place, JSON.stringify(typed));
    else forget();
  });
  return before.length > 0;
}

let asking = null;

// `again` where one has been given that does not do, or does not any longer.
function askForToken(again) {
  asking ||= new Promise((resolve) => {
    const input = el("input", { type: "password", name: "token", autocomplete: "current-password", required: true });
    const form = el("form", { method: "dialog" }, again ? el("p", { class: "late", role: "alert" }, say("This token is not known, or has expired.")) : "",
      el("label", {}, say("Access token"), input), el("button", {}, say("OK")));
    const dialog = el("dialog", { "aria-label": say("Access token") }, form);
    document.body.append(dialog);
    dialog.addEventListener("cancel", (event) => event.preventDefault());
    form.addEventListener("submit", () => {
      asking = null;
      dialog.remove();
      resolve(input.value.trim());
    });
    dialog.showModal();
  });
  return asking;
}
