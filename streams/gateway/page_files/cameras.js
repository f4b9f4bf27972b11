// Cameras and mobile units on the map, and whose alarms are false most often, the worst first.
import { ask, el, percent, bodyOf } from "/page/common.js";
import { say } from "/page/language.js";

const MOST = 10; // of the worst
const STATES = { quiet: say("Quiet cameras"), busy: say("Busy cameras"), silent: say("Silent cameras") };
const UNITS = { free: say("free"), busy: say("busy"), off: say("off duty") };
const SILENT = "category=camera-fault&state=open";

// What stands and moves outside, of an area ("": of the city), of cameras those in a box alone where one is given: the
// points of a map, its cells, and the counts. A camera that sees something opens into the orders, by `figure`. Whoever may
// not see it gets none.
export async function outside(area, figure, box = null) {
  const of = area ? `area=${encodeURIComponent(area)}` : "";
  const within = box ? `within=${box.join(",")}` : "";
  const [cameras, units] = await Promise.all([ask(`/cameras?${[of, within].filter(Boolean).join("&")}`), ask(`/units?${of}`)]);
  const seen = cameras.ok ? await bodyOf(cameras) : { cameras: [], raster: null, counts: null };
  const moving = units.ok ? (await bodyOf(units)).units : [];
  const kinds = { quiet: "camera", busy: "busy", silent: "silent" };
  return {
    counts: seen.counts,
    raster: seen.raster,
    points: [
      ...seen.cameras.map((each) => {
        const title = [each.name, each.id, STATES[each.state]].join(" · ");
        const opens = () => figure(say("{} open", each.orders), title, `camera=${encodeURIComponent(each.id)}&state=open`);
        return { location: each.location, kind: kinds[each.state], title, opens: each.orders ? opens : null };
      }),
      ...moving.map((each) => ({ location: each.location, kind: "unit", title: `${each.id} · ${UNITS[each.state]}` })),
    ],
  };
}

// How many cameras are quiet, busy and silent; what is silent in an area ("": in the city) opens into the orders of its
// owners.
export function cameraCounts(counts, figure, area) {
  const silent = `${SILENT}${area ? `&area=${encodeURIComponent(area)}` : ""}`;
  return Object.entries(STATES).map(([state, title]) => el("div", { class: counts[state] ? "watch" : "watch none" },
    el("dt", {}, title), el("dd", {}, state === "silent" && counts.silent ? figure(String(counts.silent), title, silent) : String(counts[state]))));
}

// The worst algorithms and cameras as the rows of two tables. `figure(value, title, query)` makes a count that opens into
// its orders.
export async function falseAlarms(figure) {
  const response = await ask(`/false-alarms?limit=${MOST}`);
  if (!response.ok) return null;
  const { algorithms, cameras } = await bodyOf(response);
  return [seers(algorithms, "algorithm", figure), seers(cameras, "camera", figure)];
}

function seers(found, by, figure) {
  return found.map((each) => {
    const called = each.name && each.name !== each.id ? `${each.name} · ${each.id}` : each.id;
    const opens = (value, title, query) => (value ? figure(String(value), `${called} · ${title}`, `${by}=${encodeURIComponent(each.id)}&${query}`) : "0");
    return el("tr", {},
      el("th", { scope: "row" }, called),
      el("td", {}, percent(each.rate)),
      el("td", {}, opens(each.false, say("False alarms"), "alarm=false")),
      el("td", {}, opens(each.right, say("Right"), "alarm=right")),
      el("td", {}, opens(each.open, say("Open"), "state=open")));
  });
}
