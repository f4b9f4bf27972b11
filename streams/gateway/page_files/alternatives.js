// The categories between which the classifier was unsure, of which a reviewer takes one.
import { el, percent } from "/page/common.js";
import { say } from "/page/language.js";
import { categoryName } from "/page/moves.js";
import { NO_FAULT } from "/page/terms.js";

const MOST = 3;

// Pairs of a category and its probability; none for an order that is not in review, or is judged unseen.
export function alternativesOf(order) {
  return order?.state === "review" ? (order.guess?.alternatives || []).slice(0, MOST) : [];
}

// What the desk is asked when somebody takes an alternative.
export function decision([code]) {
  return code === NO_FAULT ? { code: "not-a-problem", reason: say("no fault") } : { category: code };
}

// A button for each alternative, with its key. `take(index)` is called for the one that is pressed.
export function alternativeRows(order, take) {
  return alternativesOf(order).map(([code, share], index) => {
    const bar = el("i");
    bar.style.width = `${Math.round(share * 100)}%`;
    const button = el("button", { type: "button" }, el("kbd", {}, String(index + 1)), el("span", {}, categoryName(code)),
      el("small", {}, percent(share)), el("span", { class: "bar", "aria-hidden": "true" }, bar));
    button.addEventListener("click", () => take(index));
    return button;
  });
}
