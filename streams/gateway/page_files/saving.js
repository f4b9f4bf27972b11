// Saves a list of orders as a table for a spreadsheet: all of it, not only what is shown.
import { answered, ask, el, keyboardIn } from "/page/common.js";
import { say } from "/page/language.js";

// `path()` is where the list is asked for, `told(sentence)` says what has gone wrong.
export function saveOn(button, path, told) {
  button.addEventListener("click", async () => {
    const goOn = keyboardIn(button);
    button.disabled = true;
    try {
      const response = await ask(path(), { headers: { accept: "text/csv" } });
      if (!response.ok) await answered(response); // throws what is said
      const link = el("a", { href: URL.createObjectURL(await response.blob()), download: `orders-${new Date().toLocaleDateString("sv-SE")}.csv` });
      link.click();
      URL.revokeObjectURL(link.href);
      told("");
    } catch (error) {
      told(say("Cannot be saved: {}", error.message));
    }
    button.disabled = false;
    goOn(button);
  });
}
