import { areaMap, colourButtons, mapButtons } from "/page/area_map.js";
import { cameraCounts, falseAlarms, outside } from "/page/cameras.js";
import { announced, answered, ask, duration, el, inTurn, inZone, percent, redraw, timed, bodyOf } from "/page/common.js";
import { funnel } from "/page/funnel.js";
import { hubTable } from "/page/hubs.js";
import { language, name, say, term } from "/page/language.js";
import { follow } from "/page/live.js";
import { ranking } from "/page/ranking.js";
import { saveOn } from "/page/saving.js";
import { DEAD_LETTERS, STATES } from "/page/terms.js";
import { change, chart, line, trendOf } from "/page/trend.js";
import { urgentBanner } from "/page/urgent.js";

const REFRESH_MS = 5000;
const LOOK_MS = 15000; // what is looked at less often: counts of lists, points on the map
const TREND_MS = 60000;
const SHOWN = 12;
const POINTS = 200;
const by = (id) => document.getElementById(id);
const before = history.state?.language === language ? history.state : {}; // what was looked at when the page was left, in its words
let chosen = before.chosen || "month";
let zone = before.zone || "UTC";

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

// Each figure with the indicator of `/status` that it is; the orders behind it are those of `GET /orders?indicator=`. The
// last but one says how a week is compared with the one before: `stock`, `flow`, or not at all; what is `rare` is shown where
// there is any of it.
const CARDS = [
  [say("Open"), "open", (x) => x.open, null, "stock"],
  [say("Overdue"), "overdue_open", (x) => x.overdue_open, (x) => x.overdue_open > 0, "stock"],
  [say("Opened"), "opened", (x) => x.opened, null, "flow"],
  [say("Closed"), "closed", (x) => x.closed, null, "flow"],
  [say("Closure rate"), "closure_rate", (x) => percent(x.closure_rate)],
  [say("Closed on time"), "on_time_closure_rate", (x) => percent(x.on_time_closure_rate)],
  [say("First-time right"), "dispatch_accuracy", (x) => percent(x.dispatch_accuracy)],
  [say("Inspectors agree with cameras"), "recheck_agreement", (x) => percent(x.recheck_agreement), null, "", "rare"],
  [say("Citizens agree with checks"), "citizen_agreement", (x) => percent(x.citizen_agreement), null, "", "rare"],
  [say("Resolution, median"), "resolution_seconds", (x) => duration(x.resolution_seconds.p50)],
];
// What the chart of the trend shows: of an indicator its colour, and whether days add up to a week.
const TRENDS = [
  [say("Open"), "open", "--accent", "stock"],
  [say("Overdue"), "overdue_open", "--bad", "stock"],
  [say("Opened"), "opened", "--warn", "flow"],
  [say("Closed"), "closed", "--good", "flow"],
];
// Of what stands now the most urgent comes first in the list, of what has been the newest.
const STANDING = new Set(TRENDS.filter(([, , , kind]) => kind === "stock").map(([, indicator]) => indicator));
const behind = (indicator) => `indicator=${indicator}${STANDING.has(indicator) ? "&sort=urgent" : ""}`;
// What is to be looked at now, as lists of `GET /orders`.
const WATCHED = [
  [say("Urgent"), "mark=urgent&sort=urgent"],
  [say("Overdue"), "overdue=true&sort=urgent"],
  [say("Unanswered"), "mark=unanswered&sort=urgent"],
  [say("Arbitration"), "state=arbitration&sort=urgent"],
  [say("Set aside"), "quarantined=true"],
];
// What the drift of the classifier is called, by its figure.
const DRIFT = {
  review_share: say("More orders than usual need a person"), return_share: say("More orders than usual are returned"),
  class_mix: say("The orders are of other categories than the model learnt from"), unseen_share: say("The words are others than the model learnt from"),
  calibration_error: say("The model's probabilities no longer say how often it is right"),
};
const NEWEST = { title: say("Newest orders"), query: "" };
let listed = before.listed || NEWEST; // what the list of orders shows
let map = null; // once it is drawn
let barred = false; // whether the token was refused what a map is drawn from as well
let box = null; // of the map, whose cameras are shown one by one
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

// Changes a part of the page; a figure that had the keyboard keeps it.
function keepingKeyboard(part, change) {
  const { query } = part.contains(document.activeElement) ? document.activeElement.dataset : {};
  const alike = () => [...part.querySelectorAll("[data-query]")].filter((each) => each.dataset.query === query); // two may have the same orders
  const which = alike().indexOf(document.activeElement);
  change();
  if (query !== undefined) alike()[which]?.focus({ preventScroll: true });
}

