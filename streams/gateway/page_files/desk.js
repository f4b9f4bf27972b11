import { answered, ask, el, inTurn, keyboardIn, redraw } from "/page/common.js";
import { comparison, placeMap, precedents } from "/page/beside.js";
import { keyboard } from "/page/keys.js";
import { colon, name, say } from "/page/language.js";
import { follow } from "/page/live.js";
import { called as moveName, changeSeat, movesPanel, seat, shownAs, take, undoing } from "/page/moves.js";
import { alternativesOf, alternativeRows, decision } from "/page/alternatives.js";
import { orderView, stateBadge } from "/page/order_view.js";
import { doneBar, titled as called } from "/page/said.js";
import { urgentBanner } from "/page/urgent.js";
import { workList } from "/page/work_list.js";

const REFRESH_MS = 30000; // beside what is told of changes
const SOON_MS = 400; // several changes at once are looked at together
const OFTEN_MS = 2000; // however many there are, the lists are asked for no more often
const AHEAD = 2; // orders that are fetched before somebody comes to them
const FRESH_MS = 10000; // for so long what was fetched ahead is good
const GONE_MS = 20000; // an order that was decided stays out of its list, though the tables still show it
const PERSON = "{person}"; // in the query of a list: whoever sits there
const DEPARTMENT = "{department}"; // theirs
const NAMED_PEOPLE = { inspector: "inspectors", unit: "units" }; // lists of those that the city knows, by seat
const PHONE = matchMedia("(max-width: 860px)"); // where either the list is seen or the order, as in style.css
const by = (id) => document.getElementById(id);

let chosenList = 0;
let found = ""; // the words of the orders that are listed instead of it
let chosen = ""; // the id of the order that is open
let wished = ""; // the order that is opened once its list has come
let order = null; // as it is shown; another one than `chosen` while that is being fetched
const gone = new Map();
const ahead = new Map();
const [refreshes, ordersAsked, countsAsked] = [inTurn(), inTurn(), inTurn()];

const moves = await movesPanel(afterMove);
const compared = comparison((other) => moves.naming(order, other));
const similar = precedents((shown) => (shown.state === "review" ? shown.guess?.alternatives?.[0]?.[0] : ""));
const head = el("div", { class: "head" });
const choices = el("div", { class: "choices", role: "group", tabindex: "-1", "aria-label": say("Alternatives") });
const place = placeMap();
const view = orderView({ head: [head], doing: [choices, moves.node], last: [place.node], beside: [compared.node, similar.node] });
by("order").append(view.node);
const FIND = say("Find orders: words, address or number");
const words = el("input", { type: "search", minlength: "2", maxlength: "100", "aria-label": FIND, placeholder: FIND });
const finding = el("form", { class: "find", role: "search" }, words, el("button", { class: "plain" }, say("Find")));
by("lists").after(finding);
finding.addEventListener("submit", (event) => {
  event.preventDefault();
  find();
});
words.addEventListener("input", () => {
  if (!words.value && found) openList(chosenList);
});
const list = workList(by("lines"), { open: choose, opened: () => chosen, accept: acceptAll, done: refresh, told: noticeFor });

const SAID_MS = 20000;
let trouble = false; // whether what the notice says is over as soon as something can be shown again
let saying = 0;

// A refusal that nobody has beside a form stays for a while, whatever is shown meanwhile.
function noticeFor(text) {
  notice(text);
  if (!text) return;
  trouble = false;
  saying = setTimeout(() => notice(""), SAID_MS);
}

function notice(text) {
  clearTimeout(saying);
  trouble = Boolean(text);
  by("notice").replaceChildren(el("span", {}, text));
  by("notice").hidden = !text;
}

// The list, the order and the half that somebody looks at stand in the history: there they are again when the page is
// loaded anew or come back to.
function remember() {
  history.replaceState({ ...history.state, list: myLists()[chosenList]?.query, found, order: chosen, seen: by("halves").dataset.seen }, "");
}

