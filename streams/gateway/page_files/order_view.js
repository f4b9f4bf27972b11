import { duration, el, GAP, percent, redraw, timed, woven } from "/page/common.js";
import { heldStrip } from "/page/held_strip.js";
import { name, say, term } from "/page/language.js";
import { categoryName, conditionName } from "/page/moves.js";
import { DECIDERS, FACTS, REASONS, RETURN_CODES, ROLES, STATES } from "/page/terms.js";

const ERASED = "erased"; // stands in the place of words and addresses whose key was destroyed
const SHOWN_SHARE = 0.15; // terms that weigh less than this share of the heaviest would only clutter the text
const SHOWN_SECONDS = 60; // between two steps, from which on it is worth a word
const LATE = new Set(["breached", "supervised", "quarantined"]);
// How a part of a joint order stands, and the look of that.
const PARTS = {
  waiting: [say("waits for others"), "badge"], open: [say("under way"), "badge"], passed: [say("passed"), "badge good"],
  dropped: [say("ended without work"), "badge warn"],
};
// What each limit is for.
const LIMITS = {
  review: say("to be decided"), accept: say("to be accepted"), handle: say("to be handled"), check: say("to be checked"),
  return: say("the return to be judged"), arbitration: say("the dispute to be decided"), whole: say("the whole order"),
};
// What a mobile unit is sent for, and how far it has come.
const LOOKS = { verify: say("to look whether it is there"), check: say("to look whether it has been dealt with") };
const STAGES = { given: say("asked"), accepted: say("on its way"), arrived: say("there") };
// Why a sighting joined the order.
const JOINED = {
  near: say("near in place and time"), asset: say("at the same asset"), words: say("the same by its words"), alike: say("alike in words and place"),
  named: say("its reporter named the order"), again: say("seen again after it had ended"), "seen-again": say("seen again"),
  watched: say("seen before the order was opened"), outage: say("of one outage"), "same-identity": say("sent twice"),
};
const joined = (rule = "") => (rule.startsWith("covered:") ? say("part of a larger incident") : JOINED[rule] ?? rule);
// What steps say besides that is a name of the program's and no sentence, or one that it says in English.
const DONE = { "all parts have passed": say("all its parts have passed") };
const CODED = {
  handled: DONE, closed: DONE,
  warned: LIMITS, breached: LIMITS, supervised: LIMITS, "task-lapsed": STAGES,
  reopened: { ...JOINED, unsatisfied: say("its reporter is not satisfied") }, rejected: { "joint-order-ended": say("its joint order has ended") },
  "appeal-reviewed": { granted: say("granted"), refused: say("refused") },
};
let zone = "Asia/Shanghai";

function at(text, ...more) {
  return timed(text, zone, ...more);
}

// The terms that weighed most, marked where they stand in the text.
function marked(text, terms) {
  const heaviest = Math.max(0, ...terms.map(([, weight]) => weight));
  const words = terms.filter(([word, weight]) => weight > 0 && weight >= heaviest * SHOWN_SHARE && word.trim()).map(([word]) => word);
  if (!words.length) return [text];
  const escaped = words.sort((a, b) => b.length - a.length).map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  const parts = text.split(new RegExp(`(${escaped.join("|")})`, "gi"));
  return parts.map((part, index) => (index % 2 ? el("mark", {}, part) : part));
}

function pairs(list, rows) {
  redraw(list, ...rows.filter(([, value]) => value !== undefined && value !== null && value !== "")
    .flatMap(([title, value]) => [el("dt", {}, title), el("dd", {}, value)]));
}

function why(order) {
  const list = reasons(order.why || {}, order.guess || {});
  // Why departments had it before, which no longer do.
  const turns = (order.held_by || []).filter((turn, index, all) => turn.why && index < all.length - 1);
  const earlier = turns.reverse().map((turn) => el("details", {}, el("summary", {}, say("Before: {}", name(turn.department)), " ", at(turn.from, { class: "soft" })), reasons(turn.why, {})));
  const now = list.children.length ? list : el("p", { class: "soft" }, order.department ? say("Not recorded") : say("A person decides"));
  return el("div", {}, now, ...earlier);
}

