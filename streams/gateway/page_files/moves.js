import { announced, answered, ask, bodyOf, el, instant, isDecided, keyboardIn, LATEST, refusal, untilAnswered } from "/page/common.js";
import { colon, language, name, say } from "/page/language.js";
import { titled } from "/page/said.js";
import { NO_FAULT } from "/page/terms.js";
import { decided, keyOf, waitedFor } from "/page/undecided.js";

const GRADES = [say("1 very dissatisfied"), say("2 dissatisfied"), say("3 fairly satisfied"), say("4 satisfied"), say("5 very satisfied")];
const LABELS = {
  reason: say("Reason"), code: say("Code"), category: say("Category"), condition: say("Condition"), department: say("Department"),
  until: say("Until (the city's time)"), level: say("Level"), priority: say("Priority"), evidence_urls: say("Links to photos, one a line"),
  satisfied: say("Settled?"), satisfaction: say("Satisfaction"), other_order_id: say("The other order"), report: say("Report"), inspector: say("Inspector"),
  plan: say("Plan of the city"), area: say("Area"),
};

const UNDECIDED = say("Taken in; not decided yet. Press again to ask what became of it: it is taken once.");
const STILL_UNDECIDED = say("Taken in, and still not decided. Look at the order before you press again: then it is another step.");

// What the gateway says of the seat, null where the token has none. Without a seat a page shows nothing, and no answer does
// not say whose it is: it is asked for until there is one.
async function askForSeat() {
  const notice = document.getElementById("notice");
  let troubled = false;
  const told = await untilAnswered(() => ask("/seat").then(answered), (error) => {
    announced(notice, say("Cannot update at the moment ({})", error.message));
    troubled = true;
    notice.hidden = false;
  }).catch(() => null);
  if (troubled) notice.hidden = true;
  return told;
}

// Who sits there. Without tokens a person says so; it is kept for this tab.
export const seat = { known: null, role: "", department: "", person: "" };

export async function takeSeat() {
  seat.known = await askForSeat();
  if (!seat.known) return null;
  const kept = JSON.parse(sessionStorage.getItem("seat") || "{}");
  const roles = seat.known.seats.map((each) => each.role);
  seat.role = roles.includes(kept.role) ? kept.role : roles[0];
  seat.department = seat.known.department || kept.department || seat.known.departments[0].id;
  seat.person = seat.known.person || kept.person || "";
  return seat;
}

// Whoever gives another token in the middle may be somebody else, with other lists and moves.
document.addEventListener("othertoken", async () => {
  if (!seat.known) return;
  const before = JSON.stringify([seat.known.seats, seat.known.person, seat.known.department]);
  const { seats = [], person, department } = (await askForSeat()) || {};
  if (JSON.stringify([seats, person, department]) !== before) location.reload();
});

export function changeSeat(changes) {
  Object.assign(seat, changes);
  sessionStorage.setItem("seat", JSON.stringify({ role: seat.role, department: seat.department, person: seat.person }));
}

// What a category is called, as far as the seat knows; the classifier's label for what is no fault is none of a city.
export function categoryName(code) {
  const known = seat.known?.categories.find((each) => each.id === code);
  return known ? name(known) : code === NO_FAULT ? say("no fault") : code;
}

// The same of a department; any other words stay as they are.
export function departmentName(code) {
  const known = seat.known?.departments.find((each) => each.id === code);
  return known ? name(known) : code;
}

// The conditions of categories. A gateway of a version before says their ids alone.
function conditions(categories) {
  return (categories || []).flatMap((each) => each.conditions).map((each) => (each.id ? each : { id: each }));
}

// The same of a condition, which belongs to a category.
export function conditionName(code) {
  const known = conditions(seat.known?.categories).find((each) => each.id === code);
  return known ? name(known) : code;
}

