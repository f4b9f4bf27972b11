import { announced, answered, ask, inTurn, redraw } from "/page/common.js";
import { comparison, placeMap } from "/page/beside.js";
import { keyboard } from "/page/keys.js";
import { colon, name, say } from "/page/language.js";
import { follow } from "/page/live.js";
import { called as moveName, movesPanel, seat, shownAs, undoing } from "/page/moves.js";
import { orderView, stateBadge } from "/page/order_view.js";
import { doneBar } from "/page/said.js";
import { urgentBanner } from "/page/urgent.js";

const REFRESH_MS = 5000;
const by = (id) => document.getElementById(id);
const id = decodeURIComponent(location.pathname.split("/").pop());
const moves = await movesPanel(afterMove);
const done = doneBar(by("done"), refresh);
const compared = comparison((other) => moves.naming(order, other));
const place = placeMap();
const view = orderView({ doing: [moves.node], beside: [compared.node], last: [place.node] });
let order = null;
const asked = inTurn();
by("order").append(view.node);

async function afterMove(move, before, seq, given) {
  await shownAs(before.id, seq);
  done.tell(colon(moveName(move)), before, await undoing(before, move.action, given).catch(() => null));
  await refresh();
}

async function refresh() {
  const isNewest = asked();
  try {
    const found = await answered(await ask(`/orders/${encodeURIComponent(id)}`));
    if (!isNewest()) return;
    order = found;
    const about = order.category ? name(order.category) : say("Report");
    document.title = `${about} · ${order.id}`;
    by("title").textContent = about;
    redraw(by("state"), stateBadge(order));
    by("id").textContent = order.id;
    view.show(order);
    await moves.show(found);
    await Promise.all([compared.show(found), place.show(found)]);
    by("notice").hidden = true;
  } catch (error) {
    if (!isNewest()) return;
    announced(by("notice"), say("Cannot be shown: {}", error.message));
    by("notice").hidden = false;
  }
}

const urgent = urgentBanner(null, () => order?.zone || seat.known?.zone);
by("notice").before(urgent.node);
by("keys").addEventListener("click", keyboard([done.key, ...moves.keys(() => order)]));
await refresh();
follow({ changed: ({ order_id }) => order_id === id && refresh(), assigned: ({ order_id }) => order_id === id && refresh(), missed: refresh, urgent: (made) => (made.order_id === id ? urgent.put(id) : urgent.announce(made)) });
setInterval(() => document.hidden || refresh(), REFRESH_MS);
