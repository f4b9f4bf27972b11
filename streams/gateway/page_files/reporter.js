import { ask, el, moment } from "/page/common.js";
import { name, say, term } from "/page/language.js";
import { FACTS } from "/page/terms.js";

// How an order stands, for somebody who does not know the trade's words.
const PLAIN = {
  review: say("We have it and are finding out who takes care of it."),
  assigned: say("It has been given to a department, which has not taken it on yet."),
  accepted: say("A department is working on it."),
  suspended: say("It is put off for now, and will be taken up again."),
  returned: say("We are looking for another department for it."),
  arbitration: say("We are deciding which department takes care of it."),
  handled: say("A department says that it is done; somebody is going to have a look."),
  closed: say("It is done."),
  rejected: say("It was ended without work being done."),
  merged: say("Others have reported the same; it goes on together with theirs."),
};
const SUPPRESSED = say("It was noted, and nobody is sent: for that place and time the city has announced that such things are not followed up.");
const CALLED = {
  feedback: say("Say whether it is settled"), reopen: say("It is not settled: open it again"),
  remind: say("Ask how long it will take"), comment: say("Add words or a photo"), judge: say("Say whether it is settled"),
};
const GRADES = [say("1 very dissatisfied"), say("2 dissatisfied"), say("3 fairly satisfied"), say("4 satisfied"), say("5 very satisfied")];
const by = (id) => document.getElementById(id);
const here = location.pathname;

function tell(sentence) {
  by("notice").textContent = sentence;
  by("notice").hidden = !sentence;
}

async function answered(response) {
  const body = await response.json();
  if (!response.ok) throw new Error(body.detail || `HTTP ${response.status}`);
  return body;
}

function select(field, rows) {
  return el("select", { name: field }, el("option", { value: "" }, "–"), ...rows.map(([value, text]) => el("option", { value }, text)));
}

const FIELDS = {
  feedback: () => [
    el("label", {}, say("Settled?"), select("satisfied", [["true", say("yes")], ["false", say("no")]])),
    el("label", {}, say("Satisfaction"), select("satisfaction", GRADES.map((text, index) => [index + 1, text]))),
  ],
  comment: () => [el("label", {}, say("Link to a photo"), el("input", { name: "evidence_urls", type: "url", maxlength: 2048 }))],
  judge: () => [
    el("label", {}, say("Settled?"), el("select", { name: "satisfied", required: "" },
      el("option", { value: "" }, "–"), el("option", { value: "true" }, say("yes")), el("option", { value: "false" }, say("no")))),
  ],
  reopen: () => [],
  remind: () => [],
};
const READ = { satisfied: (text) => text === "true", satisfaction: Number, evidence_urls: (text) => [text] };

function form(action) {
  const node = el("form", { class: "move" }, ...FIELDS[action](),
    el("label", {}, say("In your words"), el("textarea", { name: "reason", rows: 3, maxlength: 10000 })),
    el("button", { class: "primary" }, say("Send")));
  node.addEventListener("submit", async (event) => {
    event.preventDefault();
    const said = [...new FormData(node)].map(([field, text]) => [field, text.trim()]).filter(([, text]) => text);
    const body = { action, ...Object.fromEntries(said.map(([field, text]) => [field, (READ[field] || String)(text)])) };
    const button = node.querySelector("button");
    button.disabled = true;
    try {
      await answered(await ask(`${here}/updates`, {
        method: "POST", body: JSON.stringify(body), headers: { "content-type": "application/json", prefer: "wait=5" },
      }));
      await show();
      tell(say("Thank you. It has arrived."));
    } catch (error) {
      button.disabled = false;
      tell(error.message);
    }
  });
  return node;
}

// What a citizen of the pool is asked, who has not reported the order.
function toJudge(order) {
  const open = order.may.includes("judge");
  const told = open ? say("You are one of the citizens who were asked about this. A check has found that it is settled. Go and see, and say whether it is.")
    : order.judged ? say("You have judged it. Thank you.") : say("There is nothing to judge any more.");
  return el("section", { class: "panel" },
    el("h2", {}, order.category ? name(order.category) : ""),
    el("p", { id: "state" }, told),
    el("p", { class: "soft" }, [name(order.area), order.place ? `${order.place.lat}, ${order.place.lon}` : ""].filter(Boolean).join(" · ")),
    open ? el("p", {}, say("You may answer until {}", moment(order.judge_by, order.zone))) : null,
    el("p", { class: "soft" }, order.id));
}

async function show() {
  try {
    const order = await answered(await ask(`${here}/order`));
    by("city").textContent = name(order.city);
    by("report").replaceChildren(
      "judge_by" in order ? toJudge(order) :
      el("section", { class: "panel" },
        el("h2", {}, order.category ? name(order.category) : say("Your report")),
        el("p", { id: "state" }, order.suppressed ? SUPPRESSED : PLAIN[order.state]),
        el("p", { class: "soft" }, [name(order.area), order.department ? name(order.department) : ""].filter(Boolean).join(" · ")),
        order.due && order.may.includes("remind") ? el("p", {}, say("It is to be done by {}", moment(order.due, order.zone))) : null,
        el("ol", {}, ...order.steps.map((step) => el("li", {}, `${moment(step.at, order.zone)} ${term(FACTS[step.fact], step.fact)}`))),
        el("p", { class: "soft" }, order.id)),
      el("section", { class: "panel" }, ...order.may.map((action) =>
        el("details", {}, el("summary", {}, CALLED[action]), form(action)))));
    tell("");
  } catch (error) {
    tell(error.message);
  }
}

await show();
