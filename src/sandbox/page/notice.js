/**
 * Dismissible lines for what went wrong. One line per cause: a cause that is still there is not said
 * twice, and one that went away takes its line along.
 */

import { CallError } from "./server.js";
import { dress, word } from "./words.js";

/** A place for lines; `node` is an empty element of the document with role `alert`. */
export class Notices {
  #node;
  #lines = new Map();

  constructor(node) {
    this.#node = node;
  }

  /** Shows `sentence` for `cause`, instead of what that cause said before. */
  show(cause, sentence) {
    const shown = this.#lines.get(cause);
    if (shown?.dismissed === sentence || shown?.sentence === sentence) {
      return;
    }
    shown?.line.remove();
    const line = document.getElementById("notice-template").content.firstElementChild.cloneNode(true);
    dress(line);
    line.querySelector(".text").textContent = sentence;
    const entry = { line, sentence };
    line.querySelector("button").addEventListener("click", () => {
      line.remove();
      // The same sentence stays away until its cause has been cleared once.
      entry.dismissed = sentence;
    });
    this.#lines.set(cause, entry);
    this.#node.append(line);
  }

  /** The cause is gone. */
  clear(cause) {
    this.#lines.get(cause)?.line.remove();
    this.#lines.delete(cause);
  }
}

/** What to tell a person about `error`. */
export function explain(error) {
  if (error instanceof CallError) {
    return error.sentence ?? word(error.key, { status: error.status });
  }
  return String(error);
}
