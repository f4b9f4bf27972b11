// How the city's figures have gone, day by day: a line for each, and what has changed within a week.
import { ask, el, bodyOf } from "/page/common.js";
import { say } from "/page/language.js";

const DAYS = 28;
const WEEK = 7;
const TALL = 24; // of a line, in pixels
const CHART_TALL = 220;
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
  return response.ok ? (await bodyOf(response)).days : [];
}

// The browser's colour for a property of the style: the canvas of a chart knows none of those.
function colour(property, share = 100) {
  const probe = document.createElement("i");
  probe.style.color = `color-mix(in srgb, var(${property}) ${share}%, transparent)`;
  document.body.append(probe);
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
}

// A chart of uPlot in a holder of its own, as wide as that is, in the colours of the page also when they change.
function plotted(holder, tall, options) {
  const plot = new globalThis.uPlot({ width: 100, height: tall, ...options }, [[], ...options.series.slice(1).map(() => [])], holder);
  new ResizeObserver(() => holder.clientWidth && plot.setSize({ width: holder.clientWidth, height: tall })).observe(holder);
  new MutationObserver(() => plot.redraw()).observe(document.documentElement, { attributeFilter: ["data-theme"] });
  return plot;
}

const lines = new Map(); // each indicator's, drawn once

// The line of an indicator; "" where there is nothing to draw. It says nothing of its own: the figure stands beside it, and
// the days in the table of the trend.
export function line(days, indicator, bad) {
  const values = days.map((day) => value(day, indicator) ?? null);
  if (values.filter((each) => each !== null).length < 2 || !globalThis.uPlot) return "";
  if (!lines.has(indicator)) {
    const holder = el("div", { class: "line", "aria-hidden": "true" });
    const kept = { holder, bad };
    kept.plot = plotted(holder, TALL, {
      padding: [2, 0, 0, 0], legend: { show: false }, cursor: { show: false }, axes: [{ show: false }, { show: false }],
      scales: { x: { time: false } },
      series: [{}, { width: 1.5, points: { show: false }, stroke: () => colour(kept.bad ? "--bad" : "--accent"), fill: () => colour(kept.bad ? "--bad" : "--accent", 12) }],
    });
    lines.set(indicator, kept);
  }
  const kept = lines.get(indicator);
  kept.bad = bad;
  kept.plot.setData([values.map((_, index) => index), values]);
  return kept.holder;
}

// Each week of the days, its last day first where the days do not make whole ones: a stock as it ended, a flow added up.
function weeks(days, kinds) {
  const parts = [];
  for (let end = days.length; end >= WEEK; end -= WEEK) parts.unshift(days.slice(end - WEEK, end));
  return parts.map((part) => ({
    day: part[0].day,
    last: part.at(-1).day,
    ...Object.fromEntries(kinds.map(([, indicator, , kind]) => [indicator, kind === "stock" ? value(part.at(-1), indicator) : part.reduce((sum, each) => sum + (value(each, indicator) || 0), 0)])),
  }));
}

// The figures of `kinds` as lines over days or weeks in `holder`, and the same as a `table`. `show(days)` draws them, and
// says whether there was anything to draw; `buttons` choose between days and weeks. In the table `figure(value, title,
// query)` makes a count that opens into its orders, and `fill(part, nodes)` puts what is new in the place of what was.
export function chart(holder, table, kinds, figure, fill) {
  let [plot, days, weekly] = [null, [], false];

  // The orders that a row counts: those of its days, or of a stock those that stood at the end of the last one.
  function count(row, [label, indicator]) {
    const found = value(row, indicator);
    return found ? figure(String(found), `${label} · ${row.day}`, `indicator=${indicator}&from=${row.day}&to=${row.last ?? row.day}`) : String(found ?? "–");
  }

  function draw() {
    const rows = weekly ? weeks(days, kinds) : days;
    const at = (index) => rows[index]?.day.slice(5) ?? "";
    const scaled = [rows.map((_, index) => index), ...kinds.map(([, indicator]) => rows.map((row) => value(row, indicator) ?? null))];
    const axis = () => ({ stroke: () => colour("--soft"), grid: { stroke: () => colour("--line"), width: 1 }, ticks: { show: false }, font: "12px system-ui, sans-serif" });
    if (!plot && globalThis.uPlot) plot = plotted(holder, CHART_TALL, {
      scales: { x: { time: false } }, cursor: { drag: { x: false, y: false } },
      axes: [{ ...axis(), values: (_, splits) => splits.map((each) => (Number.isInteger(each) ? holder.at(each) : "")) }, axis()],
      series: [{ label: say("Day"), value: (_, each) => (each === null ? "–" : holder.at(each)) },
        ...kinds.map(([label, , property]) => ({ label, width: 2, points: { size: 5 }, stroke: () => colour(property), value: (_, each) => each ?? "–" }))],
    });
    holder.at = at;
    plot?.setData(scaled);
    const first = holder.querySelector(".u-legend .u-label");
    if (first) first.textContent = weekly ? say("Week from") : say("Day");
    fill(table, [
      el("thead", {}, el("tr", {}, el("th", { scope: "col" }, weekly ? say("Week from") : say("Day")), ...kinds.map(([label]) => el("th", { scope: "col" }, label)))),
      el("tbody", {}, ...[...rows].reverse().map((row) => el("tr", {}, el("th", { scope: "row" }, row.day), ...kinds.map((kind) => el("td", {}, count(row, kind))))))]);
  }

  const choices = [[say("By day"), false], [say("By week"), true]].map(([words, which]) => {
    const button = el("button", { type: "button", "aria-pressed": String(which === weekly) }, words);
    button.addEventListener("click", () => {
      weekly = which;
      for (const each of choices) each.setAttribute("aria-pressed", String(each === button));
      draw();
    });
    return button;
  });
  return {
    buttons: el("span", { class: "window", role: "group", "aria-label": say("Trend") }, ...choices),
    show: (found) => {
      days = found;
      if (days.length > 1) draw();
      return days.length > 1;
    },
  };
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
