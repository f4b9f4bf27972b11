// What the desk does with orders, as server-sent events. `EventSource` cannot send a token, so they are read by hand.
import { ask } from "/page/common.js";

const AGAIN_MS = 3000;

// Calls what `takers` has for a kind of event, `assigned` (the newest ones first), `changed`, `urgent`, or `missed` where it
// is not known what else there was, until the page is left; goes on where it was when the stream ends, and gives up where
// the token may not follow.
export async function follow(takers) {
  let last = "";
  for (;;) {
    try {
      const response = await ask("/events/assignments", { headers: last ? { "last-event-id": last } : {} });
      if (response.status === 403) return;
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      let text = "";
      for (;;) {
        const { value, done } = await reader.read();
        if (done) break;
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
    }
    await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
  }
}
