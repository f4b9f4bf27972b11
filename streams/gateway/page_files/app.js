import { ask, duration, el, moment, percent } from "/page/common.js";
import { areaMap } from "/page/area_map.js";
import { name, say, term } from "/page/language.js";
import { assignments } from "/page/live.js";
import { STATES } from "/page/terms.js";

const REFRESH_MS = 5000;
const SHOWN = 12;
const by = (id) => document.getElementById(id);
let chosen = "month";
let zone = "UTC";

function range() {
  const today = new Date().toLocaleDateString("sv-SE", { timeZone: zone });
  if (chosen === "all") return "from=all";
  if (chosen === "today") return `from=${today}&to=${today}`;
  if (chosen === "week") {
    const first = new Date(`${today}T00:00:00Z`);
    first.setUTCDate(first.getUTCDate() - 6);
    return `from=${first.toISOString().slice(0, 10)}&to=${today}`;
  }
  return "";
}

// Each figure with the indicator of `/status` that it is; the orders behind it are those of `GET /orders?indicator=`.
const CARDS = [
  [say("Open"), "open", (x) => x.open],
  [say("Overdue"), "overdue_open", (x) => x.overdue_open, (x) => x.overdue_open > 0],
  [say("Opened"), "opened", (x) => x.opened],
  [say("Closed"), "closed", (x) => x.closed],
  [say("Closure rate"), "closure_rate", (x) => percent(x.closure_rate)],
  [say("Closed on time"), "on_time_closure_rate", (x) => percent(x.on_time_closure_rate)],
  [say("First-time right"), "dispatch_accuracy", (x) => percent(x.dispatch_accuracy)],
  [say("Resolution, median"), "resolution_seconds", (x) => duration(x.resolution_seconds.p50)],
];
const NEWEST = { title: say("Newest orders"), query: "" };
let listed = NEWEST; // what the list of orders shows
let map = null; // once it is drawn
let listable = true; // a token that sees figures only opens none

// A figure that opens into its orders.
function figure(value, title, query) {
  if (!listable) return value;
  const pressed = listed.query === query;
  const button = el("button", { type: "button", class: "figure", "data-query": query, "aria-pressed": String(pressed), "aria-label": `${title}: ${value}` }, value);
  button.addEventListener("click", async () => {
    listed = listed.query === query ? NEWEST : { title, query };
    await refresh();
    by("orders-title").scrollIntoView({ block: "nearest" });
  });
  return button;
}

// Fills a part of the page anew; a figure that had the keyboard keeps it.
function fill(part, nodes) {
  const { query } = part.contains(document.activeElement) ? document.activeElement.dataset : {};
  part.replaceChildren(...nodes);
  if (query !== undefined) [...part.querySelectorAll("[data-query]")].find((each) => each.dataset.query === query)?.focus({ preventScroll: true });
}

function rate(value) {
  if (value === null) return ["–"];
  const bar = el("i");
  bar.style.width = `${Math.round(value * 100)}%`;
  return [percent(value), el("span", { class: "bar", "aria-hidden": "true" }, bar)];
}

function departmentRow([id, x]) {
  const count = (title, indicator, value) =>
    value ? figure(String(value), `${name({ ...x, id })} · ${title}`, `indicator=${indicator}&department=${encodeURIComponent(id)}`) : "0";
  const quiet = !(x.open || x.closed || x.assigned);
  return el("tr", { class: quiet ? "quiet" : null },
    el("th", { scope: "row" }, name({ ...x, id })),
    el("td", {}, count(say("Open"), "open", x.open)),
    el("td", { class: x.overdue_open > 0 ? "bad" : null }, count(say("Overdue"), "overdue_open", x.overdue_open)),
    el("td", {}, count(say("Closed"), "closed", x.closed)),
    el("td", {}, ...rate(x.closure_rate)),
    el("td", {}, ...rate(x.on_time_closure_rate)),
    el("td", {}, duration(x.resolution_seconds.p50)),
    el("td", {}, duration(x.resolution_seconds.p90)));
}

const STOPPED = { intake: say("Intake has stopped"), desk: say("The desk has stopped") };
const BEHIND = { intake: (late) => say("Intake is {} behind", late), desk: (late) => say("The desk is {} behind", late) };
const LATE_SECONDS = 60;

function trouble([stage, { members, oldest_seconds: oldest }]) {
  if (!members) return STOPPED[stage];
  return oldest > LATE_SECONDS ? BEHIND[stage](duration(oldest)) : "";
}

