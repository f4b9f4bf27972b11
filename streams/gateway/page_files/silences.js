import { answered, ask, el, GAP, instant, inTurn, keepTyped, keyboardIn, LATEST, redraw, said as saidOf, timed, untilAnswered, woven } from "/page/common.js";
import { language, name, say } from "/page/language.js";
import { departmentName, seat, takeSeat } from "/page/moves.js";
import { decided, keyOf } from "/page/undecided.js";

const REFRESH_MS = 5000;
const SETS = "/silences";
const by = (id) => document.getElementById(id);
const STATES = {
  "awaiting-approval": say("waits for a second person"), pending: say("begins later"), active: say("in force"), expired: say("over"),
};
const SETTING = ["dispatcher", "duty-officer", "operator"];
const APPROVING = ["duty-officer", "operator"];

function tell(sentence) {
  by("notice").textContent = sentence;
  by("notice").hidden = !sentence;
}

// As whom somebody acts; with a token the gateway knows.
function acting() {
  return seat.known?.open ? { by: seat.person || `trial-${seat.role}` } : {};
}

const sending = new Set(); // what is on its way: nothing is sent twice by pressing twice

// Whether it was taken; a refusal is said where whoever pressed sees it, and so what could not be sent. Until it was taken
// the same goes under the same key.
async function send(path, body, form = null) {
  const text = JSON.stringify({ ...body, ...acting() });
  const what = JSON.stringify([path, body]);
  const step = JSON.stringify([location.pathname, what]); // whoever sets another one meanwhile goes on with this one, too
  if (sending.has(what)) return false;
  sending.add(what);
  let refused = "";
  try {
    const { state } = await answered(await ask(path, { method: "POST", body: text, headers: { "content-type": "application/json", "idempotency-key": keyOf(step, text) } }));
    decided(step);
    if (path === SETS && state === "expired") refused = say("It was set before, and is over by now. Press again to set another one.");
  } catch (error) {
    refused = error.told ? saidOf(error, form) : say("Not sent ({}). Press again: it is taken once.", error.message);
  }
  sending.delete(what);
  tell(refused);
  await show(refused);
  if (refused) by("notice").scrollIntoView({ block: "center" });
  return !refused;
}

function button(title, path) {
  const node = el("button", { type: "button", "data-path": path }, title);
  node.addEventListener("click", async () => {
    const goOn = keyboardIn(node);
    node.disabled = true;
    await send(path, {});
    node.disabled = false;
    goOn(node.isConnected ? node : by("known"));
  });
  return node;
}

// What a silence or a control zone covers.
function covered(each) {
  const closer = each.camera_id || each.source || each.location; // than the whole city
  return [each.category ? name(each.category) : say("everything"), each.area ? name(each.area) : closer ? "" : say("the whole city")];
}

function line(silence) {
  const what = [silence.lifts ? say("lifts a control zone") : "", ...covered(silence),
    silence.camera_id, silence.source, silence.location ? say("{} m around {}", silence.radius_m, `${silence.location.lat}, ${silence.location.lon}`) : ""];
  const path = `/silences/${silence.number}`;
  const waits = silence.state === "awaiting-approval";
  return el("li", {},
    el("div", { class: "top" }, el("strong", {}, `${silence.number} · ${what.filter(Boolean).join(" · ")}`), el("span", { class: waits ? "badge warn" : "badge" }, STATES[silence.state])),
    el("p", {}, silence.comment),
    el("p", { class: "soft" }, ...woven(say("{} to {}", GAP, GAP), timed(silence.starts_at, zone), timed(silence.ends_at, zone)), " · ", departmentName(silence.owner),
      silence.created_by ? ` · ${say("set by {}", silence.created_by)}` : "", silence.approved_by ? ` · ${say("approved by {}", silence.approved_by)}` : ""),
    el("div", { class: "moves" },
      waits && APPROVING.includes(seat.role) ? button(say("Approve"), `${path}/approve`) : "",
      SETTING.includes(seat.role) ? button(say("End"), `${path}/end`) : ""));
}

