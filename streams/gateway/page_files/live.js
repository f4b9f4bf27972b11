// What the desk does with orders, as server-sent events. `EventSource` cannot send a token, so they are read by hand.
import { AGAIN_MS, ask, newKey } from "/page/common.js";

const SILENT_MS = 60_000; // the gateway says something at least every 30 s: after so long nobody is there any more
const SOON_MS = 5000;
const REFUSED_MS = 60_000;
const MOST_TABS = 3; // that follow, of those of a browser that nobody looks at and the one that somebody does

// A browser has six connections to a gateway for all of its tabs, and who follows holds one for good: with six tabs the
// seventh would never load. So a tab that nobody looks at lets go once `MOST_TABS` others were looked at after it, and one that
// was opened behind others waits; where somebody looks at it, it goes on behind what it was told last.
const looks = "BroadcastChannel" in window ? new BroadcastChannel("looked at") : null; // where there is none, all follow
const tab = sessionStorage.getItem("tab") || newKey();
sessionStorage.setItem("tab", tab); // a page that is loaded anew is no other tab
const after = new Set(); // the tabs that were looked at after this one
let follows = !looks || !document.hidden;
const letting = new EventTarget();

function looked() {
  if (document.hidden) return;
  after.clear();
  follows = true;
  letting.dispatchEvent(new Event("back"));
  looks?.postMessage(tab);
}
document.addEventListener("visibilitychange", looked);
looked();
looks?.addEventListener("message", ({ data }) => {
  if (!document.hidden || data === tab) return; // of windows side by side each is seen
  after.add(data);
  if (after.size < MOST_TABS) return;
  follows = false;
  letting.dispatchEvent(new Event("off"));
});

// Ends what waits for the gateway where nothing has come for too long: as when this machine has slept, or what stands
// between has lost the connection without a word; or where this tab lets go.
function watched() {
  const ending = new AbortController();
  let last = Date.now();
  const end = () => ending.abort();
  const looking = setInterval(() => Date.now() - last > SILENT_MS && end(), SOON_MS);
  letting.addEventListener("off", end);
  const over = () => {
    clearInterval(looking);
    letting.removeEventListener("off", end);
  };
  return { signal: ending.signal, heard: () => { last = Date.now(); }, over };
}

function refused() {
  return new Promise((resolve) => {
    setTimeout(resolve, REFUSED_MS);
    document.addEventListener("othertoken", resolve, { once: true });
  });
}

// Calls what `takers` has for a kind of event, `assigned` (the newest ones first), `changed`, `urgent`, or `missed` where it
// is not known what else there was, until the page is left; goes on where it was when the stream ends. Where the
// token may not follow, it is seldom asked whether it may by now, and at once with another one.
export async function follow(takers) {
  let last = "";
  for (;;) {
    if (!follows) await new Promise((resolve) => letting.addEventListener("back", resolve, { once: true }));
    const watch = watched();
    try {
      const response = await ask("/events/assignments", { headers: last ? { "last-event-id": last } : {}, signal: watch.signal });
      if (response.status === 403) {
        await refused();
        continue;
      }
      if (!response.ok) throw new Error(`HTTP ${response.status}`); // what stands between may answer with a page
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      let text = "";
      for (;;) {
        const { value, done } = await reader.read();
        if (done) break;
        watch.heard();
        text += value;
        const events = text.split("\n\n");
        text = events.pop();
        for (const event of events) {
          const said = Object.fromEntries(event.split("\n").map((line) => line.split(/: (.*)/, 2)));
          if (said.id) last = said.id;
          if (said.data) takers[said.event]?.(JSON.parse(said.data));
        }
      }
    } catch (error) {
      if (follows) console.warn("events:", error.message);
    } finally {
      watch.over();
    }
    await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
  }
}