const { tell: sayDone, key: undoKey } = doneBar(by("done"), refresh);

function mySeat() {
  return seat.known.seats.find((each) => each.role === seat.role);
}

// The lists of the seat; one's own only where it is known whose.
function myLists() {
  return mySeat().lists.filter((each) => seat.person || !each.query.includes(PERSON));
}

function showSeat() {
  const { known } = seat;
  const focused = [...by("seat").children].indexOf(document.activeElement);
  document.body.dataset.seat = seat.role;
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
  const inspectors = el("datalist", { id: "inspectors" }, ...known.inspectors.map((each) => el("option", { value: each })));
  const units = el("datalist", { id: "units" }, ...known.units.map((each) => el("option", { value: each })));
  const person = el("input", { "aria-label": say("Name or number"), value: seat.person, placeholder: say("Name"), size: 10, list: NAMED_PEOPLE[seat.role] });
  roles.addEventListener("change", () => reseat({ role: roles.value }));
  departments.addEventListener("change", () => reseat({ department: departments.value }));
  person.addEventListener("change", () => reseat({ person: person.value.trim() }));
  by("seat").replaceChildren(roles, person, departments, inspectors, units);
  by("seat").children[focused]?.focus(); // whoever chooses by key goes on choosing
}

async function reseat(changes) {
  changeSeat(changes);
  showSeat();
  await openList(0);
}

function query(which) {
  const department = encodeURIComponent(seat.department);
  // What is to be confirmed lies with a department below.
  const own = seat.role === "department" && seat.known.open && !which.query.includes(DEPARTMENT) ? `&department=${department}` : "";
  return `${which.query.replace(PERSON, encodeURIComponent(seat.person)).replace(DEPARTMENT, department)}${own}`;
}

// `wish` is the order that is opened where the list has it, else the first one.
function openList(index, wish = "") {
  chosenList = index;
  found = words.value = "";
  return openQuery(query(myLists()[index]), wish);
}

// All orders that the seat sees, however they stand, in which the words occur.
function find(wish = "") {
  found = words.value.trim();
  return found ? openQuery(query({ query: `words=${encodeURIComponent(found)}` }), wish) : openList(chosenList, wish);
}

async function openQuery(asked, wish) {
  chosen = "";
  wished = wish;
  order = null;
  view.node.hidden = true;
  if (!wish) backToList();
  showLists();
  list.begin(asked);
  await Promise.all([refresh(), count()]);
}

const counted = new Map(); // query → how many there are

function showLists() {
  const focused = [...by("lists").children].indexOf(document.activeElement);
  redraw(by("lists"), ...myLists().map((each, index) => {
    const number = counted.get(query(each));
    const button = el("button", { type: "button", "aria-pressed": String(index === chosenList && !found) }, name(each),
      number === undefined ? "" : el("span", { class: number && !each.watched ? "count" : "count none" }, String(number)));
    // Where it stands when it is pressed: a seat that has the same list elsewhere keeps the button.
    button.addEventListener("click", () => openList([...by("lists").children].indexOf(button)));
    return button;
  }));
  if (focused >= 0) by("lists").children[focused]?.focus(); // also where its number has changed
}

async function count() {
  const isNewest = countsAsked();
  const all = await Promise.all(myLists().map(async (each) => {
    const asked = query(each);
    const found = await ask(`/orders?limit=1&count=true&${asked}`).then(answered).catch(() => null); // the list itself says what is wrong
    return [asked, found?.total];
  }));
  if (!isNewest()) return;
  for (const [asked, total] of all) if (total !== undefined) counted.set(asked, total);
  showLists();
}

function stillGone() {
  for (const [id, until] of gone) if (until < Date.now()) gone.delete(id);
  return gone;
}

