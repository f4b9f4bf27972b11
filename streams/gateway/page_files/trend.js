// How the city's figures have gone, day by day: a line for each, and what has changed within a week.
import { ask, el } from "/page/common.js";
import { say } from "/page/language.js";

const DAYS = 28;
const WEEK = 7;
const TALL = 24; // of the line, in its own units
const DAY_MS = 86400000;

// A day's value of an indicator, which of a duration is its median.
function value(day, indicator) {
  const found = day[indicator];
  return found === null || typeof found !== "object" ? found : found.p50;
}

// The days of the trend, oldest first; none where they cannot be had. `today` is the city's, as YYYY-MM-DD.
export async function trendOf(today, indicators) {
  const first = new Date(Date.parse(today) - (DAYS - 1) * DAY_MS).toISOString().slice(0, 10);
  const response = await ask(`/trend?from=${first}&to=${today}&of=${indicators.join(",")}`);
  return response.ok ? (await response.json()).days : [];
}

// The line of an indicator; "" where there is nothing to draw. `drawing` is an empty `svg` of its own.
export function line(drawing, days, indicator) {
  const points = days.map((day, index) => [index, value(day, indicator)]).filter(([, each]) => each !== null && each !== undefined);
  if (points.length < 2) return "";
  const values = points.map(([, each]) => each);
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const scaled = points.map(([index, each]) => `${index},${(TALL - 2 - ((each - least) / (most - least || 1)) * (TALL - 4)).toFixed(1)}`);
  drawing.setAttribute("viewBox", `0 0 ${DAYS - 1} ${TALL}`);
  drawing.setAttribute("preserveAspectRatio", "none");
  const [area, path] = drawing.children;
  area.setAttribute("d", `M${points[0][0]},${TALL}L${scaled.join("L")}L${points.at(-1)[0]},${TALL}Z`);
  path.setAttribute("d", `M${scaled.join("L")}`);
  return drawing;
}

// How much more the last seven days have than the seven before, or for a stock, how much more there is than a week ago.
export function change(days, indicator, kind) {
  if (days.length < 2 * WEEK) return "";
  const sum = (part) => part.reduce((total, day) => total + (value(day, indicator) || 0), 0);
  const [now, before] = kind === "stock" ? [value(days.at(-1), indicator), value(days.at(-1 - WEEK), indicator)] : [sum(days.slice(-WEEK)), sum(days.slice(-2 * WEEK, -WEEK))];
  if (!before) return "";
  const share = Math.round((now / before - 1) * 100);
  return el("small", {}, say("{} % in a week", share > 0 ? `+${share}` : String(share).replace("-", "−")));
}
