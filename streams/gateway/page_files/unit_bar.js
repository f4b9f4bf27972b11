// What a mobile unit says of itself at its seat: whether it is free, and where its browser is.
import { answered, ask, el, GAP, timed, woven } from "/page/common.js";
import { say } from "/page/language.js";
import { seat } from "/page/moves.js";

const AGAIN_MS = 60000; // whoever has not been heard of for some minutes is sent nowhere
const OLDEST_MS = 30000; // of a place that is known already
const STATES = { free: say("free"), busy: say("busy"), off: say("off duty") };

function whereabouts() {
  return new Promise((resolve) => {
    if (!navigator.geolocation) resolve(null);
    else navigator.geolocation.getCurrentPosition(resolve, () => resolve(null), { maximumAge: OLDEST_MS, timeout: OLDEST_MS });
  });
}

// The buttons of the three states, and what was made of the last one that was pressed. As long as the page is open it is
// said again every minute, for a unit that moves.
export function unitBar() {
  const told = el("span", { class: "soft", role: "status" });
  const buttons = Object.entries(STATES).map(([state, words]) => {
    const button = el("button", { type: "button", "data-unit-state": state, "aria-pressed": "false" }, words);
    button.addEventListener("click", () => report(state));
    return button;
  });
  const node = el("span", { class: "reporting" }, el("span", { class: "window", role: "group", "aria-label": say("What this unit says of itself") }, ...buttons), told);
  let [whose, said, again] = ["", "", 0];
  let turn = Promise.resolve(); // of what is sent: the second one would overtake the first

  function press(state) {
    said = state;
    told.textContent = "";
    for (const each of buttons) each.setAttribute("aria-pressed", String(each.dataset.unitState === state));
    clearInterval(again);
    again = state ? setInterval(() => report(state), AGAIN_MS) : 0;
  }

  async function report(state) {
    if (state !== said) press(state);
    const by = seat.person;
    const found = await whereabouts();
    const isStill = () => said === state && by === seat.person && seat.role === "unit";
    // Another one may have been pressed by its turn, or somebody else sits there.
    turn = turn.then(() => isStill() && send(state, by, found, isStill));
    await turn;
  }

  async function send(state, by, found, isStill) {
    const location = found && { lat: found.coords.latitude, lon: found.coords.longitude };
    const body = { state, ...(seat.known.open ? { unit: by } : {}), ...(location ? { location } : {}) };
    try {
      await answered(await ask("/units", { method: "POST", body: JSON.stringify(body), headers: { "content-type": "application/json" } }));
      if (!isStill()) return;
      told.replaceChildren(...(location ? woven(say("told at {}", GAP), timed(new Date().toISOString(), seat.known.zone))
        : [say("told, but not where you are: this browser does not say it")]));
    } catch (error) {
      if (!isStill()) return;
      told.textContent = say("Not sent ({}). It is tried again.", error.message);
    }
  }

  // The bar of the unit that sits there now: of another one it knows nothing yet.
  function show() {
    if (whose !== seat.person) {
      whose = seat.person;
      press("");
    }
    return node;
  }

  return { show };
}
