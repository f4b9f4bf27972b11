import { AGAIN_MS, answered, ask, el, GAP, inTurn, keepTyped, keyboardIn, said, timed, woven } from "/page/common.js";
import { name, say } from "/page/language.js";
import { decided, keyOf } from "/page/undecided.js";

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
// What has happened, in the same words: all steps that reporters are told of.
const HAPPENED = {
  opened: say("We have received it"),
  assigned: say("Given to a department"),
  accepted: say("A department has taken it on"),
  divided: say("Several departments work on it, each on its part"),
  recategorised: say("Somebody has looked and put right what it is about"),
  "extension-approved": say("It takes longer than planned"),
  suspended: say("Put off for now"),
  resumed: say("Taken up again"),
  handled: say("A department says that it is done"),
  closed: say("Done"),
  reopened: say("Opened again"),
  rejected: say("Ended without work being done"),
  merged: say("Put together with what others have reported"),
  unmerged: say("Goes on by itself again"),
};
const SUPPRESSED = say("It was noted, and nobody is sent: for that place and time the city has announced that such things are not followed up.");
const SPLIT_OFF = say("What you have reported goes on as an order of its own.");
const OPEN = ["review", "assigned", "accepted", "returned", "arbitration"];
const CALLED = {
  feedback: say("Say whether it is settled"), reopen: say("It is not settled: open it again"),
  remind: say("Ask how long it will take"), comment: say("Add words or a photo"), judge: say("Say whether it is settled"),
};
const GRADES = [say("1 very dissatisfied"), say("2 dissatisfied"), say("3 fairly satisfied"), say("4 satisfied"), say("5 very satisfied")];
const NEWS_MS = [300, 600, 1200, 2400]; // what the desk has decided is shown a moment later; not every step shows
const by = (id) => document.getElementById(id);
const here = location.pathname;

