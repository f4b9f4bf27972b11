import { ask, el } from "/page/common.js";
import { language, name, say } from "/page/language.js";

const GRADES = [say("1 very dissatisfied"), say("2 dissatisfied"), say("3 fairly satisfied"), say("4 satisfied"), say("5 very satisfied")];
const LABELS = {
  reason: say("Reason"), code: say("Code"), category: say("Category"), condition: say("Condition"), department: say("Department"),
  until: say("Until (time of this computer)"), level: say("Level"), priority: say("Priority"), evidence_urls: say("Links to photos, one a line"),
  satisfied: say("Settled?"), satisfaction: say("Satisfaction"), other_order_id: say("The other order"), report: say("Report"),
};

// Who sits there. Without tokens a person says so; it is kept for this tab.
export const seat = { known: null, role: "", department: "", person: "" };

export async function takeSeat() {
  const response = await ask("/seat");
  if (!response.ok) return null;
  seat.known = await response.json();
  const kept = JSON.parse(sessionStorage.getItem("seat") || "{}");
  const roles = seat.known.seats.map((each) => each.role);
  seat.role = roles.includes(kept.role) ? kept.role : roles[0];
  seat.department = seat.known.department || kept.department || seat.known.departments[0].id;
  seat.person = seat.known.person || kept.person || "";
  return seat;
}

export function changeSeat(changes) {
  Object.assign(seat, changes);
  sessionStorage.setItem("seat", JSON.stringify({ role: seat.role, department: seat.department, person: seat.person }));
}

// Take a step. Gives the sentence of a refusal, or "" when the desk has taken it.
export async function take(order, action, given) {
  // Whoever tries it out without a name is another person on each seat: who handled an order does not check it.
  const by = { role: seat.role, id: seat.person || `trial-${seat.role}`, ...(seat.role === "department" ? { department: seat.department } : {}) };
  const body = { action, attempt: order.attempt ?? 0, ...given, ...(seat.known.open ? { by } : {}) };
  const response = await ask(`/orders/${encodeURIComponent(order.id)}/updates`, {
    method: "POST", body: JSON.stringify(body), headers: { "content-type": "application/json", prefer: "wait=5" },
  });
  if (response.status === 202) return say("Taken in; not decided yet");
  if (response.ok) return "";
  const problem = await response.json();
  return problem.detail || problem.title || `HTTP ${response.status}`;
}

function choice(field, rows, needed) {
  return el("select", { name: field, required: needed }, needed ? "" : el("option", { value: "" }, "–"),
    ...rows.map(([value, text]) => el("option", { value }, text)));
}

function named(known) {
  return [known.id, name(known)];
}

function numbers(most) {
  return Array.from({ length: most }, (_, index) => [String(index + 1), String(index + 1)]);
}

const CONTROLS = {
  text: (field) => el("textarea", { name: field.name, rows: 2, required: field.needed, maxlength: 10000 }),
  links: (field) => el("textarea", { name: field.name, rows: 2, required: field.needed }),
  order: (field, order) => {
    const options = el("datalist", { id: "orders-like" }, ...(order.candidates || []).map((id) => el("option", { value: id })));
    return el("span", {}, el("input", { name: field.name, required: field.needed, list: "orders-like" }), options);
  },
  instant: (field) => el("input", { name: field.name, type: "datetime-local", required: field.needed }),
  category: (field, order) => {
    const rows = seat.known.categories.map(named);
    const likely = new Set(((order.guess && order.guess.alternatives) || []).map(([code]) => code));
    return choice(field.name, [...rows.filter(([id]) => likely.has(id)), ...rows.filter(([id]) => !likely.has(id))], field.needed);
  },
  condition: (field, order) => {
    const conditions = new Set(seat.known.categories.flatMap((each) => each.conditions));
    return choice(field.name, [...conditions].map((each) => [each, each]), field.needed);
  },
  department: (field) => choice(field.name, seat.known.departments.map(named), field.needed),
  code: (field) => choice(field.name, field.choices.map(named), field.needed),
  level: (field) => choice(field.name, numbers(seat.known.levels), field.needed),
  priority: (field) => choice(field.name, numbers(5), field.needed),
  "yes-no": (field) => choice(field.name, [["true", say("yes")], ["false", say("no")]], field.needed),
  grade: (field) => choice(field.name, GRADES.map((text, index) => [String(index + 1), text]), field.needed),
  report: (field, order) => choice(field.name, order.evidence.shown.filter((seen) => seen.kind === "report").slice(1)
    .map((seen) => [JSON.stringify({ source: seen.source, id: seen.id }), `${seen.id} ${(seen.text || "").slice(0, 40)}`]), field.needed),
};

const READ = {
  links: (text) => text.split(/\s+/).filter(Boolean),
  instant: (text) => new Date(text).toISOString(),
  level: Number, priority: Number, grade: Number, report: JSON.parse,
  "yes-no": (text) => text === "true",
};

function given(form, fields) {
  const said = new FormData(form);
  return Object.fromEntries(fields.map((field) => [field, String(said.get(field.name) || "").trim()]).filter(([, text]) => text)
    .map(([field, text]) => [field.name, (READ[field.kind] || String)(text)]));
}

// A move by its name: the trade's term, or what the action is called in English.
function called(move) {
  return language === "zh" ? move.term : move.action.replaceAll("-", " ");
}

// The moves of an order as buttons, each of which opens its form. `done` is called when one was taken.
export async function movesPanel(done) {
  const who = el("small", {});
  const node = el("section", { class: "panel", hidden: true }, el("h2", {}, say("What may be done now"), who));
  const buttons = el("div", { class: "moves" });
  const place = el("div");
  const told = el("p", { class: "notice", role: "alert", hidden: true });
  node.append(buttons, place, told);
  let drawn = "";
  const there = await takeSeat();

  function tell(sentence) {
    told.textContent = sentence;
    told.hidden = !sentence;
  }

  async function act(order, action, fields) {
    const refused = await take(order, action, fields);
    tell(refused);
    if (!refused) {
      place.replaceChildren();
      await done();
    }
    return refused;
  }

  function open(order, move) {
    if (!move.fields.some((field) => field.needed) && ["accept", "resume"].includes(move.action)) return act(order, move.action, {});
    const form = el("form", { class: "move" },
      ...move.fields.map((field) => el("label", {}, `${LABELS[field.name] || field.name}${field.needed ? " *" : ""}`, CONTROLS[field.kind](field, order))),
      el("button", { class: "primary" }, called(move)));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      act(order, move.action, given(form, move.fields));
    });
    place.replaceChildren(form);
    form.querySelector("textarea, select, input")?.focus();
    return null;
  }

  async function show(order) {
    if (!there) return;
    const state = JSON.stringify([order.id, order.seq, seat.role]);
    if (state === drawn) return; // a form that somebody fills in stays
    const response = await ask(`/orders/${encodeURIComponent(order.id)}/moves`);
    if (!response.ok) return;
    const mine = (await response.json()).moves.filter((move) => move.roles.includes(seat.role));
    node.hidden = false;
    who.textContent = name(seat.known.seats.find((each) => each.role === seat.role));
    drawn = state;
    place.replaceChildren();
    buttons.replaceChildren(...mine.map((move) => {
      const button = el("button", { type: "button", "data-action": move.action, title: language === "en" ? move.note : null }, called(move));
      button.addEventListener("click", () => open(order, move));
      return button;
    }), ...(mine.length ? [] : [el("p", { class: "soft" }, say("Nothing for this seat now"))]));
  }

  return { node, show, act, tell };
}
