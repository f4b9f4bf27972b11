// The departments as a table that can be ranked by each of its columns.
import { duration, el, percent, redraw } from "/page/common.js";
import { name, say } from "/page/language.js";

function bar(value) {
  const filled = el("i");
  filled.style.width = `${Math.round(value * 100)}%`;
  return value === null ? "" : el("span", { class: "bar", "aria-hidden": "true" }, filled);
}

// A column: its title, the indicator behind whose figure the orders are, the value that it is ranked by, whether the most
// comes first, and the functions that give its text and what stands beside that.
const COLUMNS = [
  [say("Open"), "open", (x) => x.open, true, String],
  [say("Overdue"), "overdue_open", (x) => x.overdue_open, true, String],
  [say("Closed"), "closed", (x) => x.closed, true, String],
  [say("Closure rate"), "closure_rate", (x) => x.closure_rate, true, percent, bar],
  [say("Closed on time"), "on_time_closure_rate", (x) => x.on_time_closure_rate, true, percent, bar],
  [say("Returned"), "return_rate", (x) => x.return_rate, false, percent],
  [say("Resolution, median"), "resolution_seconds", (x) => x.resolution_seconds.p50, false, duration],
  [say("Slowest tenth"), "resolution_seconds", (x) => x.resolution_seconds.p90, false, duration],
];
let by = 4; // the column that ranks
let turned = false; // the last one first

function quiet([, x]) {
  return !(x.open || x.closed || x.assigned);
}

// Ranked by the chosen column; what has no value stands behind, and at the end who had nothing to do.
function ranked(rows) {
  const [, , value, most] = COLUMNS[by];
  const sign = most === turned ? 1 : -1;
  return [...rows].sort(([one, x], [other, y]) => {
    const idle = quiet([one, x]) - quiet([other, y]);
    const missing = (value(x) === null) - (value(y) === null);
    return idle || missing || sign * (value(x) - value(y)) || y.closed - x.closed;
  });
}

// Shows the rows of `departments` in a table. `count(title, indicator, text, row)` makes a figure that opens into its
// orders; what there is none of, or is not known, opens into none. `again` is called when somebody has chosen another column.
export function ranking(head, body, departments, count, again) {
  const rows = ranked(Object.entries(departments));
  const focused = [...head.querySelectorAll("button")].indexOf(document.activeElement);
  redraw(head, el("th", { scope: "col" }, say("Department")), ...COLUMNS.map(([title, , , most], index) => {
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
    return el("tr", { class: quiet(row) ? "quiet" : null },
      el("th", { scope: "row" }, el("span", { class: "rank" }, quiet(row) ? "" : String(index + 1)), name({ ...x, id })),
      ...COLUMNS.map(([title, indicator, value, , text, beside]) => el("td", { class: indicator === "overdue_open" && x.overdue_open > 0 ? "bad" : null },
        value(x) === null || (text === String && !value(x)) ? text(value(x)) : count(title, indicator, text(value(x)), { ...x, id }), beside?.(value(x)) ?? "")));
  });
}
