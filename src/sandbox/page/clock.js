/**
 * The sandbox's clock in the top bar, and the buttons that move it.
 *
 * The server says the time when it changes; between, this page counts by its own clock.
 */

import { explain } from "./notice.js";
import * as server from "./server.js";
import { locale } from "./words.js";

/** Wires the clock; `set(ms)` takes the server's time, `draw()` shows it in the language of now. */
export function wireClock(notices) {
  const node = document.getElementById("clock");
  let ahead = null;

  const draw = () => {
    if (ahead === null) {
      return;
    }
    const now = new Date(Date.now() + ahead);
    node.dateTime = now.toISOString();
    node.title = now.toISOString();
    node.textContent = new Intl.DateTimeFormat(locale(), {
      month: "short",
      day: "numeric",
      weekday: "short",
      hour: "2-digit",
      minute: "2-digit",
      second: "2-digit",
      hourCycle: "h23",
    }).format(now);
  };
  const set = (ms) => {
    ahead = ms - Date.now();
    draw();
  };

  for (const button of document.querySelectorAll("[data-advance]")) {
    button.addEventListener("click", async () => {
      notices.clear("clock");
      try {
        set((await server.advance(Number(button.dataset.advance))).now_ms);
      } catch (error) {
        notices.show("clock", explain(error));
      }
    });
  }
  setInterval(draw, 1000);
  return { set, draw };
}
