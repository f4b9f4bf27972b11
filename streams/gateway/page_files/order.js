import { ask } from "/page/common.js";
import { comparison } from "/page/beside.js";
import { name, say } from "/page/language.js";
import { movesPanel } from "/page/moves.js";
import { orderView, stateBadge } from "/page/order_view.js";

const REFRESH_MS = 5000;
const by = (id) => document.getElementById(id);
const id = decodeURIComponent(location.pathname.split("/").pop());
const moves = await movesPanel(refresh);
const compared = comparison((other) => moves.naming(order, other));
const view = orderView({ doing: [moves.node], beside: [compared.node] });
let order = null;
by("order").append(view.node);

async function refresh() {
  try {
    const response = await ask(`/orders/${encodeURIComponent(id)}`);
    const body = await response.json();
    if (!response.ok) throw new Error(body.detail || `HTTP ${response.status}`);
    order = body;
    document.title = `${name(order.category)} · ${order.id}`;
    by("title").textContent = name(order.category);
    by("state").replaceChildren(stateBadge(order));
    by("id").textContent = order.id;
    view.show(order);
    await moves.show(order);
    await compared.show(order);
    by("notice").hidden = true;
  } catch (error) {
    by("notice").textContent = say("Cannot be shown: {}", error.message);
    by("notice").hidden = false;
  }
}

await refresh();
setInterval(() => document.hidden || refresh(), REFRESH_MS);
