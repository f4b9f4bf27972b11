// The hubs' own figures beside those of the city: how old they are, and who is silent. What is not known is a dash.
import { duration, el, GAP, percent, timed, woven } from "/page/common.js";
import { name, say } from "/page/language.js";

const COLUMNS = [
  [say("Open"), (x) => x.open],
  [say("Overdue"), (x) => x.overdue_open],
  [say("Opened"), (x) => x.opened],
  [say("Closed"), (x) => x.closed],
  [say("Closed on time"), (x) => percent(x.on_time_closure_rate)],
];

function heard(hub, zone) {
  if (hub.state === "never") return el("span", { class: "badge warn" }, say("Never heard of"));
  if (hub.state === "away") return el("span", { class: "badge bad" }, ...woven(say("Away since {}", GAP), timed(hub.heard_at, zone)));
  return el("span", { class: "soft" }, say("{} ago", duration(hub.age_seconds)));
}

function days({ window }) {
  return window ? `${window.from ?? "…"} – ${window.to}` : "–";
}

// The head and the rows of the table of hubs, as `/status` has them. A hub's name opens into the open orders that this
// city has given it, by `figure`: those that its own figures count stand on its own platform.
export function hubTable(hubs, zone, figure) {
  const titles = [say("Hub"), ...COLUMNS.map(([title]) => title), say("Days"), say("Heard")];
  const rows = Object.entries(hubs).map(([id, hub]) => el("tr", { class: hub.state === "heard" ? null : "quiet" },
    el("th", { scope: "row" }, figure(name({ ...hub, id }), say("Open"), `department=${encodeURIComponent(id)}&state=open`)),
    ...COLUMNS.map(([, value]) => el("td", {}, String((hub.indicators && value(hub.indicators)) ?? "–"))),
    el("td", {}, days(hub)), el("td", {}, heard(hub, zone))));
  return [titles.map((title) => el("th", { scope: "col" }, title)), rows];
}