const answering = () => el("label", {}, say("Who answers for it"), el("input", { name: "owner", required: true, maxlength: 200 }));
const because = () => el("label", {}, say("Reason"), el("textarea", { name: "comment", rows: 3, required: true, maxlength: 2000 }));

const lifting = new Map(); // the forms, by zone: what is written there stays, whatever is drawn anew meanwhile

function lift(controlled) {
  const { lifts, ends_at: ends } = controlled;
  if (!lifting.has(lifts)) {
    const form = el("form", { class: "move" }, answering(), because(), el("button", { class: "primary" }, say("Lift")));
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const said = Object.fromEntries(new FormData(form));
      if (await send(SETS, { ...said, lifts, ends_at: ends }, form)) lifting.delete(lifts);
    });
    lifting.set(lifts, el("details", { open: keepTyped(form, lifts) }, el("summary", {}, say("Lift this control zone")), form));
  }
  return lifting.get(lifts);
}

const weekday = new Intl.DateTimeFormat(language, { weekday: "short", timeZone: "UTC" });
const MONDAY = Date.UTC(2024, 0, 1);
const DAYS = {
  ...Object.fromEntries(["mon", "tue", "wed", "thu", "fri", "sat", "sun"].map((day, index) => [day, weekday.format(MONDAY + index * 86_400_000)])),
  workday: say("working days"),
  "day-off": say("days off"),
};

// On which days and at which times of day a control zone holds, where it does not all the time.
function heldAt({ days = [], times = [] }) {
  return [days.map((day) => DAYS[day]).join(", "), times.map((each) => each.replace("-", "–")).join(", ")].filter(Boolean).map((each) => ` · ${each}`).join("");
}

function stateOf(controlled) {
  if (controlled.lifted_by) return say("lifted by silence {}", controlled.lifted_by);
  if (controlled.holds) return STATES.active;
  return new Date(controlled.starts_at) > Date.now() ? STATES.pending : say("not at this hour");
}

let drawn = "";

function showZones(zones) {
  const rows = zones.map((each) => [each, stateOf(each)]);
  if (JSON.stringify(rows) === drawn) return; // nobody's typing is disturbed for nothing
  drawn = JSON.stringify(rows);
  const lines = rows.map(([each, state]) => el("li", {},
    el("div", { class: "top" }, el("strong", {}, covered(each).join(" · ")), el("span", { class: each.lifted_by ? "badge warn" : "badge" }, state)),
    el("p", {}, each.reason),
    el("p", { class: "soft" }, ...woven(say("{} to {}", GAP, GAP), timed(each.starts_at, zone), timed(each.ends_at, zone)), heldAt(each), " · ", departmentName(each.owner)),
    SETTING.includes(seat.role) && !each.lifted_by ? lift(each) : ""));
  by("zones").replaceChildren(...lines, ...(lines.length ? [] : [el("li", { class: "soft" }, say("None yet"))]));
}

const asked = inTurn();
let trouble = false; // whether the page says that it could not be brought up to date

// What has been said (`said`) stays where there is nothing newer to say.
async function show(said = "") {
  const isNewest = asked();
  try {
    const told = await answered(await ask("/silences"));
    if (!isNewest()) return;
    zone = told.zone;
    showZones(told.control_zones);
    redraw(by("known"), ...told.silences.map(line), ...(told.silences.length ? [] : [el("li", { class: "soft" }, say("None yet"))]));
    if (trouble) tell(said);
    trouble = false;
  } catch (error) {
    if (!isNewest()) return;
    const told = say("Cannot update at the moment ({})", error.message);
    if (!said && by("notice").textContent !== told) tell(told); // said once, however often it is tried
    trouble = true;
  }
}

// Larger things first, then single ones: each of `parts` is a title and what stands under it.
function select(field, first, parts) {
  const part = ([title, rows]) => el("optgroup", { label: title }, ...rows.map((each) => el("option", { value: each.id }, name(each))));
  return el("select", { name: field }, el("option", { value: "*" }, first), ...parts.filter(([, rows]) => rows.length).map(part));
}

