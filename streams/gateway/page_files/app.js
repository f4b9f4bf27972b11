import { ask, duration, el, moment, percent } from "/page/common.js";
import { name, say, term } from "/page/language.js";
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

const CARDS = [
  [say("Open"), (x) => x.open],
  [say("Overdue"), (x) => x.overdue_open, (x) => x.overdue_open > 0],
  [say("Opened"), (x) => x.opened],
  [say("Closed"), (x) => x.closed],
  [say("Closure rate"), (x) => percent(x.closure_rate)],
  [say("Closed on time"), (x) => percent(x.on_time_closure_rate)],
  [say("First-time right"), (x) => percent(x.dispatch_accuracy)],
  [say("Resolution, median"), (x) => duration(x.resolution_seconds.p50)],
];

function rate(value) {
  if (value === null) return ["–"];
  const bar = el("i");
  bar.style.width = `${Math.round(value * 100)}%`;
  return [percent(value), el("span", { class: "bar", "aria-hidden": "true" }, bar)];
}

function departmentRow([id, x]) {
  const quiet = !(x.open || x.closed || x.assigned);
  return el("tr", { class: quiet ? "quiet" : null },
    el("th", { scope: "row" }, name({ ...x, id })),
    el("td", {}, String(x.open)),
    el("td", { class: x.overdue_open > 0 ? "bad" : null }, String(x.overdue_open)),
    el("td", {}, String(x.closed)),
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
  by("cards").replaceChildren(...CARDS.map(([title, value, bad]) =>
    el("div", { class: bad && bad(status.city) ? "card bad" : "card" },
      el("dt", {}, title), el("dd", {}, String(value(status.city))))));
  const { labels = [], cameras = [] } = status.unlisted || {};
  by("unlisted").hidden = !labels.length && !cameras.length;
  by("unlisted-names").replaceChildren(...[...labels, ...cameras].map(unlistedLine));
  const rows = Object.entries(status.departments);
  const weight = ([, x]) => x.open * 1e6 + x.closed;
  by("departments").replaceChildren(...rows.sort((a, b) => weight(b) - weight(a)).map(departmentRow));
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
    const [status, orders] = await Promise.all([ask(`/status?${range()}`), ask(`/orders?limit=${SHOWN}`)]);
    const hidden = orders.status === 403; // a token that sees figures only
    if (!status.ok || !(orders.ok || hidden)) throw new Error(`HTTP ${status.status}/${orders.status}`);
    showStatus(await status.json());
    if (!hidden) by("orders").replaceChildren(...(await orders.json()).orders.map(orderLine));
    by("notice").hidden = true;
  } catch (error) {
    by("notice").textContent = say("Cannot update at the moment ({})", error.message);
    by("notice").hidden = false;
  }
}

async function follow() {
  const seen = new Set();
  for (;;) {
    try {
      const response = await ask("/events/assignments");
      if (response.status === 403) return;
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      let text = "";
      for (;;) {
        const { value, done } = await reader.read();
        if (done) break;
        text += value;
        const events = text.split("\n\n");
        text = events.pop();
        for (const event of events) {
          const data = event.split("\n").find((line) => line.startsWith("data: "));
          if (data) showAssignment(JSON.parse(data.slice(6)), seen);
        }
      }
    } catch (error) {
      console.warn("assignments:", error.message);
    }
    await new Promise((resolve) => setTimeout(resolve, 3000));
  }
}

function showAssignment(made, seen) {
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

// The first answer also tells the city's zone, in which all times are shown.
await refresh();
keepFresh();
follow();