// Who or what decided on a department, and on what grounds.
function reasons(reason, guess) {
  const alternatives = reason.alternatives || guess.alternatives || [];
  const terms = reason.terms || guess.terms || [];
  const beside = reason.beside || guess.beside || [];
  const second = reason.second || guess.second || "";
  const list = el("dl", { class: "facts" });
  const note = reason.by === "suggestion" ? term(RETURN_CODES[reason.note], reason.note) : JOINED[reason.note] ?? reason.note;
  const rule = [reason.rule, reason.table_row ? say("row {}", reason.table_row) : "", note].filter(Boolean).join(" · ");
  const threshold = reason.threshold ?? guess.threshold;
  const sure = reason.probability ?? guess.probability;
  pairs(list, [
    [say("Decided by"), term(DECIDERS[reason.by], reason.by)],
    [say("Rule"), rule],
    [say("Owner of the asset"), reason.asset],
    [say("Probability"), sure === undefined ? "" : percent(sure)],
    [say("Threshold"), threshold === undefined ? "" : threshold > 1 ? say("none would do") : percent(threshold)],
    [say("Alternatives"), alternatives.map(([code, share]) => `${categoryName(code)} ${percent(share)}`).join(", ")],
    [say("Beside the text"), beside.map((each) => `${each.words} → ${each.categories.map(categoryName).join(", ")} +${each.weight.toFixed(1)}`).join("; ")],
    [say("Second matter"), second ? el("span", {}, categoryName(second), el("small", {}, ` · ${say("may be split off")}`)) : ""],
    [say("Terms"), terms.length ? el("span", { class: "chips" }, ...terms.map(([word, weight]) =>
      el("span", { class: weight > 0 ? "badge good" : "badge" }, `${word} ${weight > 0 ? "+" : ""}${weight.toFixed(2)}`))) : ""],
    [say("Model"), reason.model || guess.model],
  ]);
  return list;
}

// The limits that run, the next one first.
function limits(order) {
  const running = [...(order.limits || [])].sort((one, other) => Date.parse(one.due) - Date.parse(other.due));
  return running.length ? el("ul", { class: "plain-list" }, ...running.map((limit) => el("li", { class: Date.parse(limit.due) < Date.now() ? "late" : null },
    at(limit.due), ` · ${LIMITS[limit.stage] || limit.stage}`))) : "";
}

// What a mobile unit has to look at, how far it has come, and by when it must take the next step.
function task({ unit = "", what, stage, due }) {
  return el("span", {}, ...[unit, LOOKS[what], STAGES[stage]].filter(Boolean).map((each) => `${each} · `), ...woven(say("next step by {}", GAP), at(due)));
}

// What reporters have said of how it was settled, the newest last.
function satisfaction(order) {
  return (order.answers || []).map(({ satisfied, satisfaction: grade }) =>
    [satisfied === null || satisfied === undefined ? "" : satisfied ? say("settled") : say("not settled"), grade ? say("{} of 5", grade) : ""].filter(Boolean).join(", ")).join(" · ");
}

function judgements(order) {
  const all = order.judgements || [];
  return all.length ? say("{} of {} citizens: settled", all.filter((each) => each.settled).length, all.length) : "";
}

// Links, not pictures: the page loads nothing from elsewhere, and an address in a report may be anybody's.
function photos(urls) {
  return el("span", { class: "photos" }, ...(urls || []).flatMap((url, index) => [
    url === ERASED ? url : el("a", { href: url, target: "_blank", rel: "noopener noreferrer" }, say("Photo {}", index + 1)), " "]));
}

function orders(ids) {
  return (ids || []).length ? el("span", {}, ...ids.flatMap((other) => [
    el("a", { href: `/o/${encodeURIComponent(other)}` }, other), " "])) : "";
}

