// Who held an order when, as a Gantt strip: each turn a bar on the order's own span of time.
import { duration, el } from "/page/common.js";
import { name, say } from "/page/language.js";

const STAGES = { review: say("Waited in review"), return: say("Waited for the return to be judged"), arbitration: say("Waited for the duty officer") };
const LEGEND = {
  wait: say("waits for a department"), turn: say("with a department"), accepted: say("since it was accepted"),
  misrouted: say("misrouted"), due: say("due"),
};
const LEAST_PERCENT = 0.6; // a bar that is thinner cannot be seen

// The turns of departments and the waits between them, by when each began.
function spans(order) {
  const waits = (order.dispatching || []).map((wait) =>
    ({ kind: "wait", called: STAGES[wait.stage] || wait.stage, from: wait.from, to: wait.to, wall: wait.seconds }));
  const turns = (order.held_by || []).map((turn) => ({
    kind: turn.misrouted ? "misrouted" : "turn", called: name(turn.department), from: turn.from, to: turn.to,
    wall: turn.held_seconds, work: turn.held_work_seconds, accepted: turn.accepted_at,
  }));
  return [...waits, ...turns].sort((one, other) => Date.parse(one.from) - Date.parse(other.from));
}

// A mark on the strip that begins at a share of its width, and is as wide as another share; 0 for a line.
function mark(kind, left, width) {
  const node = el("i", { class: kind });
  node.style.left = `${Math.min(left * 100, 100 - LEAST_PERCENT)}%`;
  if (width) node.style.width = `${Math.max(width * 100, LEAST_PERCENT)}%`;
  return node;
}

// A table with a row for each span; `at` writes an instant. "" for an order that nobody has held or decided yet.
export function heldStrip(order, at) {
  const rows = spans(order);
  if (!rows.length) return "";
  const now = Date.now();
  const first = Date.parse(order.opened_at);
  const ends = rows.map((row) => (row.to ? Date.parse(row.to) : now));
  const due = order.due ? Date.parse(order.due) : null;
  const last = Math.max(...ends, order.overdue_at ? due : 0, first + 1000);
  const whole = last - first;
  const dueShown = due !== null && due <= last;
  const drawn = rows.map((row, index) => {
    const from = Date.parse(row.from);
    const span = (kind, since) => mark(kind, (since - first) / whole, (ends[index] - since) / whole);
    const marks = [span(row.kind, from)];
    if (row.accepted) marks.push(span("accepted", Date.parse(row.accepted)));
    if (dueShown) marks.push(mark("due", (due - first) / whole, 0));
    return el("tr", {},
      el("th", { scope: "row" }, row.called, row.kind === "misrouted" ? el("span", { class: "badge warn" }, say("misrouted")) : "",
        el("small", {}, at(row.from), " – ", row.to ? at(row.to) : say("now"))),
      el("td", { class: "strip" }, el("span", { "aria-hidden": "true" }, ...marks)),
      el("td", {}, duration(row.wall)), el("td", {}, row.work === undefined ? "–" : duration(row.work)));
  });
  const head = el("tr", {}, el("th", { scope: "col" }, say("Who")),
    el("td", { class: "strip ends" }, el("span", {}, at(order.opened_at), at(new Date(last).toISOString()))),
    el("th", { scope: "col" }, say("Held")), el("th", { scope: "col" }, say("Working time")));
  const shown = {
    wait: rows.some((row) => row.kind === "wait"), turn: rows.some((row) => row.kind === "turn"),
    accepted: rows.some((row) => row.accepted), misrouted: rows.some((row) => row.kind === "misrouted"), due: dueShown,
  };
  const legend = el("p", { class: "legend soft" }, ...Object.entries(LEGEND).filter(([kind]) => shown[kind])
    .map(([kind, text]) => el("span", {}, el("i", { class: kind }), text)));
  return el("div", {}, el("table", { class: "held" }, el("thead", {}, head), el("tbody", {}, ...drawn)), legend);
}