async function refresh() {
  const isNewest = refreshes();
  try {
    await list.load((id) => stillGone().has(id));
    if (!chosen) chosen = list.has(wished) ? wished : list.first();
    if (wished && chosen !== wished) look("list");
    wished = "";
    remember();
    list.show(); // also where the order that is open cannot be had
    await showOrder().catch(async (error) => {
      if (list.has(chosen) || !error.decided) throw error; // without an answer nobody is taken elsewhere
      chosen = list.first(); // it has gone where this seat does not see it
      remember();
      list.show();
      await showOrder();
    });
    if (isNewest() && trouble) notice("");
  } catch (error) {
    if (!isNewest()) return;
    const told = say("Cannot update at the moment ({})", error.message);
    if (by("notice").textContent !== told) notice(told); // said once, however often it is tried
  }
}

// On a phone the order takes the place of the list, and the browser's way back leads to the list.
function choose(id) {
  if (PHONE.matches && by("halves").dataset.seen !== "order") history.pushState({ above: true }, "");
  look("order");
  return open(id);
}

async function open(id) {
  chosen = id;
  remember();
  list.show();
  try {
    await showOrder(true);
    if (trouble) notice("");
  } catch (error) {
    notice(say("Cannot be shown: {}", error.message));
  }
}

async function fetched(id) {
  return answered(await ask(`/orders/${encodeURIComponent(id)}`));
}

// Fetches what comes next in the list, so that it is there at once.
function lookAhead() {
  for (const [id, { at }] of ahead) if (at + FRESH_MS < Date.now()) ahead.delete(id);
  for (const id of list.after(chosen, AHEAD)) {
    if (!ahead.has(id)) ahead.set(id, { at: Date.now(), found: fetched(id).catch(() => null) });
  }
}

let goOnByKey = () => null; // for whoever had the keyboard in the order that is shown, however many answers are overtaken

async function showOrder(mayBeAhead = false) {
  if (view.node.contains(document.activeElement)) goOnByKey = keyboardIn(view.node);
  if (!chosen) order = null;
  view.node.hidden = !order;
  view.node.inert = order?.id !== chosen; // nothing is done to the one before while the list already points at another
  if (!chosen) return;
  const wanted = chosen;
  const isNewest = ordersAsked();
  const known = mayBeAhead ? ahead.get(wanted) : null;
  ahead.delete(wanted); // once it is shown, there may be news of it
  const found = (known && known.at + FRESH_MS > Date.now() && (await known.found)) || (await fetched(wanted));
  if (wanted !== chosen || !isNewest()) return; // somebody has gone on meanwhile, or a newer answer has come
  order = found;
  for (const each of [compared, similar, place]) each.turnTo(found);
  view.node.inert = false;
  redraw(head, el("h2", { class: "written" }, order.title || (order.category ? name(order.category) : say("Report"))), el("span", { class: order.priority <= 2 ? "badge bad" : "badge" }, `P${order.priority}`), stateBadge(order),
    el("a", { class: "push", href: `/o/${encodeURIComponent(order.id)}` }, el("code", {}, order.id)));
  view.show(order);
  showChoices();
  await moves.show(found);
  if (order !== found) return;
  goOnByKey(choices.childElementCount ? choices : moves.node);
  goOnByKey = () => null;
  lookAhead();
  await Promise.all([compared.show(found), similar.show(found), place.show(found)]);
}

function showChoices() {
  redraw(choices, ...(seat.role === "reviewer" ? alternativeRows(order, decide) : []));
}

// One key, one decision: the next order comes up at once, while the desk decides. A refused one comes back.
async function decide(index) {
  if (order?.id !== chosen || seat.role !== "reviewer") return; // what is not shown yet is not decided
  const picked = alternativesOf(order)[index];
  if (!picked) return;
  const before = order;
  gone.set(before.id, Date.now() + GONE_MS);
  goOn(before.id);
  const { refused } = await take(before, "decide", decision(picked));
  if (refused) {
    gone.delete(before.id);
    noticeFor(colon(called(before), refused));
  } else {
    sayDone(say("Decided:"), before);
  }
  soon();
}

