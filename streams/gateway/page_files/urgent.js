// Orders of life and limb, announced at once to those who can act, until they have been seen.
import { el, timed } from "/page/common.js";
import { name, say } from "/page/language.js";

const MOST = matchMedia("(max-width: 860px)").matches ? 3 : 5; // that are shown at once
const SINCE = Date.now() - 30 * 60_000; // what came longer before the page was opened was announced to those who were there

// A banner in a part of the page, which says what `announce` is given. `open(id)` shows an order; without it a link does.
// `zone()` is the city's, in which times are shown, once it is known.
export function urgentBanner(open, zone) {
  const lines = el("ul", {});
  const further = el("p", { class: "soft" });
  const node = el("section", { class: "urgent", "aria-label": say("Urgent") }, el("div", { role: "alert", "aria-atomic": "false" }, lines), further);
  node.hidden = true;
  const seen = new Set(JSON.parse(sessionStorage.getItem("urgent-seen") || "[]"));
  const shown = new Map();

  function draw() {
    const wanted = [...shown.values()].slice(-MOST);
    const had = [...lines.children].findIndex((line) => line.contains(document.activeElement));
    for (const line of [...lines.children]) if (!wanted.includes(line)) line.remove();
    wanted.forEach((line, index) => lines.children[index] === line || lines.insertBefore(line, lines.children[index]));
    const all = el("button", { type: "button" }, say("All seen"));
    all.addEventListener("click", () => [...shown.keys()].forEach(put));
    further.replaceChildren(say("{} more", shown.size - MOST), all);
    further.hidden = shown.size <= MOST;
    node.hidden = !shown.size;
    if (had >= 0 && document.activeElement === document.body) wanted[Math.min(had, wanted.length - 1)]?.querySelector("button").focus(); // whose line is gone goes on at the next one
  }

  function put(id) {
    seen.add(id);
    sessionStorage.setItem("urgent-seen", JSON.stringify([...seen].slice(-200)));
    if (shown.delete(id)) draw();
  }

  function announce(made) {
    if (seen.has(made.order_id) || shown.has(made.order_id) || Date.parse(made.at) < SINCE) return;
    const what = [made.category, made.area].filter((each) => each?.name_zh || each?.name_en).map(name).join(" · ") || made.order_id;
    const link = el("a", { href: `/o/${encodeURIComponent(made.order_id)}` }, what);
    const noted = el("button", { type: "button" }, say("Seen"));
    link.addEventListener("click", (event) => {
      put(made.order_id);
      if (!open) return;
      event.preventDefault();
      open(made.order_id);
    });
    noted.addEventListener("click", () => put(made.order_id));
    shown.set(made.order_id, el("li", {}, el("strong", {}, say("Urgent: life and limb")), " ", link, " ", timed(made.at, zone(), { "aria-live": "off" }), " ", noted));
    draw();
  }

  return { node, announce, put };
}