// The departments that handed an order down, the topmost first, and the one that has it; "" where nobody did.
function chain(order) {
  return (order.held_for || []).length ? [...order.held_for, order.department].map(name).join(" → ") : "";
}

// A part of a joint order: what it is about, whose it is, how it stands, which of `parts` it comes after.
function part(one, parts) {
  const [state, look] = PARTS[one.state];
  const before = (one.after || []).map((each) => name(parts.find((other) => other.name === each)?.category)).join(", ");
  return el("li", {},
    el("div", { class: "top" }, el("span", {}, [name(one.category), one.department ? name(one.department) : ""].filter(Boolean).join(" · ")),
      el("span", { class: look }, state)),
    el("span", { class: "soft" }, before ? `${say("comes after {}", before)} ` : "", orders(one.order ? [one.order] : [])));
}

function evidence(seen, terms) {
  const source = seen.kind === "report" ? seen.channel || say("citizen") : `${seen.camera} · ${seen.label}`;
  return el("li", {},
    el("div", { class: "top" }, el("span", {}, source), at(seen.at)),
    seen.text ? el("div", { class: "written" }, ...marked(seen.text, terms)) : "",
    photos(seen.media_urls),
    el("span", { class: "soft" }, [seen.address, joined(seen.rule), seen.confidence ? percent(seen.confidence) : "",
      seen.bbox ? `□ ${seen.bbox.join(", ")}` : "", seen.distance_m ? `${Math.round(seen.distance_m)} m` : ""].filter(Boolean).join(" · ")));
}

// Who took a step: a department by its name, others by their role.
function actor(by, order) {
  const turn = (order.held_by || []).find((each) => each.department.id === by.department);
  if (by.department) return turn ? name(turn.department) : by.department;
  return by.role === "desk" ? say("by itself") : term(ROLES[by.role], by.role);
}

// What a step says besides: a part by what it is about, a reason of the table of terms in the user's language, and so the
// classifier's doubt and what silenced it; what people write stays as it is.
export function noted({ fact, note }, order) {
  const meant = fact.startsWith("part-") && (order.parts || []).find((each) => each.name === note);
  if (meant) return name(meant.category);
  if (CODED[fact]?.[note]) return CODED[fact][note];
  const silenced = fact === "rejected" && /^control-zone (?:silence\/(\d+)|(.*))$/.exec(note || "");
  if (silenced) return silenced[1] ? say("silence {}", silenced[1]) : say("control zone ({})", silenced[2]);
  const doubt = /^probability ([\d.]+) is below the threshold ([\d.]+)$/.exec(note || "");
  return doubt ? say("probability {} is below the threshold {}", doubt[1], doubt[2]) : term(REASONS[note], note);
}

function panel(title, inner) {
  return el("section", { class: "panel" }, el("h2", {}, title), inner);
}

// The order's panels, and the function that fills them. `head` stands above what was reported, `doing` below it in the
// same panel, the panels `beside` below that, and the panels `last` before the timeline.
export function orderView({ head = [], doing = [], beside = [], last = [] }) {
  const parts = {
    text: el("div", { class: "text" }), why: el("div"), held: el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": say("Who held it, for how long") }), evidence: el("ol", { class: "list" }),
    facts: el("dl", { class: "facts" }), parts: el("ol", { class: "list" }), timeline: el("ol", { class: "timeline" }),
  };
  const node = el("div", { hidden: true },
    el("section", { class: "panel reported", "aria-label": say("What was reported") }, ...head, parts.text, ...doing), ...beside,
    el("div", { class: "columns" },
      el("div", {}, panel(say("Parts"), parts.parts), panel(say("Why this department"), parts.why), panel(say("Who held it, for how long"), parts.held), panel(say("Evidence"), parts.evidence)),
      el("div", {}, panel(say("At a glance"), parts.facts), ...last, panel(say("Timeline"), parts.timeline))));
  return { node, show: (order) => fill(node, parts, order) };
}