// The order behind one that leaves the list comes up.
function goOn(id) {
  const [next] = list.after(id, 1);
  list.drop(id);
  return open(next || list.last());
}

async function afterMove(move, before, seq, given) {
  await shownAs(before.id, seq);
  sayDone(colon(moveName(move)), before, await undoing(before, move.action, given).catch(() => null));
  const [next] = list.after(before.id, 1);
  await list.load((id) => stillGone().has(id)).catch(() => null); // `refresh` says so
  const isGone = chosen === before.id && !list.has(before.id);
  if (isGone) { // nobody who has gone on meanwhile is taken elsewhere
    chosen = next && list.has(next) ? next : list.last();
    backToList();
  }
  await refresh();
  if (isGone) list.reveal();
  count();
}

// Accepts several orders, one after the other, and says which were refused.
async function acceptAll(lines) {
  const refusals = [];
  for (const line of lines) {
    const { refused } = await take(line, "accept", {});
    if (refused) refusals.push(colon(called(line), refused));
    else gone.set(line.id, Date.now() + GONE_MS);
  }
  sayDone(say("{} accepted, {} refused", lines.length - refusals.length, refusals.length), null);
  if (gone.has(chosen)) chosen = "";
  await refresh();
  noticeFor(refusals.join(" · "));
  count();
}

async function step(by_) {
  const next = list.beside(chosen, by_);
  if (!next) return;
  await open(next);
  list.reveal();
}

// On a phone either the list is seen or the order.
function look(at) {
  by("halves").dataset.seen = at;
  if (at === "order") scrollTo(0, 0);
}

function backToList() {
  if (history.state?.above && by("halves").dataset.seen === "order") history.back();
  else look("list");
}
by("to-list").addEventListener("click", backToList);
addEventListener("popstate", ({ state }) => {
  look(state?.seen || "list");
  remember();
});

let waiting = 0;
let lately = 0;
function soon() {
  waiting ||= setTimeout(() => {
    [waiting, lately] = [0, Date.now()];
    refresh();
    count();
  }, Math.max(SOON_MS, lately + OFTEN_MS - Date.now()));
}

function changed(told) {
  if (told?.order_id) ahead.delete(told.order_id);
  else ahead.clear();
  if (!document.hidden) soon();
}

const urgent = urgentBanner(choose, () => seat.known?.zone);
by("notice").before(urgent.node);

const deciding = () => seat.role === "reviewer" && alternativesOf(order).length > 0;
const sheet = keyboard([
  ["j", say("the next order"), () => step(1), () => true],
  ["k", say("the one before"), () => step(-1), () => true],
  ["/", say("find orders"), () => words.focus(), () => true],
  ["o", say("open it on its own page"), () => { location.href = `/o/${encodeURIComponent(chosen)}`; }, () => Boolean(chosen)],
  ["1", say("the first alternative"), () => decide(0), deciding],
  ["2", say("the second alternative"), () => decide(1), deciding],
  ["3", say("the third alternative"), () => decide(2), deciding],
  ["x", say("pick it, to accept several together"), () => list.pick(chosen), () => list.picking()],
  undoKey,
  ...moves.keys(() => (order?.id === chosen ? order : null)),
]);
by("keys").addEventListener("click", sheet);

if (seat.known && seat.known.seats.length) {
  showSeat();
  const { list: last, found: looked, order: wish, seen } = history.state || {};
  if (seen) look(seen);
  chosenList = Math.max(0, myLists().findIndex((each) => each.query === last));
  words.value = looked || "";
  await find(wish);
  setInterval(() => document.hidden || soon(), REFRESH_MS);
  document.addEventListener("visibilitychange", () => document.hidden || soon());
  follow({ assigned: changed, changed, missed: changed, urgent: urgent.announce });
} else {
  by("lines").hidden = finding.hidden = true;
  notice(say("This token has no seat at the desk"));
}