function showStatus(status) {
  zone = status.window.zone;
  by("city").textContent = name(status.city);
  document.title = `${name(status.city)} · ${say("Paidan")}`;
  by("as-of").textContent = moment(status.as_of, zone);
  by("open").hidden = status.access !== "open";
  const { answered, total } = status.partitions;
  by("complete").className = status.complete ? "badge good" : "badge warn";
  by("complete").textContent = status.complete ? say("All data") : say("Part of the data: {} of {}", answered, total);
  const troubles = Object.entries(status.stages || {}).map(trouble).filter(Boolean);
  by("stages").hidden = !troubles.length;
  by("stages").textContent = troubles.join(" · ");
  fill(by("cards"), CARDS.map(([title, indicator, value, bad]) =>
    el("div", { class: bad && bad(status.city) ? "card bad" : "card" },
      el("dt", {}, title), el("dd", {}, figure(String(value(status.city)), title, `indicator=${indicator}`)))));
  const { labels = [], cameras = [] } = status.unlisted || {};
  by("unlisted").hidden = !labels.length && !cameras.length;
  by("unlisted-names").replaceChildren(...[...labels, ...cameras].map(unlistedLine));
  const rows = Object.entries(status.departments);
  const weight = ([, x]) => x.open * 1e6 + x.closed;
  fill(by("departments"), rows.sort((a, b) => weight(b) - weight(a)).map(departmentRow));
}

function unlistedLine({ vendor, algorithm, label, camera, count, last }) {
  return el("li", {},
    el("div", { class: "top" },
      el("span", {}, [vendor, algorithm, label, camera].filter(Boolean).join(" / ")),
      el("time", { datetime: last }, moment(last, zone))),
    el("span", { class: "soft" }, say("{} times", count)));
}

function orderLine(order) {
  return el("li", {},
    el("div", { class: "top" },
      el("a", { href: `/o/${encodeURIComponent(order.id)}` }, order.title || name(order.category)),
      el("time", { datetime: order.opened_at }, moment(order.opened_at, zone))),
    el("span", { class: order.overdue_at ? "badge bad" : "badge" }, term(STATES[order.state], order.state)),
    el("span", { class: "soft" }, ` ${name(order.area)} · ${name(order.department)}`));
}

function assignmentLine(made) {
  return el("li", { class: "new" },
    el("div", { class: "top" },
      el("a", { href: `/o/${encodeURIComponent(made.order_id)}` }, name(made.category)),
      el("time", { datetime: made.at }, moment(made.at, zone))),
    el("span", { class: "soft" }, `${name(made.area)} → ${name(made.department)}`),
    made.attempt > 1 ? el("span", { class: "badge warn" }, say("attempt {}", made.attempt)) : "");
}

async function refresh() {
  try {
    const wanted = listed;
    const days = wanted.query ? `&${range()}` : "";
    const [status, areas, orders] = await Promise.all([ask(`/status?${range()}`), ask(`/status?${range()}&by=area`), ask(`/orders?limit=${SHOWN}&${wanted.query}${days}`)]);
    if (wanted !== listed) return; // somebody has opened another figure meanwhile
    if (orders.status === 403 && wanted !== NEWEST) { // another department's, or of an area beyond the token's
      listed = NEWEST;
      by("notice").textContent = say("Cannot be shown: {}", (await orders.json()).detail);
      by("notice").hidden = false;
      return;
    }
    listable = orders.status !== 403;
    if (!status.ok || !areas.ok || !(orders.ok || !listable)) throw new Error(`HTTP ${status.status}/${orders.status}`);
    showStatus(await status.json());
    map?.colour((await areas.json()).areas, listed.area);
    if (listable) showOrders(await orders.json());
    by("notice").hidden = true;
  } catch (error) {
    by("notice").textContent = say("Cannot update at the moment ({})", error.message);
    by("notice").hidden = false;
  }
}

function showOrders(found) {
  by("orders-title").textContent = listed.title;
  by("all-orders").hidden = listed === NEWEST;
  by("orders").replaceChildren(...found.orders.map(orderLine), ...(found.orders.length ? [] : [el("li", { class: "soft" }, say("None yet"))]));
}

by("all-orders").addEventListener("click", () => {
  listed = NEWEST;
  refresh();
});

const seen = new Set();
function showAssignment(made) {
  const key = `${made.order_id}/${made.attempt}`;
  if (seen.has(key)) return;
  seen.add(key);
  const list = by("assignments");
  if (seen.size === 1) list.replaceChildren();
  list.prepend(assignmentLine(made));
  while (list.children.length > SHOWN) list.lastChild.remove();
}

for (const button of document.querySelectorAll("[data-window]")) {
  button.addEventListener("click", () => {
    chosen = button.dataset.window;
    for (const other of document.querySelectorAll("[data-window]")) {
      other.setAttribute("aria-pressed", String(other === button));
    }
    refresh();
  });
}

async function keepFresh() {
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, REFRESH_MS));
    if (!document.hidden) await refresh();
  }
}

async function openArea(area, called) {
  if (!listable) return;
  const query = `state=open&sort=urgent&area=${encodeURIComponent(area)}`;
  listed = listed.query === query ? NEWEST : { title: say("Open in {}", called), query, area };
  await refresh();
}

// The first answer also tells the city's zone, in which all times are shown.
map = await areaMap(by("map"), openArea);
by("areas").hidden = !map;
await refresh();
keepFresh();
assignments(showAssignment);
