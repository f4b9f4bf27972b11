// What stands beside an order so that a person can judge it: others that may be the same, and similar ones that ended.
import { areaMap } from "/page/area_map.js";
import { answered, ask, duration, el, isDecided, timed } from "/page/common.js";
import { name, say, term } from "/page/language.js";
import { seat } from "/page/moves.js";
import { noted } from "/page/order_view.js";
import { distance, metres } from "/page/places.js";
import { FACTS, NO_FAULT, STATES } from "/page/terms.js";

const MOST = 4; // that are compared with an order
const SIMILAR = 5;
const LOOKED_AT = 12; // of the newest that ended, for those whose words are most alike
const EXCERPT = 120; // characters
const DETOURS = ["returned", "recategorised", "reopened"];

function card(order, number, beside, actions) {
  return el("article", { class: number ? "card" : "card chosen" },
    el("div", { class: "top" }, el("strong", {}, el("i", { class: "dot" }, String(number || "•")), number ? el("a", { href: `/o/${encodeURIComponent(order.id)}` }, name(order.category)) : say("This order")),
      el("span", { class: "badge" }, term(STATES[order.state], order.state))),
    el("p", { class: "text" }, [order.title, order.text].filter(Boolean).join("\n")),
    el("p", { class: "soft" }, beside === null ? "" : `${metres(beside)} · `, timed(order.opened_at, order.zone),
      ...[order.location?.address, order.department ? name(order.department) : ""].filter(Boolean).map((each) => ` · ${each}`)),
    el("div", { class: "moves" }, ...actions));
}

async function documents(ids, most = MOST) {
  const answers = await Promise.all(ids.slice(0, most).map((id) => ask(`/orders/${encodeURIComponent(id)}`)));
  return Promise.all(answers.filter((each) => each.ok || !isDecided(each.status)).map(answered));
}

// What fills a panel with what belongs to an order, unless it shows that already: `draw(order, isWanted)`, once for all that
// `stateOf(order)` gives. What could not be had is asked for again the next time. `turnTo(order)` hides what is another's.
function panelOf(node, stateOf, draw) {
  let [drawn, whose] = ["", ""];

  function turnTo(order) {
    if (whose === order.id) return;
    node.hidden = true;
    [drawn, whose] = ["", order.id];
  }

  async function show(order) {
    turnTo(order);
    const state = JSON.stringify(stateOf(order));
    if (state === drawn) return;
    drawn = state;
    const isWanted = () => whose === order.id && state === drawn;
    try {
      await draw(order, isWanted);
    } catch (error) {
      if (isWanted()) drawn = "";
      throw error;
    }
  }

  return { node, show, turnTo };
}

// The map in a holder, which is drawn once, whoever asks for it meanwhile; null where there is none.
function mapIn(drawing) {
  let map = null;
  const forget = () => {
    map = null;
  };
  return () => {
    map ||= areaMap(drawing).catch((error) => {
      forget();
      throw error;
    });
    return map;
  };
}

// A panel that shows an order next to its candidates, and on a map. `actions(other)` gives the buttons for one of them.
export function comparison(actions) {
  const cards = el("div", { class: "compared" });
  const drawing = el("div", { class: "map near", role: "group", "aria-label": say("Map of the areas") });
  const node = el("section", { class: "panel", hidden: true }, el("h2", {}, say("May be the same")), cards, drawing);
  const mapped = mapIn(drawing);

  // The buttons are those of a seat.
  return panelOf(node, (order) => [order.seq, seat.role, seat.department, seat.person], async (order, isWanted) => {
    const others = await documents(order.candidates || []);
    if (!isWanted()) return; // another order has been opened meanwhile
    node.hidden = !others.length;
    if (!others.length) return;
    cards.replaceChildren(card(order, 0, null, []), ...others.map((other, index) =>
      card(other, index + 1, distance(order.location, other.location), actions(other))));
    const placed = [order, ...others].some((each) => each.location?.lat !== undefined);
    const map = placed ? await mapped() : null;
    if (!isWanted()) return;
    const points = [{ ...order, called: "•", kind: "chosen" }, ...others.map((other, index) => ({ ...other, called: String(index + 1), kind: "order" }))];
    drawing.toggleAttribute("hidden", !map);
    map?.points(points);
    map?.showPoints();
  });
}

