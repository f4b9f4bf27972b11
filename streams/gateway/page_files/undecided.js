// What was sent and is not decided yet, in this tab: its answer was lost, or the page was loaded anew before it came. Whoever
// sends the same again sends it under the same key, so that it is taken once.
import { newKey } from "/page/common.js";

const KEPT = "undecided";
const MOST = 30;

const all = () => new Map(JSON.parse(sessionStorage.getItem(KEPT) || "[]"));

function keep(sent) {
  sessionStorage.setItem(KEPT, JSON.stringify([...sent].slice(-MOST)));
}

// What a step is sent with: its `key`, and `more` as it was when the same (`said`) was first sent. `name` is of what it is
// a step, and whose.
export function sent(name, said, more = {}) {
  const known = all();
  const before = known.get(name);
  const now = before?.said === said ? before : { key: newKey(), said, more };
  known.delete(name); // the newest stands last
  keep(known.set(name, now));
  return now;
}

// Once it is known what has become of it: the next one is another, whatever it says.
export function decided(name) {
  const known = all();
  if (known.delete(name)) keep(known);
}
