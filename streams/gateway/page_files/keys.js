// The keys of a page, and the sheet that shows them.
import { el } from "/page/common.js";
import { say } from "/page/language.js";

const TYPED_IN = "input:not([type=checkbox]), textarea, select, dialog";

const HELD = ["j", "k"]; // go on for as long as they are held down: they only move

// What a key says, with the Caps Lock on as well.
function pressed(event) {
  return /^[A-Z]$/.test(event.key) && !event.shiftKey ? event.key.toLowerCase() : event.key;
}

// `keys` are rows of [the key, what it does in words (or a function that says so), what is run, whether it can be used now]. `?` shows the sheet of
// those that can be used. A key does nothing while somebody types, or with Ctrl, Alt or Meta; held down, it does once what it does: the second
// step would be taken of another order, which nobody has read.
export function keyboard(keys) {
  const said = (words) => (typeof words === "function" ? words() : words);

  function sheet() {
    const usable = [...keys.filter(([, words, , may]) => may() && said(words)), ["?", say("this sheet"), null, null]];
    const dialog = el("dialog", { class: "keys", "aria-labelledby": "keys-title" }, el("h2", { id: "keys-title" }, say("Keys")),
      el("dl", { class: "facts" }, ...usable.flatMap(([key, words]) => [el("dt", {}, el("kbd", {}, key)), el("dd", {}, said(words))])),
      el("form", { method: "dialog" }, el("button", {}, say("Close"))));
    dialog.addEventListener("close", () => dialog.remove());
    document.body.append(dialog);
    dialog.showModal();
  }

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest?.(TYPED_IN)) return;
    const typed = pressed(event);
    if (event.repeat && !HELD.includes(typed)) return;
    const row = typed === "?" ? ["?", "", sheet, () => true] : keys.find(([key, , , may]) => key === typed && may());
    if (!row) return;
    event.preventDefault();
    row[2]();
  });
  return sheet;
}
