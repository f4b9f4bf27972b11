// The list that somebody works through: its lines, which one is open, and which are picked to be accepted together.
import { answered, ask, duration, el, inTurn, keyboardIn, percent, redraw } from "/page/common.js";
import { name, say, term } from "/page/language.js";
import { seat } from "/page/moves.js";
import { metres, walk } from "/page/places.js";
import { saveOn } from "/page/saving.js";
import { FACTS } from "/page/terms.js";
import { unitBar } from "/page/unit_bar.js";

const PAGE = 50;
const MOST_AT_ONCE = 200; // of a walk, which has no pages

function age(line) {
  return duration(Math.max(Date.now() - Date.parse(line.opened_at), 0) / 1000);
}

function clock(line) {
  if (!line.due) return "";
  const left = (Date.parse(line.due) - Date.now()) / 1000;
  if (line.overdue_at || left < 0) return el("span", { class: "late" }, say("overdue by {}", duration(Math.abs(left))));
  return el("span", {}, say("due in {}", duration(left)));
}

// The list in a part of the page. `open(id)` is called for a line that somebody chooses, `opened()` tells which is open,
// `accept(lines)` is called for those that are picked, `told(sentence)` to say something.
export function workList(part, { open, opened, accept, done, told }) {
  let query = "";
  let pages = 1;
  let lines = [];
  let more = false;
  let known = false; // whether the list has been asked for yet
  let start = null; // where an inspector sets out
  const picked = new Set();
  const loads = inTurn();
  let accepting = false;
  const reporting = unitBar();
  const bar = el("div", { class: "bar-of-list" });
  const rows = el("ol", { class: "list picks", tabindex: "-1", "aria-label": say("Orders") });
  const further = el("button", { type: "button", class: "plain" }, say("More"));
  const save = el("button", { type: "button", class: "plain" }, say("Save as a table"));
  saveOn(save, () => `/orders?${query}`, told);
  part.replaceChildren(bar, rows, further, save);
  further.addEventListener("click", () => {
    pages += 1;
    done();
  });

  const walks = () => seat.role === "inspector";
  const picking = () => seat.role === "department" && lines.some((line) => line.state === "assigned");

  function begin(wanted) {
    [query, pages, lines, known] = [wanted, 1, [], false];
    picked.clear();
    show();
  }

  // Asks for the lines anew, but for those that `gone(id)` says have been dealt with.
  async function load(gone) {
    const asked = query;
    const isNewest = loads();
    const found = [];
    let next = "";
    const wanted = pages * (walks() ? MOST_AT_ONCE : PAGE);
    while (found.length < wanted) {
      const body = await answered(await ask(`/orders?limit=${Math.min(wanted - found.length, MOST_AT_ONCE)}&${asked}${next ? `&cursor=${next}` : ""}`));
      found.push(...body.orders);
      next = body.next;
      if (!next) break;
    }
    if (asked !== query || !isNewest()) return; // another list has been opened meanwhile, or a newer answer has come
    more = Boolean(next);
    known = true;
    const left = found.filter((line) => !gone(line.id));
    lines = walks() ? walk(left, start) : left;
    for (const id of picked) if (!lines.some((line) => line.id === id)) picked.delete(id);
  }

  function row(line, index) {
    const seen = line.id === opened();
    const button = el("button", { type: "button", "data-id": line.id, "aria-current": seen ? "true" : null },
      el("span", { class: "top" }, el("strong", { class: "written" }, walks() ? el("i", { class: "dot" }, String(index + 1)) : "", line.title || name(line.category)),
        el("time", { datetime: line.opened_at, class: "soft" }, age(line))),
      el("span", { class: "soft meta" }, line.priority <= 2 ? el("span", { class: "badge bad" }, `P${line.priority}`) : "",
        line.marks?.includes("reminded") ? el("span", { class: "badge warn" }, term(FACTS.reminded)) : "",
        el("span", {}, [line.category ? name(line.category) : line.probability ? percent(line.probability) : "", name(line.area), line.department && seat.role !== "department" ? name(line.department) : ""].filter(Boolean).join(" · ")),
        walks() && (index || start) && Number.isFinite(line.from_before) ? el("span", {}, `↦ ${metres(line.from_before)}`) : "", clock(line)));
    button.addEventListener("click", () => open(line.id));
    if (!picking()) return el("li", {}, button);
    const box = el("input", { type: "checkbox", "data-pick": line.id, "aria-label": say("Pick {}", line.title || line.id), checked: picked.has(line.id), disabled: line.state !== "assigned" });
    box.addEventListener("change", () => pick(line.id));
    return el("li", { class: "pickable" }, box, button);
  }

  function showBar() {
    const parts = [];
    if (picking()) {
      const all = () => lines.filter((line) => line.state === "assigned"); // when it is pressed, too
      const together = el("button", { type: "button", "data-bar": "together" }, picked.size === all().length ? say("Pick none") : say("Pick all"));
      together.addEventListener("click", () => {
        const whole = picked.size === all().length;
        picked.clear();
        if (!whole) for (const line of all()) picked.add(line.id);
        show();
      });
      const go = el("button", { type: "button", class: "primary", "data-bar": "accept", disabled: !picked.size || accepting }, say("Accept {}", picked.size));
      go.addEventListener("click", async () => {
        const goOn = keyboardIn(go);
        accepting = go.disabled = true;
        await accept(lines.filter((line) => picked.has(line.id))).finally(() => {
          accepting = false;
          show();
          goOn(rows.querySelector('[aria-current="true"]'));
        });
      });
      parts.push(together, go);
    }
    if (walks() && navigator.geolocation) {
      const here = el("button", { type: "button" }, say("From where I am"));
      here.addEventListener("click", () => navigator.geolocation.getCurrentPosition(({ coords }) => {
        start = { lat: coords.latitude, lon: coords.longitude };
        done();
      }, () => told(say("This browser does not say where you are"))));
      parts.push(el("span", { class: "soft" }, say("In walking order")), here);
    }
    if (seat.role === "unit" && seat.person) parts.push(reporting.show());
    redraw(bar, ...parts);
    bar.hidden = !parts.length;
  }

  function show() {
    const before = part.contains(document.activeElement) ? document.activeElement : null;
    const place = [...rows.children].findIndex((each) => each.contains(before));
    redraw(rows, ...lines.map(row), ...(known && !lines.length ? [el("li", { class: "soft none" }, say("Nothing in this list"))] : []));
    further.hidden = !more;
    save.hidden = !lines.length;
    showBar();
    if (!before || before === document.activeElement) return;
    const alike = (each) => ["id", "pick", "bar"].some((what) => before.dataset[what] && before.dataset[what] === each.dataset[what]);
    const now = before.isConnected ? before : [...part.querySelectorAll("button, input")].find(alike);
    const next = rows.children[Math.min(place, lines.length - 1)]?.querySelector("button"); // its line is gone, and which is open next is not known yet
    (now || rows.querySelector('[aria-current="true"]') || next || rows).focus({ preventScroll: true });
  }

  function pick(id) {
    if (!picked.delete(id)) picked.add(id);
    show();
  }

  const at = (id) => lines.findIndex((line) => line.id === id);
  return {
    begin, load, show, pick, picking,
    first: () => lines[0]?.id || "",
    last: () => lines.at(-1)?.id || "",
    has: (id) => at(id) >= 0,
    after: (id, most) => lines.slice(at(id) + 1, at(id) + 1 + most).map((line) => line.id),
    beside: (id, by) => lines[Math.min(Math.max(at(id) + by, 0), lines.length - 1)]?.id,
    drop: (id) => {
      lines = lines.filter((line) => line.id !== id);
    },
    reveal: () => rows.querySelector('[aria-current="true"]')?.scrollIntoView({ block: "nearest" }),
  };
}
