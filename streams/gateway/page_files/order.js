import { ask } from "/page/common.js";
import { name, say } from "/page/language.js";
import { movesPanel } from "/page/moves.js";
import { orderView, stateBadge } from "/page/order_view.js";

const REFRESH_MS = 5000;
const by = (id) => document.getElementById(id);
const id = decodeURIComponent(location.pathname.split("/").pop());
const moves = await movesPanel(refresh);
const view = orderView(moves.node);
by("order").append(view.node);

async function refresh() {
  try {
    const response = await ask(`/orders/${encodeURIComponent(id)}`);
    const order = await response.json();
    if (!response.ok) throw new Error(order.detail || `HTTP ${response.status}`);
    document.title = `${name(order.category)} · ${order.id}`;
    by("title").textContent = name(order.category);
    by("state").replaceChildren(stateBadge(order));
    by("id").textContent = order.id;
    view.show(order);
    await moves.show(order);
    by("notice").hidden = true;
  } catch (error) {
    by("notice").textContent = say("Cannot be shown: {}", error.message);
    by("notice").hidden = false;
  }
}

await refresh();
setInterval(() => document.hidden || refresh(), REFRESH_MS);
