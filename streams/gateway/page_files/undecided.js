// What was sent and is not decided yet, in this tab: its answer was lost, or the page was loaded anew before it came. Whoever
// sends the same again within minutes sends it under the same key, so that it is taken once. Later, the same is said anew: of
// what comes under a key that it has met the desk says nothing.
import { newKey } from "/page/common.js";

const KEPT = "undecided";
const MOST = 30;
const FOR_MS = 10 * 60_000; // since it was sent last

function all() {
  const known = JSON.parse(sessionStorage.getItem(KEPT) || "[]");
  return new Map(known.filter(([, { at }]) => Math.abs(Date.now() - at) < FOR_MS)); // a clock may have been set back
}

function keep(sent) {
  sessionStorage.setItem(KEPT, JSON.stringify([...sent].slice(-MOST)));
}

// The key that a step is sent with: of the same (`said`) as before, the same. `name` is of what it is a step, and whose.
export function keyOf(name, said) {
  const known = all();
  const before = known.get(name);
  const now = { ...(before?.said === said ? before : { key: newKey(), said }), at: Date.now() };
  known.delete(name); // the newest stands last
  keep(known.set(name, now));
  return now.key;
}

// Once it is known what has become of it: the next one is another, whatever it says.
export function decided(name) {
  const known = all();
  if (known.delete(name)) keep(known);
}

// Where the desk was waited for and has not said what has become of it. Whether the next one still is the same: not for the
// second time, as the desk may have met it and says no more.
export function waitedFor(name) {
  const known = all();
  const before = known.get(name);
  if (!before || before.waited) {
    decided(name);
    return false;
  }
  keep(known.set(name, { ...before, waited: true }));
  return true;
}