// Take a step. Gives what is to be told where the desk has not taken it, "" where it has, and the row that it led to.
export async function take(order, action, given) {
  const attempt = order.attempt ?? 0;
  const name = JSON.stringify([order.id, attempt, action, seat.role, seat.department, seat.person]);
  let answered = null;
  try {
    answered = await send(order.id, { action, attempt, ...given }, keyOf(name, JSON.stringify(given)));
  } catch (error) {
    return { refused: say("Not sent ({}). Press again: it is taken once.", error.message), seq: 0 };
  }
  const { status, told, waited } = answered;
  if (isDecided(status)) decided(name);
  if (status === 202) return { refused: !waited || waitedFor(name) ? UNDECIDED : STILL_UNDECIDED, seq: 0 };
  if (status < 300) return { refused: "", seq: told.fact?.seq || 0 };
  return { refused: refusal(told, (field) => LABELS[field]) || `HTTP ${status}`, seq: 0 };
}

async function send(id, step, key) {
  // Whoever tries it out without a name is another person on each seat: who handled an order does not check it.
  const by = { role: seat.role, id: seat.person || `trial-${seat.role}`, ...(seat.role === "department" ? { department: seat.department } : {}) };
  const response = await ask(`/orders/${encodeURIComponent(id)}/updates`, {
    method: "POST", body: JSON.stringify({ ...step, ...(seat.known.open ? { by } : {}) }),
    headers: { "content-type": "application/json", prefer: "wait=5", "idempotency-key": key },
  });
  return { status: response.status, told: await bodyOf(response), waited: response.headers.has("preference-applied") };
}

// The attempt of an order, and the moves that the table of the lifecycle has for whoever sits there. Throws where the gateway
// does not say: that is not to have none.
async function movesNow(order) {
  const response = await ask(`/orders/${encodeURIComponent(order.id)}/moves`);
  const { attempt, moves } = response.ok || !isDecided(response.status) ? await answered(response) : { moves: [] };
  return { attempt, moves: moves.filter((move) => move.roles.includes(seat.role) && move.fields.every((field) => canBeGiven(field, order))) };
}

// The reports that an order could do without: all but the one that opened it, if it was a report.
function joinedReports(order) {
  return (order.evidence?.shown || []).slice(1).filter((seen) => seen.kind === "report");
}

// Whether there is anything to choose from for what has to be given.
function canBeGiven(field, order) {
  return !field.needed || (field.kind === "report" ? joinedReports(order).length > 0 : !field.choices || field.choices.length > 0);
}

const BACK_AGAIN = "perhaps-same"; // takes back that two orders are not the same
const BEYOND = "relate"; // names an order of another area
// What takes an action back, with what. Only where the table of the lifecycle then has that for the seat.
const BACK = {
  "force-close": () => ["reopen", {}],
  forward: () => ["take-back", {}],
  "re-assign": (before) => (before.department ? ["re-assign", { department: before.department.id }] : []),
  "give-check": (before) => (before.inspector ? ["give-check", { inspector: before.inspector }] : []),
  unmerge: (before) => (before.parent ? ["merge", { other_order_id: before.parent }] : []),
  "re-categorise": (before) => ["re-categorise", { category: before.category?.id, condition: before.condition }],
  // A return that was granted stays granted: its department does not get the order back by undoing.
  "move-area": (before) => (before.state !== "returned" && seat.known.areas.some((each) => each.id === before.area?.id) ? ["move-area", { area: before.area.id }] : []),
  prioritise: (before) => ["prioritise", { priority: before.priority }],
  merge: () => ["unmerge", {}],
  "keep-apart": (before, given) => [BACK_AGAIN, { other_order_id: given.other_order_id }],
  "approve-suspension": () => ["resume", {}],
};

// The function that takes an action back, given the order as it was before and what the action said; null where nothing does.
export async function undoing(before, action, said) {
  const [back, given] = BACK[action]?.(before, said) || [];
  if (!back) return null;
  const { attempt, moves } = await movesNow(before); // a step that gave it to somebody else has made another attempt
  if (!moves.some((move) => move.action === back)) return null;
  return () => take({ ...before, attempt }, back, { ...given, reason: say("Taken back") });
}

// Waits until the tables have a decision: they learn of it a moment after the desk has made it.
export async function shownAs(id, seq) {
  for (let waits = 0; waits < 10; waits += 1) {
    const response = await ask(`/orders/${encodeURIComponent(id)}`).catch(() => null);
    if (!response?.ok || (await bodyOf(response)).seq >= seq) return;
    await new Promise((resolve) => setTimeout(resolve, 100 * (waits + 1)));
  }
}