function fill(part, nodes) {
  keepingKeyboard(part, () => redraw(part, ...nodes));
}

const cards = new Map(); // by its indicator: a card stays where it is with its line, whatever it says

function card([title, indicator, value, bad, compared], city) {
  if (!cards.has(indicator)) {
    const said = el("dd", {});
    cards.set(indicator, { node: el("div", {}, el("dt", {}, title), said), said });
  }
  const { node, said } = cards.get(indicator);
  node.className = bad && bad(city) ? "card bad" : "card";
  redraw(said, figure(String(value(city)), title, behind(indicator)), compared ? change(trend, indicator, compared) : "", line(trend, indicator, bad?.(city)));
  return node;
}

function showCards(city) {
  const part = by("cards");
  keepingKeyboard(part, () => {
    const nodes = CARDS.filter(([, indicator, , , , rare]) => !rare || city[indicator] !== null).map((each) => card(each, city));
    if (nodes.length !== part.children.length || nodes.some((node, index) => part.children[index] !== node)) part.replaceChildren(...nodes);
  });
}

let below = Boolean(before.below); // each department with all that stand below it

function departmentFigure(title, indicator, value, department) {
  return figure(value, `${name(department)} · ${title}`, `${behind(indicator)}&department=${encodeURIComponent(department.id)}${below ? "&below=true" : ""}`);
}

let shownStatus = null;

function showDepartments() {
  fill(by("departments"), ranking(by("ranks"), by("departments"), shownStatus.departments, departmentFigure, showDepartments));
}

const STOPPED = { intake: say("Intake has stopped"), desk: say("The desk has stopped") };
const BEHIND = { intake: (late) => say("Intake is {} behind", late), desk: (late) => say("The desk is {} behind", late) };
const LATE_SECONDS = 60;

function trouble([stage, { members, oldest_seconds: oldest }]) {
  if (!members) return STOPPED[stage];
  return oldest > LATE_SECONDS ? BEHIND[stage](duration(oldest)) : "";
}

function showStatus(status) {
  by("city").textContent = name(status.city);
  document.title = `${name(status.city)} · ${say("Paidan")}`;
  redraw(by("as-of"), timed(status.as_of, zone));
  by("open").hidden = status.access !== "open";
  const { answered, total } = status.partitions;
  by("complete").className = status.complete ? "badge good" : "badge warn";
  announced(by("complete"), status.complete ? say("All data") : say("Part of the data: {} of {}", answered, total));
  const troubles = Object.entries(status.stages || {}).map(trouble).filter(Boolean);
  by("stages").hidden = !troubles.length;
  announced(by("stages"), troubles.join(" · "));
  shownStatus = status;
  showCards(status.city);
  fill(by("funnel"), funnel(status.city, figure));
  const alarms = Object.keys(status.drift?.alarms || {});
  const { labels = [], cameras = [] } = status.unlisted || {};
  by("unlisted").hidden = !labels.length && !cameras.length;
  redraw(by("unlisted-names"), ...[...labels, ...cameras].map(unlistedLine));
  const dead = Object.entries(status.dead_letters?.by_error || {});
  by("dead").hidden = !dead.length;
  redraw(by("dead-errors"), ...dead.map(([error, count]) => el("li", {},
    el("div", { class: "top" }, el("span", {}, say(DEAD_LETTERS[error] || error).replaceAll("`", "")), el("span", { class: "times" }, say("{}×", count))),
    el("code", { class: "soft" }, error))));
  by("drift").hidden = !alarms.length;
  redraw(by("drift-alarms"), ...alarms.map((each) => el("li", {}, DRIFT[each] || status.drift.alarms[each])));
  const hubs = status.hubs || {};
  by("hubs-panel").hidden = !Object.keys(hubs).length;
  const [titles, rows] = hubTable(hubs, zone, figure);
  redraw(by("hubs-head"), ...titles);
  fill(by("hubs"), rows);
  by("below").hidden = !Object.values(status.departments).some((each) => each.parent); // a city without levels has none
  showDepartments();
}

function unlistedLine({ vendor, algorithm, label, camera, count, last }) {
  return el("li", {},
    el("div", { class: "top" },
      el("span", {}, [vendor, algorithm, label, camera].filter(Boolean).join(" / ")),
      timed(last, zone)),
    el("span", { class: "soft" }, say("{}×", count)));
}