function tell(sentence, isTrouble = false) {
  troubled = isTrouble;
  by("notice").textContent = sentence;
  by("notice").hidden = !sentence;
  if (sentence) by("notice").scrollIntoView({ block: "nearest" }); // what was pressed may stand far below
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
const forms = new Map(); // by what is said with it: what is written in one stays, whatever is sent by another
const READ = { satisfied: (text) => text === "true", satisfaction: Number, evidence_urls: (text) => [text] };

function form(action) {
  const node = el("form", { class: "move" }, ...FIELDS[action](),
    el("label", {}, say("In your words"), el("textarea", { name: "reason", rows: 3, maxlength: 10000 })),
    el("button", { class: "primary" }, say("Send")));
  const step = JSON.stringify([here, action]);
  node.addEventListener("submit", async (event) => {
    event.preventDefault();
    const given = [...new FormData(node)].map(([field, text]) => [field, text.trim()]).filter(([, text]) => text);
    const body = { action, ...Object.fromEntries(given.map(([field, text]) => [field, (READ[field] || String)(text)])) };
    const button = node.querySelector("button");
    const goOn = keyboardIn(node);
    button.disabled = true;
    const text = JSON.stringify(body);
    try {
      await answered(await ask(`${here}/updates`, {
        method: "POST", body: text, headers: { "content-type": "application/json", prefer: "wait=5", "idempotency-key": keyOf(step, text) },
      }));
      decided(step);
      forms.delete(action);
      node.reset(); // it may stand there for a while, and what was sent is not to be sent again
      await showNews(say("Thank you. It has arrived."));
      goOn(forms.get(action)?.querySelector("summary") || by("report"));
    } catch (error) {
      button.disabled = false;
      goOn(button);
      if (error.decided) decided(step);
      tell(error.told ? said(error, node) : say("Not sent ({}). Press again: it is taken once.", error.message));
    }
  });
  return node;
}

// What the reporter has said already.
function answeredBefore({ satisfied, satisfaction }) {
  const grade = satisfaction ? GRADES[satisfaction - 1].replace(/^\d /, "") : "";
  return el("p", { id: "answered" }, [satisfied ? say("You have said: it is settled") : say("You have said: it is not settled"), grade].filter(Boolean).join(" · "));
}

const isTyped = (form) => [...new FormData(form).values()].some(Boolean);

// One part for each thing that may be said now; those that stay are the same parts as before, and so do those in which
// something is written: what is said too late is refused with a reason.
function offered(order) {
  for (const [action, part] of forms) if (!order.may.includes(action) && !isTyped(part.querySelector("form"))) forms.delete(action);
  for (const action of order.may) {
    if (!forms.has(action)) {
      const words = form(action);
      forms.set(action, el("details", { open: keepTyped(words, action) }, el("summary", {}, CALLED[action]), words));
    }
    const last = order.until?.[action];
    const node = forms.get(action);
    node.querySelector(".until")?.remove();
    if (last) node.querySelector("summary").after(el("p", { class: "soft until" }, ...woven(say("Possible until {}", GAP), timed(last, order.zone))));
  }
  return [...new Set([...order.may, ...forms.keys()])].map((action) => forms.get(action));
}

let drawn = "";

// What a citizen of the pool is asked, who has not reported the order.
function toJudge(order) {
  const open = order.may.includes("judge");
  const told = open ? say("You are one of the citizens who were asked about this. A check has found that it is settled. Go and see, and say whether it is.")
    : order.judged ? say("You have judged it. Thank you.") : say("There is nothing to judge any more.");
  return el("section", { class: "panel" },
    el("h2", {}, order.category ? name(order.category) : ""),
    el("p", { id: "state" }, told),
    el("p", { class: "soft" }, [name(order.area), order.place ? `${order.place.lat}, ${order.place.lon}` : ""].filter(Boolean).join(" · ")),
    open ? el("p", {}, ...woven(say("You may answer until {}", GAP), timed(order.judge_by, order.zone))) : null,
    el("p", { class: "soft" }, order.id));
}

function reported(order) {
  return el("section", { class: "panel" },
    el("h2", {}, order.category ? name(order.category) : say("Your report")),
    el("p", { id: "state" }, order.split_off ? SPLIT_OFF : order.suppressed ? SUPPRESSED : PLAIN[order.state]),
    order.goes_on ? el("p", {}, el("a", { href: order.goes_on, id: "onward" }, say("See how it goes on"))) : null,
    el("p", { class: "soft" }, [name(order.area), order.department && !order.split_off ? name(order.department) : ""].filter(Boolean).join(" · ")),
    order.due && OPEN.includes(order.state) ? el("p", {}, ...woven(say("It is to be done by {}", GAP), timed(order.due, order.zone))) : null,
    order.answered ? answeredBefore(order.answered) : null,
    el("ol", {}, ...order.steps.map((step) => el("li", {}, timed(step.at, order.zone), ` ${HAPPENED[step.fact] || ""}`))),
    el("p", { class: "soft" }, order.id));
}

const asked = inTurn();
let troubled = false; // whether the notice says that it could not be brought up to date
let again = 0;

// Shows how it stands, and says something with it. Without an answer it is asked again; what has been said stays, as it is true.
async function show(said = "") {
  const isNewest = asked();
  clearTimeout(again);
  try {
    const order = await answered(await ask(`${here}/order`));
    if (!isNewest()) return;
    by("city").textContent = name(order.city);
    const { goes_on: there, ...rest } = order; // a link is another one each time
    if (JSON.stringify([rest, !there]) !== drawn) {
      drawn = JSON.stringify([rest, !there]);
      by("report").replaceChildren("judge_by" in order ? toJudge(order) : reported(order));
    }
    const parts = offered(order);
    if (parts.some((part, index) => by("doing").children[index] !== part) || by("doing").children.length !== parts.length) {
      by("doing").replaceChildren(...parts);
    }
    by("doing").hidden = !parts.length;
    if ((said || troubled) && by("notice").textContent !== said) tell(said);
  } catch (error) {
    if (!isNewest()) return;
    if (error.decided) {
      tell(error.message);
      return;
    }
    const told = [said, say("Cannot update at the moment ({})", error.message)].filter(Boolean).join(" ");
    if ((said || troubled || by("notice").hidden) && by("notice").textContent !== told) tell(told, true); // said once, however often it is tried
    again = setTimeout(() => document.hidden || show(said), AGAIN_MS);
  }
}

// The same, again until something has changed.
async function showNews(said) {
  const before = drawn;
  await show(said);
  for (const wait of NEWS_MS) {
    if (drawn !== before) return;
    await new Promise((resolve) => setTimeout(resolve, wait));
    await show(said);
  }
}

await show();
document.addEventListener("visibilitychange", () => document.hidden || show()); // it may have lain there for days