// A panel with a small map of where an order is.
export function placeMap() {
  const drawing = el("div", { class: "map near", role: "group", "aria-label": say("Map of the areas") });
  const node = el("section", { class: "panel", hidden: true }, el("h2", {}, say("Where it is")), drawing);
  const mapped = mapIn(drawing);

  return panelOf(node, (order) => [order.location], async (order, isWanted) => {
    node.hidden = order.location?.lat === undefined;
    if (node.hidden) return;
    const map = await mapped();
    if (!isWanted()) return;
    node.hidden = !map;
    map?.points([{ ...order, called: "•", kind: "chosen" }]);
    if (drawing.classList.contains("tiled")) map?.showPoints(); // without streets the whole city says more
  });
}

const wordsOf = (order) => [order.title, order.text].filter(Boolean).join(" ");

function pairs(text) {
  const plain = text.toLowerCase().replace(/\s+/g, " ");
  return new Set([...plain].slice(1).map((each, index) => [...plain][index] + each));
}

// How alike the words of two orders are, 0 to 1: the pairs of characters that both have, of all of both (Dice).
function alike(one, other) {
  const [own, others] = [pairs(wordsOf(one)), pairs(wordsOf(other))];
  const both = [...own].filter((each) => others.has(each)).length;
  return own.size + others.size ? (2 * both) / (own.size + others.size) : 0;
}

// How it ended: what was said when it was ended without work, how long it took, and what went wrong on the way.
function ending(order) {
  const steps = order.timeline || [];
  const last = steps.findLast((step) => step.fact === order.state);
  const took = last ? say("took {}", duration((Date.parse(last.at) - Date.parse(order.opened_at)) / 1000)) : "";
  const detours = DETOURS.map((fact) => [fact, steps.filter((step) => step.fact === fact).length]).filter(([, times]) => times);
  return [order.department ? name(order.department) : "", took, ...detours.map(([fact, times]) => `${term(FACTS[fact], fact)} ${times}×`),
    order.state === "rejected" && last ? noted(last, order) : ""].filter(Boolean).join(" · ");
}

// A panel of the orders of the same area and category that ended lately, those first whose words are most alike. `of(order)` says which category that is.
export function precedents(of) {
  const list = el("ol", { class: "list" });
  const title = el("small", {});
  const node = el("section", { class: "panel", hidden: true }, el("h2", {}, say("How similar ones ended"), title), list);

  return panelOf(node, (order) => [of(order)], async (order, isWanted) => {
    const category = of(order);
    node.hidden = true;
    if (!category || category === NO_FAULT || !order.area) return;
    const response = await ask(`/orders?state=closed,rejected&category=${encodeURIComponent(category)}&area=${encodeURIComponent(order.area.id)}&limit=${LOOKED_AT}`);
    if (!response.ok && isDecided(response.status)) return;
    const found = await answered(response);
    if (!isWanted()) return;
    const ended = await documents(found.orders.map((each) => each.id), LOOKED_AT);
    if (!isWanted()) return;
    const orders = ended.filter((each) => each.id !== order.id).map((each) => [alike(order, each), each]).sort(([one], [other]) => other - one).slice(0, SIMILAR).map(([, each]) => each);
    node.hidden = !orders.length;
    title.textContent = orders.length ? `${name(orders[0].category)} · ${name(order.area)}` : "";
    list.replaceChildren(...orders.map((each) => el("li", {},
      el("div", { class: "top" }, el("a", { class: "written", href: `/o/${encodeURIComponent(each.id)}` }, [...wordsOf(each)].slice(0, EXCERPT).join("") || name(each.category)), timed(each.last_at, order.zone)),
      el("span", { class: each.state === "closed" ? "badge good" : "badge" }, term(STATES[each.state], each.state)), el("span", { class: "soft" }, ` ${ending(each)}`))));
  });
}