// Nothing is chosen for anybody: what has to be given, a person gives, unless there is but one.
function choice(field, rows, needed) {
  return el("select", { name: field, required: needed }, needed && rows.length === 1 ? "" : el("option", { value: "" }, "–"),
    ...rows.map(([value, text]) => el("option", { value }, text)));
}

// The area where an order was found, as its id says.
function foundIn(id) {
  return id.split("-").slice(0, -2).join("-");
}

// The orders beyond a border that are linked to one.
function beyond(order) {
  return (order.linked || []).filter((other) => foundIn(other) !== foundIn(order.id));
}

function named(known) {
  return [known.id, name(known)];
}

function numbers(most) {
  return Array.from({ length: most }, (_, index) => [String(index + 1), String(index + 1)]);
}

// A field for words, with the city's sentences for it, where there are any: one that is chosen is put below what stands there already.
function withTexts({ texts = [] }, words) {
  if (!texts.length) return words;
  const offered = el("select", { class: "texts", "aria-label": say("Standard texts") }, el("option", { value: "" }, say("Standard texts")),
    ...texts.map((text) => el("option", { value: text }, text)));
  offered.addEventListener("change", () => {
    words.value = [words.value.trimEnd(), offered.value].filter(Boolean).join("\n");
    offered.value = "";
    words.dispatchEvent(new Event("input", { bubbles: true }));
    words.focus();
  });
  words.setAttribute("aria-label", LABELS.reason); // the label is that of the first of two
  return el("span", { class: "with-texts" }, offered, words);
}

const CONTROLS = {
  text: (field) => withTexts(field, el("textarea", { name: field.name, rows: 2, required: field.needed, maxlength: 10000 })),
  links: (field) => el("textarea", { name: field.name, rows: 2, required: field.needed }),
  order: (field) => {
    const options = el("datalist", { id: "orders-like" }, ...(field.likely || []).map((id) => el("option", { value: id })));
    return el("span", {}, el("input", { name: field.name, required: field.needed, list: "orders-like" }), options);
  },
  instant: (field) => el("input", { name: field.name, type: "datetime-local", max: LATEST, required: field.needed }),
  category: (field, order) => {
    const rows = seat.known.categories.map(named);
    const likely = new Set(((order.guess && order.guess.alternatives) || []).map(([code]) => code));
    return choice(field.name, [...rows.filter(([id]) => likely.has(id)), ...rows.filter(([id]) => !likely.has(id))], field.needed);
  },
  condition: (field) => choice(field.name, [], field.needed),
  area: (field, order) => {
    const rows = seat.known.areas.filter((each) => each.id !== order.area?.id).map(named);
    const likely = new Set([foundIn(order.id), ...beyond(order).map(foundIn)]);
    return choice(field.name, [...rows.filter(([id]) => likely.has(id)), ...rows.filter(([id]) => !likely.has(id))], field.needed);
  },
  department: (field) => choice(field.name, seat.known.departments.map(named), field.needed),
  inspector: (field) => choice(field.name, field.choices.map((each) => [each.id, each.id]), field.needed),
  code: (field) => choice(field.name, field.choices.map(named), field.needed),
  plan: (field) => choice(field.name, field.choices.map(named), field.needed),
  level: (field, order) => choice(field.name, numbers(seat.known.levels).filter(([level]) => level >= (order.supervision || 0)), field.needed),
  priority: (field, order) => choice(field.name, numbers(5).filter(([priority]) => Number(priority) !== order.priority), field.needed),
  "yes-no": (field) => choice(field.name, [["true", say("yes")], ["false", say("no")]], field.needed),
  grade: (field) => choice(field.name, GRADES.map((text, index) => [String(index + 1), text]), field.needed),
  report: (field, order) => choice(field.name, joinedReports(order)
    .map((seen) => [JSON.stringify({ source: seen.source, id: seen.id }), `${seen.id} ${[...(seen.text || "")].slice(0, 40).join("")}`]), field.needed),
};

