/**
 * Where a person writes: the text box, files by button or drop, and the bot's reply keyboard.
 *
 * What is sent goes out one after the other, in the order it was given: a file read slowly must not
 * be overtaken by the text typed after it.
 */

import { dress, tip, word } from "./words.js";

export class Composer {
  #form;
  #input;
  #send;
  #trouble;
  #queue = Promise.resolve();
  #hint = "";
  #enabled = true;

  /** `send(content)` resolves to whether it was accepted; `trouble(sentence)` shows a problem. */
  constructor(column, { send, trouble }) {
    this.#form = column.querySelector(".composer");
    this.#input = this.#form.querySelector("textarea");
    this.#send = send;
    this.#trouble = trouble;
    this.#wireText();
    this.#wireFiles(column);
  }

  /** Names whom one writes to, and whether one can. */
  address(hint, enabled) {
    this.#hint = hint;
    this.#enabled = enabled;
    this.#input.placeholder = hint;
    this.#input.setAttribute("aria-label", hint);
    for (const control of this.#form.querySelectorAll("textarea, input, button")) {
      control.disabled = !enabled;
    }
  }

  /** Shows the reply keyboard that `messages` leave behind, for the person `userId`. */
  offer(messages, userId) {
    const place = this.#form.querySelector(".replies");
    const markup = replyKeyboard(messages, userId);
    const shape = JSON.stringify(markup?.keyboard ?? null);
    this.#input.placeholder = markup?.input_field_placeholder ?? this.#hint;
    if (place.dataset.shape === shape) {
      return;
    }
    place.dataset.shape = shape;
    place.replaceChildren();
    place.hidden = markup === null;
    for (const row of markup?.keyboard ?? []) {
      const line = document.createElement("div");
      line.className = "row";
      line.append(...row.map((button) => this.#reply(button)));
      place.append(line);
    }
    dress(place);
  }

  #reply(button) {
    const text = typeof button === "string" ? button : button.text;
    const node = document.createElement("button");
    node.type = "button";
    node.dataset.testid = "reply-button";
    node.textContent = text;
    if (typeof button !== "string" && Object.keys(button).some((key) => /^(request_|web_app)/.test(key))) {
      node.disabled = true;
      return tip(node, "not_offered");
    }
    node.disabled = !this.#enabled;
    node.addEventListener("click", () => this.#enqueue(() => this.#send({ text })));
    return node;
  }

  #wireText() {
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
    this.#input.addEventListener("keydown", (event) => {
      // While an input method composes, Enter picks a word; it must not send half a sentence.
      if (event.key === "Enter" && !event.shiftKey && !event.isComposing && event.keyCode !== 229) {
        event.preventDefault();
        this.#submit();
      }
    });
    this.#input.addEventListener("input", () => this.#fit());
  }

  #submit() {
    const text = this.#input.value;
    if (text.trim() === "" || !this.#enabled) {
      return;
    }
    this.#input.value = "";
    this.#fit();
    this.#enqueue(async () => {
      const accepted = await this.#send({ text });
      if (!accepted && this.#input.value === "") {
        // What was refused comes back, so that nobody types it twice.
        this.#input.value = text;
        this.#fit();
      }
    });
  }

  #wireFiles(column) {
    const picker = this.#form.querySelector("input[type=file]");
    picker.addEventListener("change", () => {
      this.#sendFiles([...picker.files]);
      picker.value = "";
    });
    // Moving over a child leaves its parent, so entering and leaving are counted.
    let depth = 0;
    const mark = (change) => {
      depth = Math.max(0, depth + change);
      column.classList.toggle("dropping", depth > 0);
    };
    column.addEventListener("dragenter", () => mark(this.#enabled ? 1 : 0));
    column.addEventListener("dragleave", () => mark(-1));
    column.addEventListener("dragover", (event) => event.preventDefault());
    column.addEventListener("drop", (event) => {
      event.preventDefault();
      mark(-depth);
      if (this.#enabled) {
        this.#sendFiles([...event.dataTransfer.files]);
      }
    });
  }

  #sendFiles(files) {
    for (const file of files) {
      this.#enqueue(async () => {
        let base64;
        try {
          base64 = await asBase64(file);
        } catch {
          this.#trouble(word("file_unreadable", { name: file.name }));
          return;
        }
        await this.#send({ document: { name: file.name, base64 } });
      });
    }
  }

  #enqueue(job) {
    this.#queue = this.#queue.then(job);
  }

  /** As tall as its text; the style sheet sets the limit. */
  #fit() {
    this.#input.style.height = "auto";
    this.#input.style.height = `${this.#input.scrollHeight}px`;
  }
}

/** The keyboard in force: the newest one a bot sent, unless it was taken away or used up. */
function replyKeyboard(messages, userId) {
  let answered = false;
  for (let index = messages.length - 1; index >= 0; index -= 1) {
    const message = messages[index];
    const markup = message.reply_markup;
    if (message.from?.id === userId) {
      answered = true;
    } else if (markup?.remove_keyboard) {
      return null;
    } else if (markup?.keyboard) {
      return markup.one_time_keyboard && answered ? null : markup;
    }
  }
  return null;
}

function asBase64(file) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result.slice(reader.result.indexOf(",") + 1));
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(file);
  });
}