// What an order's state is called, and whether it is late.
export function stateBadge(order) {
  const state = term(STATES[order.state], order.state);
  return el("span", { class: order.overdue_at ? "badge bad" : "badge good" }, order.overdue_at ? `${state} · ${say("overdue")}` : state);
}

function fill(node, parts, order) {
  if (order.zone) zone = order.zone;
  const terms = (order.why && order.why.terms) || (order.guess && order.guess.terms) || [];
  redraw(parts.text, ...(order.title ? [el("strong", {}, ...marked(order.title, terms)), "\n"] : []),
    el("span", {}, ...marked(order.text || "", terms)));
  redraw(parts.why, why(order));
  const strip = heldStrip(order, at);
  redraw(parts.held, strip);
  parts.held.parentElement.hidden = !strip;
  redraw(parts.parts, ...(order.parts || []).map((one) => part(one, order.parts)));
  parts.parts.parentElement.hidden = !order.parts;
  redraw(parts.evidence, ...order.evidence.shown.map((seen) => evidence(seen, terms)));
  const place = order.location || {};
  pairs(parts.facts, [
    [say("Department"), order.department ? name(order.department) : ""],
    [say("Condition"), order.condition ? conditionName(order.condition) : ""],
    [say("Handed down"), chain(order)],
    [say("Area"), order.area ? name(order.area) : ""],
    [say("Address"), place.address],
    [say("Place"), place.lat === undefined ? "" : `${place.lat.toFixed(5)}, ${place.lon.toFixed(5)}`],
    [say("Asset"), order.asset ? [order.asset.id, order.asset.kind, order.asset.name].filter(Boolean).join(" · ") : ""],
    [say("Opened"), at(order.opened_at)],
    [say("Priority"), String(order.priority)],
    [say("Due"), order.due ? at(order.due) : say("none")],
    [say("Limits"), limits(order)],
    [say("Suspended until"), order.suspended_until ? at(order.suspended_until) : ""],
    [say("Inspector"), order.inspector],
    [say("Mobile unit"), order.task ? task(order.task) : ""],
    [say("Satisfaction"), satisfaction(order)],
    [say("Judgements"), judgements(order)],
    [say("Reminders"), order.reminders ? `${order.reminders.count} · ${order.reminders.last}` : ""],
    [say("Attempt"), String(order.attempt ?? 0)],
    [say("Sightings"), String(order.evidence.count + (order.evidence.seen_again || 0))],
    [say("Supervision"), order.supervision ? say("level {}", order.supervision) : ""],
    [say("Part of"), orders(order.part_of ? [order.part_of] : [])],
    [say("Merged into"), orders(order.parent ? [order.parent] : [])],
    [say("Merged from"), orders(order.children)],
    [say("May be the same"), orders(order.candidates)],
    [say("Not the same"), orders(order.apart)],
    [say("Linked"), orders((order.linked || []).filter((other) => other !== order.part_of))],
  ]);
  redraw(parts.timeline, ...order.timeline.map((entry) => el("li", { class: LATE.has(entry.fact) ? "late" : null },
    at(entry.at, {}, entry.after_seconds >= SHOWN_SECONDS
      ? el("span", {}, ` · ${say("after {}, in working time {}", duration(entry.after_seconds), duration(entry.after_work_seconds))}`) : ""),
    el("strong", {}, term(FACTS[entry.fact], entry.fact)), " ",
    entry.fact === "checked" ? el("span", { class: entry.state === "accepted" ? "badge bad" : "badge good" },
      entry.state === "accepted" ? say("failed") : say("passed")) : "", " ", photos(entry.evidence_urls),
    el("span", { class: "soft" }, actor(entry.by, order), noted(entry, order) ? " · " : "", el("bdi", {}, noted(entry, order))))));
  node.hidden = false;
}