function orderLine(order) {
  return el("li", {},
    el("div", { class: "top" },
      el("a", { class: "written", href: `/o/${encodeURIComponent(order.id)}` }, order.title || name(order.category)),
      timed(order.opened_at, zone)),
    el("span", { class: order.overdue_at ? "badge bad" : "badge" }, term(STATES[order.state], order.state)),
    el("span", { class: "soft" }, ` ${name(order.area)} · ${name(order.department)}`));
}

function assignmentLine(made) {
  return el("li", { class: "new" },
    el("div", { class: "top" },
      el("a", { href: `/o/${encodeURIComponent(made.order_id)}` }, name(made.category)),
      timed(made.at, zone)),
    el("span", { class: "soft" }, `${made.area?.name_zh || made.area?.name_en ? name(made.area) : say("place unknown")} → ${name(made.department)}`), " ",
    made.attempt > 1 ? el("span", { class: "badge warn" }, say("attempt {}", made.attempt)) : "");
}

const refreshes = inTurn();

// Where the list is asked for; a day of the trend is a window of its own.
function listPath(first = "") {
  return `/orders?${first}${listed.query}${listed.query && !/&to=/.test(listed.query) ? `&${range()}` : ""}`;
}

async function refresh() {
  const isNewest = refreshes();
  try {
    const wanted = listed;
    const asked = range() + below;
    history.replaceState({ language, zone, chosen, below, listed: listed === NEWEST ? null : listed }, "");
    const levels = below ? "&below=true" : "";
    const [status, areas, orders] = await Promise.all([ask(`/status?${range()}${levels}`), ask(`/status?${range()}&by=area`), ask(listPath(`limit=${SHOWN}&`))]);
    if (wanted !== listed || asked !== range() + below || !isNewest()) return; // somebody has chosen something else meanwhile
    if (orders.status === 403 && wanted !== NEWEST) { // another department's, or of an area beyond the token's
      listed = NEWEST;
      by("notice").textContent = say("Cannot be shown: {}", (await bodyOf(orders)).detail);
      by("notice").hidden = false;
      return;
    }
    listable = orders.status !== 403;
    barred ||= status.status === 403;
    if (!status.ok || !areas.ok || !(orders.ok || !listable)) throw new Error(`HTTP ${status.status}/${orders.status}`);
    const [told, coloured, found] = await Promise.all([bodyOf(status), bodyOf(areas), listable ? bodyOf(orders) : null]);
    if (zone !== told.window.zone) {
      zone = told.window.zone;
      inZone(zone);
    }
    if (wanted !== listed) return;
    if (asked !== range() + below) { // the first answer tells the city's zone: its day may be another one
      await refresh();
      return;
    }
    showStatus(told);
    map?.colour(coloured.areas, listed.area);
    if (found) showOrders(found);
    by("notice").hidden = true;
    if (barred) await drawMapNow();
  } catch (error) {
    if (!isNewest()) return;
    announced(by("notice"), say("Cannot update at the moment ({})", error.message));
    by("notice").hidden = false;
  }
}

function showOrders(found) {
  by("orders-title").textContent = listed.title;
  by("all-orders").hidden = by("save-orders").hidden = listed === NEWEST;
  for (const each of document.querySelectorAll("[data-query]")) each.setAttribute("aria-pressed", String(each.dataset.query === listed.query));
  redraw(by("orders"), ...found.orders.map(orderLine), ...(found.orders.length ? [] : [el("li", { class: "soft" }, say("None yet"))]));
}

saveOn(by("save-orders"), () => listPath(), (sentence) => {
  by("notice").textContent = sentence;
  by("notice").hidden = !sentence;
});

