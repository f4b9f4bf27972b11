// The way of an order as a funnel: how many came through each stage in the window, and how long half of them took.
import { duration, el } from "/page/common.js";
import { say } from "/page/language.js";

// Each stage with the indicator that counts it and the one of its time; a stage without a count is counted by its time.
const STAGES = [
  [say("Opened"), "opened", null],
  [say("Decided by a person"), null, "dispatching_seconds"],
  [say("Assigned"), "assigned", null],
  [say("Accepted"), "accepted", "response_seconds"],
  [say("Handled"), "handled", "handling_seconds"],
  [say("Checked"), null, "checking_seconds"],
  [say("Closed"), "closed", "resolution_seconds"],
];

// A row for each stage. `figure(value, title, query)` makes a count that opens into its orders.
export function funnel(city, figure) {
  const rows = STAGES.map(([title, counted, timed]) => ({ title, indicator: counted || timed, count: counted ? city[counted] : city[timed]?.count ?? 0, time: timed && city[timed] }));
  const most = Math.max(1, ...rows.map((row) => row.count));
  const slowest = Math.max(0, ...rows.slice(0, -1).map((row) => row.time?.p50 || 0));
  return rows.map(({ title, indicator, count, time }, index) => {
    const bar = el("i");
    bar.style.width = `${(count / most) * 100}%`;
    const lost = time?.p50 && time.p50 === slowest && index < rows.length - 1;
    return el("tr", {}, el("th", { scope: "row" }, title), el("td", { class: "stage" }, el("span", { "aria-hidden": "true" }, bar)),
      el("td", {}, figure(String(count), title, `indicator=${indicator}`)),
      el("td", { class: lost ? "bad" : null }, time ? duration(time.p50) : ""), el("td", { class: "soft" }, time ? duration(time.p90) : ""));
  });
}