function form(larger, areas) {
  const number = (field, most) => el("input", { name: field, type: "number", step: "any", min: -most, max: most });
  const node = el("form", { class: "move" },
    el("label", {}, say("Category"), select("category", say("everything"), [[say("Groups"), seat.known.groups], [say("Categories"), seat.known.categories]])),
    el("label", {}, say("Area"), select("area", say("the whole city"), [[say("Larger areas"), larger], [say("Areas"), areas]])),
    el("label", {}, say("Camera"), el("input", { name: "camera_id", maxlength: 200 })),
    el("label", {}, say("Source"), el("input", { name: "source", maxlength: 200 })),
    el("label", {}, say("Latitude"), number("lat", 90)), el("label", {}, say("Longitude"), number("lon", 180)),
    el("label", {}, say("Metres around it"), el("input", { name: "radius_m", type: "number", step: "any", min: 1, max: 100000 })),
    el("label", {}, say("From (the city's time; empty: from now on)"), el("input", { name: "starts_at", type: "datetime-local", max: LATEST })),
    el("label", {}, say("Until (the city's time)"), el("input", { name: "ends_at", type: "datetime-local", max: LATEST, required: true })),
    answering(), because(),
    el("button", { class: "primary" }, say("Silence")));
  node.addEventListener("submit", async (event) => {
    event.preventDefault();
    const typed = () => JSON.stringify([...new FormData(node)]);
    const before = typed();
    const given = Object.fromEntries([...new FormData(node)].map(([field, text]) => [field, text.trim()]).filter(([, text]) => text));
    const { lat, lon, radius_m: radius, starts_at: starts, ends_at: ends, ...rest } = given;
    const begin = starts ? { starts_at: instant(starts, zone) } : {};
    const place = lat && lon ? { location: { lat: Number(lat), lon: Number(lon) }, ...(radius ? { radius_m: Number(radius) } : {}) } : {};
    const press = node.querySelector(".primary");
    const goOn = keyboardIn(node);
    press.disabled = true;
    const taken = await send(SETS, { ...rest, ...place, ...begin, ends_at: instant(ends, zone) }, node);
    press.disabled = false;
    const isOver = taken && typed() === before; // else somebody has gone on to the next one meanwhile
    goOn(isOver ? by("known") : press);
    if (!isOver) return;
    node.reset();
    whole();
    by("known").firstElementChild?.scrollIntoView({ block: "center" }); // there it is, unless the list could not be had yet
  });
  // Half a place is none: it would be the whole city that is silenced.
  const [lat, lon, radius] = ["lat", "lon", "radius_m"].map((field) => node.elements[field]);
  const whole = () => {
    lat.required = lon.required = [lat, lon, radius].some((each) => each.value);
  };
  node.addEventListener("input", whole);
  keepTyped(node, "silence");
  whole();
  return node;
}

// The city's areas; none for who may not read them. They are asked for until there is an answer: a form without them could
// silence nothing but the whole city.
function askForAreas() {
  return untilAnswered(() => ask("/areas").then(answered), () => null).catch(() => ({ above: [], features: [] }));
}

async function offerForm() {
  const { above, features } = await askForAreas();
  by("wanted").append(form(above, features.map((each) => ({ id: each.id, ...each.properties }))));
  by("wanted").hidden = false;
}

await takeSeat();
let zone = seat.known?.zone; // the city's
if (!SETTING.includes(seat.role)) {
  const mine = seat.known?.seats.find((each) => each.role === seat.role);
  by("who").textContent = [mine ? say("Your seat: {}.", name(mine)) : "", say("Dispatchers, the duty officer and the operator set and end silences.")].filter(Boolean).join(" ");
  by("who").hidden = false;
} else {
  offerForm(); // the list does not wait for it
}
await show();
setInterval(() => document.hidden || show(), REFRESH_MS);