by("all-orders").addEventListener("click", () => {
  [listed, box] = [NEWEST, null];
  map?.showAll();
  if (document.activeElement === by("all-orders")) by("orders").focus({ preventScroll: true }); // the button is gone then
  refresh();
  putPoints();
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

by("below").addEventListener("click", () => {
  below = !below;
  press();
  listed = NEWEST;
  refresh();
});

// Shows what is chosen above the figures.
function press() {
  for (const button of document.querySelectorAll("[data-window]")) button.setAttribute("aria-pressed", String(button.dataset.window === chosen));
  by("below").setAttribute("aria-pressed", String(below));
}

for (const button of document.querySelectorAll("[data-window]")) {
  button.addEventListener("click", () => {
    chosen = button.dataset.window;
    press();
    refresh();
  });
}

let trend = [];
const trendChart = chart(by("trend"), by("trend-table"), TRENDS, figure, fill);
by("trend-top").append(trendChart.buttons);

async function lookBack() {
  const today = new Date().toLocaleDateString("sv-SE", { timeZone: zone });
  trend = await trendOf(today, CARDS.map(([, indicator]) => indicator));
  if (shownStatus) showStatus(shownStatus);
  by("trend-panel").hidden = !trendChart.show(trend);
}

async function watch() {
  if (!listable) return;
  const counts = await Promise.all(WATCHED.map(async ([, query]) => {
    const found = await ask(`/orders?limit=1&count=true&${query}`).then(answered).catch(() => null);
    return found && found.total;
  }));
  fill(by("watched"), WATCHED.map(([title, query], index) => el("div", { class: counts[index] ? "watch" : "watch none" },
    el("dt", {}, title), el("dd", {}, counts[index] ? figure(String(counts[index]), title, query) : String(counts[index] ?? "–")))));
  by("watched-panel").hidden = false;
}

// The most urgent orders as points on the map, with the cameras, many of them as cells, and the mobile units.
async function putPoints() {
  if (!listable || !map) return;
  const { area = "" } = listed;
  const seenIn = box;
  const [orders, standing] = await Promise.all([
    ask(`/orders?state=open&sort=urgent&limit=${POINTS}${area ? `&area=${encodeURIComponent(area)}` : ""}`), outside(area, figure, box)]);
  if (!orders.ok || area !== (listed.area ?? "") || seenIn !== box) return;
  map.cells(standing.raster?.cells ?? [], standing.raster?.size ?? 0, lookInto);
  by("cameras").hidden = !standing.counts;
  if (standing.counts) fill(by("cameras"), cameraCounts(standing.counts, box ? String : figure, area));
  map.points([...standing.points,
    ...(await bodyOf(orders)).orders.map((each) => ({
      location: each.location, kind: each.overdue_at ? "late" : "order", title: [each.title || name(each.category), name(each.department)].join(" · "),
      href: `/o/${encodeURIComponent(each.id)}`,
    }))]);
}

// A cell of the map opens into its cameras, each of which opens into the orders that it sees.
async function lookInto(cell) {
  box = cell;
  map.showBox(cell);
  await putPoints();
}

async function lookAtAll() {
  box = null;
  map.showAll();
  await putPoints();
}

async function weighAlarms() {
  if (!listable) return;
  const tables = await falseAlarms(figure);
  by("false-alarms-panel").hidden = !tables?.some((rows) => rows.length);
  for (const [index, part] of ["false-algorithms", "false-cameras"].entries()) fill(by(part), tables?.[index] ?? []);
}

function again(every, run) {
  setInterval(() => document.hidden || run().catch((error) => console.warn(error.message)), every);
}

async function openArea(area, called) {
  if (!listable) return;
  const query = `state=open&sort=urgent&area=${encodeURIComponent(area)}`;
  listed = listed.query === query ? NEWEST : { title: say("Open in {}", called), query, area };
  box = null;
  if (listed.area) map.showArea(area);
  else map.showAll();
  await Promise.all([refresh(), putPoints()]);
}

// Whoever may not read the areas has no map. Throws where they cannot be had now.
async function drawMap() {
  const part = by("areas");
  part.hidden = false; // a map is drawn as large as it is seen
  map = await areaMap(by("map"), openArea).finally(() => {
    part.hidden = true;
  });
  if (!map) return;
  part.hidden = false;
  const legend = document.querySelectorAll("[data-mode]");
  by("areas-top").append(colourButtons(map, (mode) => legend.forEach((each) => {
    each.hidden = each.dataset.mode !== mode;
  })), mapButtons(map, lookAtAll));
  if (listed.area) map.showArea(listed.area);
}

// Whose token may read figures by now, or has given another one, has a map as well.
async function drawMapNow() {
  barred = false;
  if (!map) await drawMap().then(() => Promise.allSettled([refresh(), putPoints()]), drawMapLater);
}

// The page does not wait for a map that cannot be had now; it comes when it can.
async function drawMapLater() {
  await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  await drawMapNow();
}

// The first answer also tells the city's zone, in which all times are shown.
press();
await drawMap().catch(() => {
  drawMapLater();
});
await refresh();
await Promise.allSettled([lookBack(), watch(), putPoints(), weighAlarms()]); // what was not to be had is asked for again
again(REFRESH_MS, refresh);
again(LOOK_MS, watch);
again(LOOK_MS, putPoints);
again(LOOK_MS, weighAlarms);
again(TREND_MS, lookBack);
const urgent = urgentBanner(null, () => zone);
by("notice").before(urgent.node);
follow({ assigned: showAssignment, urgent: urgent.announce });
