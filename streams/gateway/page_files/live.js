// The assignments that the desk makes, as server-sent events. `EventSource` cannot send a token, so they are read by hand.
import { ask } from "/page/common.js";

const AGAIN_MS = 3000;

// Calls `take` with the newest assignments and then with each new one, until the page is left; begins again when the
// stream ends, and gives up where the token may not follow.
export async function assignments(take) {
  for (;;) {
    try {
      const response = await ask("/events/assignments");
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
          const data = event.split("\n").find((line) => line.startsWith("data: "));
          if (data) take(JSON.parse(data.slice("data: ".length)));
        }
      }
    } catch (error) {
      console.warn("assignments:", error.message);
    }
    await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
  }
}
