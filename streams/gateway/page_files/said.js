// Says for a while what was done, with the button that takes it back where something does.
import { el } from "/page/common.js";
import { name, say } from "/page/language.js";

const SAID_MS = 20000;
const TITLE = 40; // characters of a text that stand for a title

export function titled(order) {
  return order.title || (order.category ? name(order.category) : [...(order.text || "")].slice(0, TITLE).join("")) || order.id;
}

// `node` is where it is said; `after` is called when something was taken back.
export function doneBar(node, after) {
  let takeBack = null; // what `u` does
  let hiding = 0;

  function tell(sentence, about, undo = null) {
    takeBack = undo && (async () => {
      takeBack = null;
      const { refused } = await undo();
      tell(refused || say("Taken back"), about);
      await after();
    });
    const button = undo ? el("button", { type: "button" }, say("Undo"), el("kbd", {}, "u")) : "";
    if (button) button.addEventListener("click", () => takeBack?.());
    node.replaceChildren(sentence, " ", about ? el("a", { class: "written", href: `/o/${encodeURIComponent(about.id)}` }, titled(about)) : "", " ", button);
    node.hidden = false;
    clearTimeout(hiding);
    hiding = setTimeout(() => {
      takeBack = null;
      node.hidden = true;
    }, SAID_MS);
  }

  return { tell, key: ["u", say("take the last step back"), () => takeBack(), () => takeBack !== null] };
}