// Puts a value into a form. Conditions are those of the category that is chosen there, else of the order's: the desk takes no other.
function put(form, order, name, value) {
  form.elements[name].value = value;
  if (name === "category") fitConditions(form, order);
}

function fitConditions(form, order) {
  const { category, condition } = form.elements;
  if (!condition) return;
  const of = category?.value || order.category?.id;
  const rows = conditions(seat.known.categories.filter((each) => each.id === of)).map(named);
  const before = condition.value;
  condition.replaceChildren(...choice("", rows, condition.required).children);
  condition.value = rows.some(([id]) => id === before) ? before : (condition.options[0]?.value ?? ""); // options that move take what is chosen along
  condition.closest("label").hidden = !rows.length;
}

const READ = {
  links: (text) => text.split(/\s+/).filter(Boolean),
  instant: (text) => instant(text, seat.known.zone),
  level: Number, priority: Number, grade: Number, report: JSON.parse,
  "yes-no": (text) => text === "true",
};

function given(form, fields) {
  const said = new FormData(form);
  return Object.fromEntries(fields.map((field) => [field, String(said.get(field.name) || "").trim()]).filter(([, text]) => text)
    .map(([field, text]) => [field.name, (READ[field.kind] || String)(text)]));
}

// A move by its name: the trade's term, or what the action is called in English.
export function called(move) {
  return language === "zh" ? move.term : move.action.replaceAll("-", " ").replace(/^re /, "re-");
}

// The keys of moves. Where an order has two moves of one key, it is the first one's.
export const MOVE_KEYS = {
  accept: "a", "accept-task": "a", arrive: "v", decide: "d", arbitrate: "d", "re-assign": "e", handle: "h", return: "r", "decline-task": "r", reject: "r", resume: "r", reopen: "r",
  "approve-return": "y", "approve-extension": "y", "approve-suspension": "y", "approve-appeal": "y", "check-pass": "y", "verify-pass": "y",
  "refuse-return": "n", "refuse-extension": "n", "refuse-suspension": "n", "refuse-appeal": "n", "check-fail": "n", "verify-fail": "n",
  merge: "m", "call-back": "b", prioritise: "p", supervise: "s", "give-check": "g", "force-close": "z", comment: "c",
};
const MOST_DRAFTS = 50;
const DRAFTS = "drafts"; // where they are kept for this tab
// These need no form where nothing has to be given with them.
const AT_ONCE = ["accept", "accept-task", "arrive", "verify-pass", "resume", "check-pass", "approve-extension", "approve-suspension"];

