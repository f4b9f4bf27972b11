import { ask, el, moment, percent } from "/page/common.js";
import { name, say } from "/page/language.js";
import { changeSeat, movesPanel, seat } from "/page/moves.js";
import { NO_FAULT } from "/page/terms.js";
import { orderView, stateBadge } from "/page/order_view.js";

const REFRESH_MS = 5000;
const PAGE = 50;
const TITLE = 40; // characters of a text that stand for a title
const by = (id) => document.getElementById(id);
let chosenList = 0;
let shown = []; // the lines of the list
let chosen = ""; // the id of the order that is open
let order = null;
let pages = 1;
const moves = await movesPanel(afterMove);
const view = orderView(moves.node);
by("order").append(view.node);

function notice(text) {
  by("notice").textContent = text;
  by("notice").hidden = !text;
}

function mySeat() {
  return seat.known.seats.find((each) => each.role === seat.role);
}

function showSeat() {
  const { known } = seat;
  if (!known.open) {
    const mine = mySeat();
    const department = known.departments.find((each) => each.id === known.department);
    by("seat").replaceChildren(el("span", { class: "badge" }, [name(mine), known.person, department ? name(department) : ""].filter(Boolean).join(" · ")));
    return;
  }
  const roles = el("select", { "aria-label": say("Seat") }, ...known.seats.map((each) =>
    el("option", { value: each.role, selected: each.role === seat.role }, name(each))));
  const departments = el("select", { "aria-label": say("Department"), hidden: seat.role !== "department" }, ...known.departments.map((each) =>
    el("option", { value: each.id, selected: each.id === seat.department }, name(each))));
  const person = el("input", { "aria-label": say("Name or number"), value: seat.person, placeholder: say("Name"), size: 10 });
  roles.addEventListener("change", () => reseat({ role: roles.value }));
  departments.addEventListener("change", () => reseat({ department: departments.value }));
  person.addEventListener("change", () => reseat({ person: person.value.trim() }));
  by("seat").replaceChildren(roles, departments, person);
}

async function reseat(changes) {
  changeSeat(changes);
  chosenList = 0;
  chosen = "";
  showSeat();
  showLists();
  await refresh();
}

function showLists() {
  by("lists").replaceChildren(...mySeat().lists.map((list, index) => {
    const button = el("button", { type: "button", "aria-pressed": String(index === chosenList) }, name(list));
    button.addEventListener("click", () => {
      chosenList = index;
      chosen = "";
      pages = 1;
      showLists();
      refresh();
    });
    return button;
  }));
}

async function lines() {
  const list = mySeat().lists[chosenList];
  const own = seat.role === "department" && seat.known.open ? `&department=${encodeURIComponent(seat.department)}` : "";
  const found = [];
  let next = "";
  for (let page = 0; page < pages; page += 1) {
    const response = await ask(`/orders?limit=${PAGE}&${list.query}${own}${next ? `&cursor=${next}` : ""}`);
    const body = await response.json();
    if (!response.ok) throw new Error(body.detail || `HTTP ${response.status}`);
    found.push(...body.orders);
    next = body.next;
    if (!next) break;
  }
  by("more").hidden = !next;
  return found;
}

function line(each) {
  const button = el("button", { type: "button", "aria-current": each.id === chosen ? "true" : null },
    el("span", { class: "top" }, el("strong", {}, each.title || name(each.category)), el("time", { datetime: each.opened_at }, moment(each.opened_at, order?.zone || "Asia/Shanghai"))),
    el("span", {}, el("span", { class: each.priority <= 2 ? "badge bad" : "badge" }, `P${each.priority}`), " ",
      each.overdue_at ? el("span", { class: "badge bad" }, say("overdue")) : "",
      el("span", { class: "soft" }, ` ${[each.category, each.area, each.department].filter(Boolean).map(name).join(" · ")}`)));
  button.addEventListener("click", () => open(each.id));
  return el("li", {}, button);
}

function showLines() {
  const focused = document.activeElement?.closest?.("#orders") !== null && document.activeElement !== document.body;
  by("orders").replaceChildren(...shown.map(line));
  by("empty").hidden = Boolean(chosen);
  if (focused) by("orders").querySelector('[aria-current="true"]')?.focus();
}

async function refresh() {
  try {
    shown = await lines();
    if (!chosen && shown.length) chosen = shown[0].id;
    await showOrder();
    showLines();
    notice("");
  } catch (error) {
    notice(say("Cannot update at the moment ({})", error.message));
  }
}

async function open(id) {
  chosen = id;
  try {
    await showOrder();
    notice("");
  } catch (error) {
    notice(say("Cannot be shown: {}", error.message));
  }
  showLines();
}

async function showOrder() {
  by("chosen").hidden = view.node.hidden = !chosen;
  if (!chosen) return;
  const response = await ask(`/orders/${encodeURIComponent(chosen)}`);
  const body = await response.json();
  if (!response.ok) throw new Error(body.detail || `HTTP ${response.status}`);
  order = body;
  by("title").textContent = order.title || (order.category ? name(order.category) : (order.text || "").slice(0, TITLE));
  by("state").replaceChildren(stateBadge(order));
  by("link").href = `/o/${encodeURIComponent(order.id)}`;
  by("id").textContent = order.id;
  view.show(order);
  await moves.show(order);
  showAlternatives();
}

function alternatives() {
  return seat.role === "reviewer" && order?.state === "review" ? ((order.guess && order.guess.alternatives) || []).slice(0, 3) : [];
}

function showAlternatives() {
  by("alternatives").replaceChildren(...alternatives().map(([code, share], index) => {
    const known = seat.known.categories.find((each) => each.id === code);
    const button = el("button", { type: "button" }, `${index + 1} ${known ? name(known) : code === NO_FAULT ? say("no fault") : code}`, el("small", {}, percent(share)));
    button.addEventListener("click", () => decide(index));
    return button;
  }));
}

async function decide(index) {
  const picked = alternatives()[index];
  if (!picked) return;
  const decided = picked[0] === NO_FAULT ? { code: "not-a-problem", reason: say("no fault") } : { category: picked[0] };
  await moves.act(order, "decide", decided);
}

// What was decided leaves the list; the one behind it comes up.
async function afterMove() {
  const at = shown.findIndex((each) => each.id === chosen);
  const before = chosen;
  await refresh();
  if (shown.some((each) => each.id === before)) return;
  chosen = shown[Math.min(Math.max(at, 0), shown.length - 1)]?.id || "";
  await open(chosen);
}

function step(by_) {
  const at = shown.findIndex((each) => each.id === chosen);
  const next = shown[Math.min(Math.max(at + by_, 0), shown.length - 1)];
  if (next) open(next.id).then(() => document.querySelector('#orders [aria-current="true"]')?.scrollIntoView({ block: "nearest" }));
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select, dialog")) return;
  if (event.key === "j") step(1);
  else if (event.key === "k") step(-1);
  else if (["1", "2", "3"].includes(event.key)) decide(Number(event.key) - 1);
  else if (event.key === "a" && order?.state === "assigned" && seat.role === "department") moves.act(order, "accept", {});
  else return;
  event.preventDefault();
});
by("more").addEventListener("click", () => {
  pages += 1;
  refresh();
});

if (seat.known && seat.known.seats.length) {
  showSeat();
  showLists();
  await refresh();
  setInterval(() => document.hidden || refresh(), REFRESH_MS);
} else {
  notice(say("This token has no seat at the desk"));
}
