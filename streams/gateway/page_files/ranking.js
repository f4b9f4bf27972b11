// The departments as a table that can be ranked by each of its columns.
import { duration, el, percent } from "/page/common.js";
import { name, say } from "/page/language.js";

function rate(value) {
  if (value === null) return ["–"];
  const bar = el("i");
  bar.style.width = `${Math.round(value * 100)}%`;
  return [percent(value), el("span", { class: "bar", "aria-hidden": "true" }, bar)];
}

// A column: its title, the value that it is ranked by, whether the most comes first, and the function that shows it.
const COLUMNS = [
  [say("Open"), (x) => x.open, true, (x, count) => [count(say("Open"), "open", x.open)]],
  [say("Overdue"), (x) => x.overdue_open, true, (x, count) => [count(say("Overdue"), "overdue_open", x.overdue_open)]],
  [say("Closed"), (x) => x.closed, true, (x, count) => [count(say("Closed"), "closed", x.closed)]],
  [say("Closure rate"), (x) => x.closure_rate, true, (x) => rate(x.closure_rate)],
  [say("Closed on time"), (x) => x.on_time_closure_rate, true, (x) => rate(x.on_time_closure_rate)],
  [say("Returned"), (x) => x.return_rate, false, (x) => [percent(x.return_rate)]],
  [say("Resolution, median"), (x) => x.resolution_seconds.p50, false, (x) => [duration(x.resolution_seconds.p50)]],
  [say("Slowest tenth"), (x) => x.resolution_seconds.p90, false, (x) => [duration(x.resolution_seconds.p90)]],
];
let by = 4; // the column that ranks
let turned = false; // the last one first

function quiet([, x]) {
  return !(x.open || x.closed || x.assigned);
}

// Ranked by the chosen column; what has no value stands behind, and at the end who had nothing to do.
function ranked(rows) {
  const [, value, most] = COLUMNS[by];
  const sign = most === turned ? 1 : -1;
  return [...rows].sort(([one, x], [other, y]) => {
    const idle = quiet([one, x]) - quiet([other, y]);
    const missing = (value(x) === null) - (value(y) === null);
    return idle || missing || sign * (value(x) - value(y)) || y.closed - x.closed;
  });
}

// Shows the rows of `departments` in a table. `count(title, indicator, value, row)` makes a count that opens into its
// orders; `again` is called when somebody has chosen another column.
export function ranking(head, body, departments, count, again) {
  const rows = ranked(Object.entries(departments));
  const focused = [...head.querySelectorAll("button")].indexOf(document.activeElement);
  head.replaceChildren(el("th", { scope: "col" }, say("Department")), ...COLUMNS.map(([title, , most], index) => {
    const button = el("button", { type: "button", class: "ranks" }, title, index === by ? el("span", { "aria-hidden": "true" }, most === turned ? " ↑" : " ↓") : "");
    button.addEventListener("click", () => {
      turned = index === by ? !turned : false;
      by = index;
      again();
    });
    return el("th", { scope: "col", "aria-sort": index === by ? (most === turned ? "ascending" : "descending") : null }, button);
  }));
  if (focused >= 0) head.querySelectorAll("button")[focused].focus();
  return rows.map((row, index) => {
    const [id, x] = row;
    const own = (title, indicator, value) => count(title, indicator, value, { ...x, id });
    return el("tr", { class: quiet(row) ? "quiet" : null },
      el("th", { scope: "row" }, el("span", { class: "rank" }, quiet(row) ? "" : String(index + 1)), name({ ...x, id })),
      ...COLUMNS.map(([, , , shown], column) => el("td", { class: column === 1 && x.overdue_open > 0 ? "bad" : null }, ...shown(x, own))));
  });
}
