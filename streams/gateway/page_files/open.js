import { announced, answered, ask, el, untilAnswered } from "/page/common.js";
import { name, say } from "/page/language.js";

const MONTHS = 36;
const COUNTS = { received: say("Reports"), opened: say("Orders opened"), closed: say("Orders closed") };
const RATES = {
  on_time_closure_rate: say("Closed on time"), dispatch_accuracy: say("To the right department at once"), satisfaction_rate: say("Satisfied"),
  citizen_agreement: say("Citizens agree with checks"),
};
const TABLES = { areas: [say("By area"), say("Area")], categories: [say("By category"), say("Category")] };
const by = (id) => document.getElementById(id);

// The months that are over, the last one first. The city's own may differ for a few hours; then it says so.
function months() {
  const now = new Date();
  return Array.from({ length: MONTHS }, (_, back) => {
    const first = new Date(now.getFullYear(), now.getMonth() - 1 - back, 1);
    return `${first.getFullYear()}-${String(first.getMonth() + 1).padStart(2, "0")}`;
  });
}

function count(value, least) {
  if (value !== null) return String(value);
  return el("span", { class: "soft", title: say("less than {}, or kept back for one that is", least) }, say("few"));
}

// A rate, which is told to the hundredth.
function share(rate) {
  return rate === null ? "–" : `${Math.round(rate * 100)} %`;
}

function called(row) {
  return row.id === "-" ? say("none yet") : name(row);
}

function table([title, of], rows, least) {
  return el("section", { class: "panel" }, el("h2", {}, title),
    el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": title },
      el("table", {}, el("thead", {}, el("tr", {}, el("th", { scope: "col" }, of), ...Object.values(COUNTS).map((text) => el("th", { scope: "col" }, text)))),
        el("tbody", {}, ...rows.map((row) => el("tr", {}, el("th", { scope: "row" }, called(row)),
          ...Object.keys(COUNTS).map((each) => el("td", {}, count(row[each], least))))))),
      rows.length ? "" : el("p", { class: "soft" }, say("None yet"))));
}

// Where there are no figures to be shown, none of another month stand there either.
function tell(sentence) {
  announced(by("notice"), sentence);
  by("notice").hidden = !sentence;
  if (sentence) by("figures").replaceChildren();
}

async function show() {
  const month = by("month").value;
  const isWanted = () => month === by("month").value; // not once another one has been chosen
  try {
    const found = await untilAnswered(async () => (isWanted() ? answered(await ask(`/open/figures?month=${encodeURIComponent(month)}`)) : null),
      (error) => isWanted() && tell(say("Cannot update at the moment ({})", error.message)));
    if (isWanted()) draw(month, found);
  } catch (error) {
    if (isWanted()) tell(error.message);
  }
}

function draw(month, found) {
  tell("");
  by("city").textContent = name(found.city);
  by("csv").href = `/indicators.csv?month=${encodeURIComponent(month)}`;
  by("least").textContent = say("Counts below {} are not told, nor are others from which they could be reckoned.", found.least);
  const whole = el("section", { class: "panel" }, el("h2", {}, say("The whole city")), el("dl", { class: "facts" },
    ...Object.entries(COUNTS).flatMap(([each, text]) => [el("dt", {}, text), el("dd", {}, count(found.counts[each], found.least))]),
    ...Object.entries(RATES).flatMap(([each, text]) => [el("dt", {}, text), el("dd", {}, share(found.rates[each]))])));
  by("figures").replaceChildren(whole, ...Object.entries(TABLES).map(([part, title]) => table(title, found[part], found.least)));
}

by("month").append(...months().map((each) => el("option", { value: each }, each)));
by("month").addEventListener("change", show);
await show();