// The moves of an order as buttons, each of which opens its form. `done(move, before, seq, given)` is called when one was taken.
export async function movesPanel(done) {
  const who = el("small", {});
  const node = el("section", { class: "doing", hidden: true, tabindex: "-1", "aria-label": say("What may be done now") }, who);
  const buttons = el("div", { class: "moves" });
  const place = el("div");
  const told = el("p", { class: "notice", role: "alert", hidden: true });
  node.append(buttons, place, told);
  let drawn = "";
  let drawnFor = ""; // whose order's moves they are, and at which seat
  let wanted = ""; // what was asked for last
  let shown = ""; // the id of the order that is shown
  let filling = null; // the form that is open: the order's id, the action, and whether something has been typed
  const kept = () => JSON.parse(sessionStorage.getItem(DRAFTS) || '{"drafts": [], "left": []}');
  const drafts = new Map(kept().drafts); // what has been typed and not sent yet, by seat, order and action
  const left = new Map(kept().left); // the move whose form was open when another order was chosen, by seat and order
  const sending = new Set(); // the steps that are on their way
  const there = await takeSeat();
  let mine = [];
  let early = null; // the key that was pressed before the moves of the order that is shown had come, and its id

  function tell(sentence) {
    told.textContent = sentence;
    told.hidden = !sentence;
  }

  function close() {
    filling = null;
    place.replaceChildren();
  }

  const placeOf = (id, ...more) => JSON.stringify([seat.role, seat.department, seat.person, id, ...more]);

  // What has been typed outlasts the page: it is loaded anew, left, or shown in another language.
  addEventListener("pagehide", () => {
    leave();
    sessionStorage.setItem(DRAFTS, JSON.stringify({ drafts: [...drafts], left: [...left] }));
  });
  addEventListener("pageshow", ({ persisted }) => {
    if (!persisted) return; // another page of this tab may have sent or dropped some
    for (const [map, now] of [[drafts, kept().drafts], [left, kept().left]]) {
      map.clear();
      for (const [place, what] of now) map.set(place, what);
    }
  });

  function leave() {
    keep();
    if (filling?.typed) left.set(filling.place, filling.move);
  }

  // What has been typed into the form that is open is kept for when it is opened again.
  function keep() {
    if (!filling?.typed) return;
    const { draft, form } = filling;
    drafts.delete(draft); // the newest stands last
    drafts.set(draft, [...new FormData(form)]);
    if (drafts.size > MOST_DRAFTS) drafts.delete(drafts.keys().next().value);
  }

  function dropDraft(id, action) {
    drafts.delete(placeOf(id, action));
    left.delete(placeOf(id));
  }

  // `done` gets the move itself: the table may have others by the time that the desk has decided. Whoever presses twice asks
  // once; where another order is shown when the answer comes, a refusal says whose it is.
  async function act(order, move, fields, form = null) {
    const step = placeOf(order.id, move.action);
    if (sending.has(step)) return;
    sending.add(step);
    const goOn = keyboardIn(node);
    showSending();
    const { refused, seq } = await take(order, move.action, fields);
    sending.delete(step);
    showSending();
    if (refused) tell(order.id === shown ? refused : colon(titled(order), refused));
    else if (order.id === shown) tell("");
    if (!refused) {
      dropDraft(order.id, move.action);
      if (form && filling?.form === form) close(); // another one may have been opened meanwhile
      await done(move, order, seq, fields);
    }
    if (!refused) goOn(node);
    else if (!form) goOn(buttons.querySelector(`[data-action="${move.action}"]`));
  }

  function showSending() {
    for (const button of buttons.querySelectorAll("[data-action]")) button.disabled = sending.has(placeOf(shown, button.dataset.action));
  }

  function open(order, move, filled = {}, focused = true) {
    tell("");
    keep();
    if (AT_ONCE.includes(move.action) && !move.fields.some((field) => field.needed)) {
      act(order, move, {});
      return;
    }
    const send = el("button", { class: "primary" }, called(move));
    const cancel = el("button", { type: "button" }, say("Cancel"));
    const form = el("form", { class: "move", "data-action": move.action },
      ...move.fields.map((field) => el("label", {}, `${LABELS[field.name] || field.name}${field.needed ? " *" : ""}`, CONTROLS[field.kind](field, order, move))),
      el("div", { class: "moves" }, send, cancel));
    fitConditions(form, order);
    form.elements.category?.addEventListener("change", () => fitConditions(form, order));
    for (const { name: field, suggested } of move.fields) if (suggested) put(form, order, field, suggested);
    for (const [field, value] of Object.entries(filled)) put(form, order, field, value);
    const draft = drafts.get(placeOf(order.id, move.action)) || [];
    for (const [field, value] of draft) if (!(field in filled) && form.elements[field]) put(form, order, field, value);
    filling = { id: order.id, order, action: move.action, move, form, typed: draft.length > 0, place: placeOf(order.id), draft: placeOf(order.id, move.action) };
    form.addEventListener("input", () => {
      if (filling?.form === form) filling.typed = true;
    });
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const goOn = keyboardIn(form);
      const sent = act(filling?.form === form ? filling.order : order, move, given(form, move.fields), form);
      send.disabled = true;
      await sent;
      send.disabled = false;
      goOn(send);
    });
    cancel.addEventListener("click", () => {
      dropDraft(order.id, move.action);
      close();
      buttons.querySelector(`[data-action="${move.action}"]`)?.focus();
    });
    place.replaceChildren(form);
    if (focused) form.querySelector("textarea, select, input")?.focus();
  }

  // A form stays open, also when the order changes meanwhile; where something has been typed, that is said.
  function keepForm(order, back = false) {
    if (!filling) return;
    const still = mine.some((move) => move.action === filling.action);
    if (filling.id !== order.id || !(still || filling.typed)) {
      close();
      return;
    }
    if (back && still) tell(say("What you have written before is still here."));
    else if (filling.typed) tell(still ? say("The order has changed meanwhile. What you have written is still here.")
      : say("The order has changed meanwhile, and this can no longer be done. What you have written is still here."));
    filling.order = order; // what is sent from now on is meant for the attempt that is shown
    filling.form.querySelector(".primary").disabled = !still;
  }

  // No button may act on an order that is no longer the one shown.
  function forget() {
    leave();
    tell("");
    close();
    mine = [];
    drawn = drawnFor = "";
    buttons.replaceChildren();
  }

  async function show(order) {
    if (!there) return;
    const state = JSON.stringify([order.id, order.seq, seat.role, seat.department, seat.person]);
    wanted = state;
    shown = order.id;
    if (state === drawn) return;
    if (drawnFor !== placeOf(order.id)) forget();
    if (early?.id !== order.id) early = null;
    const found = await movesNow(order).then(({ moves }) => moves).catch((error) => {
      early = null; // nothing is done later for a key that found nothing
      throw error;
    });
    if (wanted !== state) return; // another order is shown meanwhile
    mine = found;
    node.hidden = false;
    who.textContent = name(seat.known.seats.find((each) => each.role === seat.role));
    [drawn, drawnFor] = [state, placeOf(order.id)];
    const focused = buttons.contains(document.activeElement) ? document.activeElement.dataset.action : "";
    const unfinished = filling ? null : left.get(placeOf(order.id));
    if (unfinished) open(order, unfinished, {}, false);
    keepForm(order, Boolean(unfinished));
    buttons.replaceChildren(...mine.map((move) => {
      const key = byKey(MOVE_KEYS[move.action]) === move ? MOVE_KEYS[move.action] : null;
      const button = el("button", { type: "button", "data-action": move.action, "aria-keyshortcuts": key, title: language === "en" ? move.note : null }, called(move),
        key ? el("kbd", { "aria-hidden": "true" }, key) : "");
      button.addEventListener("click", () => open(order, move));
      return button;
    }), ...(mine.length ? [] : [el("p", { class: "soft" }, say("Nothing for this seat now"))]));
    showSending();
    if (focused) buttons.querySelector(`[data-action="${focused}"]`)?.focus();
    const pressed = byKey(early?.key);
    early = null;
    if (pressed) open(order, pressed);
  }

  // The moves that name another order, as buttons that open their form with that one; orders merge only into an open one,
  // and what a person has kept apart is no candidate, so nothing is to be taken back beside one; nor is what is of another area.
  function naming(order, other) {
    const fits = (move) => ![BACK_AGAIN, BEYOND].includes(move.action) && (move.action !== "merge" || other.status === "open");
    return mine.filter((move) => fits(move) && move.fields.some((field) => field.kind === "order")).map((move) => {
      const button = el("button", { type: "button" }, called(move));
      const field = move.fields.find((each) => each.kind === "order");
      button.addEventListener("click", () => open(order, move, { [field.name]: other.id }));
      return button;
    });
  }

  const byKey = (key) => (key ? mine.find((move) => MOVE_KEYS[move.action] === key) : undefined);

  // Whether an order is shown whose moves are still being asked for.
  const isAwaited = (order) => !drawn && order.id === shown;

  function press(order, key) {
    if (byKey(key)) open(order, byKey(key));
    else early = { id: order.id, key };
  }

  // Rows for `keyboard`: each key does what the move does whose it is, of the order that `shown()` gives; where its moves
  // have not come yet, as soon as they are there.
  function keys(shown) {
    return [...new Set(Object.values(MOVE_KEYS))].map((key) => [key, () => (byKey(key) ? called(byKey(key)) : ""), () => press(shown(), key),
      () => Boolean(shown()) && (Boolean(byKey(key)) || isAwaited(shown()))]);
  }

  return {
    node, show, act, naming, keys,
    find: (action) => mine.find((move) => move.action === action),
  };
}
