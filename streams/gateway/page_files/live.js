// What the desk does with orders, as server-sent events. `EventSource` cannot send a token, so they are read by hand.
import { ask } from "/page/common.js";

const AGAIN_MS = 3000;
const SILENT_MS = 60_000; // the gateway says something at least every 30 s: after so long nobody is there any more
const SOON_MS = 5000;

// Ends what waits for the gateway where nothing has come for too long: as when this machine has slept, or what stands
// between has lost the connection without a word.
function watched() {
  const ending = new AbortController();
  let last = Date.now();
  const looking = setInterval(() => Date.now() - last > SILENT_MS && ending.abort(), SOON_MS);
  return { signal: ending.signal, heard: () => { last = Date.now(); }, over: () => clearInterval(looking) };
}

// Calls what `takers` has for a kind of event, `assigned` (the newest ones first), `changed`, `urgent`, or `missed` where it
// is not known what else there was, until the page is left; goes on where it was when the stream ends, and gives up where
// the token may not follow.
export async function follow(takers) {
  let last = "";
  for (;;) {
    const watch = watched();
    try {
      const response = await ask("/events/assignments", { headers: last ? { "last-event-id": last } : {}, signal: watch.signal });
      if (response.status === 403) return;
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
      console.warn("events:", error.message);
    } finally {
      watch.over();
    }
    await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
  }
}
