/**
 * One chat column: a person and a bot, their messages, and everything the person can do there.
 *
 * The server's list of messages is the only truth; the column draws it again whenever something may
 * have changed and touches only the nodes that differ, so focus and scroll position stay.
 */

import { Composer } from "./composer.js";
import { dayNode, dayOf, messageNode } from "./message.js";
import { Notices, explain } from "./notice.js";
import { hueOf } from "./people.js";
import { botAddress } from "./rich.js";
import * as server from "./server.js";
import { dress, language, word, wordOr } from "./words.js";

/** How long a toast stays, in milliseconds. */
const TOAST_MS = 5000;
/** How near to its end a log counts as read to the end, in pixels. */
const NEAR_PX = 60;

export class Column {
  /** The person and the bot's user name. */
  chat;
  /** The `section` to put into the page. */
  node;
  #page;
  #part;
  #notices;
  #composer;
  #messages = [];
  #drawn = new Map();
  #exists = false;
  #reading = null;
  #again = false;
  /** The newest message's id at the last reading; null before the first. */
  #newest = null;
  #said = null;
  /** Whether the log follows its newest message. */
  #follows = true;

  /**
   * `page` offers `bot(name)`, `openBot(person, name, start)`, `remove(column)` and
   * `arrived(column)`.
   */
  constructor(chat, page) {
    this.chat = chat;
    this.#page = page;
    const template = document.getElementById("column-template");
    this.node = template.content.firstElementChild.cloneNode(true);
    this.node.dataset.testid = `column-${chat.person.user_id}-${chat.bot}`;
    this.node.style.setProperty("--hue", hueOf(chat.person.user_id));
    this.#part = (selector) => this.node.querySelector(selector);
    this.#notices = new Notices(this.#part(".notices"));
    this.#composer = new Composer(this.node, {
      send: (content) => this.#send(content),
      trouble: (sentence) => this.#notices.show("file", sentence),
    });
    this.#wire();
    this.relabel();
  }

  /** Says everything again if the language, the bots or the person's name changed. */
  relabel() {
    const { person, bot } = this.chat;
    const known = this.#page.bot(bot);
    const said = JSON.stringify([language(), person, known?.username, known?.name]);
    if (said === this.#said) {
      return;
    }
    this.#said = said;
    dress(this.node);
    this.node.setAttribute("aria-label", word("chat_label", { person: person.first_name, bot }));
    this.#part(".avatar").textContent = Array.from(person.first_name)[0] ?? "?";
    this.#part(".who .person").textContent = person.first_name;
    this.#part(".role").textContent = person.role ? wordOr(`role_${person.role}`, person.role) : "";
    this.#part(".who .bot").textContent = known ? `${known.name} · @${known.username}` : `@${bot}`;
    this.#exists = known !== undefined;
    this.#composer.address(word("write_to", { bot: known?.name ?? `@${bot}` }), this.#exists);
    this.#drawn.clear();
    this.#draw();
  }

  /** Reads the chat from the server, soon: calls while one reading is under way become one more. */
  refresh() {
    if (!this.#exists) {
      return Promise.resolve();
    }
    if (this.#reading !== null) {
      this.#again = true;
      return this.#reading;
    }
    this.#reading = this.#read().finally(() => {
      this.#reading = null;
      if (this.#again) {
        this.#again = false;
        this.refresh();
      }
    });
    return this.#reading;
  }

  /** Says `text` to the bot; false when the server refused, which the column then shows. */
  say(text) {
    return this.#send({ text });
  }

  /** Puts the cursor where one writes. */
  focus() {
    this.#part("textarea").focus({ preventScroll: true });
  }

  async #read() {
    const { person, bot } = this.chat;
    try {
      const messages = await server.chat(bot, person.user_id);
      this.#notices.clear("read");
      this.#messages = messages;
      this.#draw();
      this.#announce();
    } catch (error) {
      // While nothing answers, the page says so once for all columns.
      if (error.status !== 0) {
        this.#notices.show("read", explain(error));
      }
    }
  }

  async #send(content) {
    this.#notices.clear("send");
    try {
      await server.send(this.chat.bot, this.chat.person, content);
      this.#toEnd();
      this.refresh();
      return true;
    } catch (error) {
      this.#notices.show("send", explain(error));
      return false;
    }
  }

  async #tap(button, messageId, data) {
    if (button.getAttribute("aria-busy") === "true") {
      return;
    }
    this.#notices.clear("tap");
    button.setAttribute("aria-busy", "true");
    try {
      const answer = await server.tap(this.chat.bot, this.chat.person, messageId, data);
      this.#answered(answer);
    } catch (error) {
      this.#notices.show("tap", explain(error));
    } finally {
      button.removeAttribute("aria-busy");
      this.refresh();
    }
  }

  #answered(answer) {
    if (answer?.url) {
      this.#open(answer.url);
    }
    if (answer?.text) {
      if (answer.show_alert) {
        this.#alert(answer.text);
      } else {
        this.#toast(answer.text);
      }
    }
  }

  #toast(text) {
    const toast = document.createElement("button");
    toast.type = "button";
    toast.className = "toast";
    toast.dataset.testid = "toast";
    toast.textContent = text;
    toast.addEventListener("click", () => toast.remove());
    this.#part(".toasts").replaceChildren(toast);
    setTimeout(() => toast.remove(), TOAST_MS);
  }

  /** An alert covers its own column only: the other people go on. */
  #alert(text) {
    const layer = this.#part(".alert-layer");
    // Somebody may be writing in another column by now.
    const wasHere = document.activeElement === document.body || this.node.contains(document.activeElement);
    layer.querySelector("p").textContent = text;
    layer.hidden = false;
    for (const part of this.#covered()) {
      part.inert = true;
    }
    if (wasHere) {
      layer.querySelector("button").focus();
    }
  }

  #dismissAlert() {
    this.#part(".alert-layer").hidden = true;
    for (const part of this.#covered()) {
      part.inert = false;
    }
    this.focus();
  }

  #covered() {
    return [".head", ".stage", ".composer"].map(this.#part);
  }

  async #copy(text) {
    this.#notices.clear("copy");
    try {
      await navigator.clipboard.writeText(text);
      this.#toast(word("copied"));
    } catch {
      this.#notices.show("copy", word("copy_failed"));
    }
  }

  /** True when `address` leads to a bot of this sandbox, whose chat then opens. */
  #open(address) {
    const target = botAddress(address);
    if (target === null || this.#page.bot(target.bot) === undefined) {
      return false;
    }
    this.#page.openBot(this.chat.person, target.bot, target.start);
    return true;
  }

  #act = {
    open: (address) => this.#open(address),
    command: (text) => this.#send({ text }),
    knows: (name) => this.#page.bot(name) !== undefined,
    mention: (name) => this.#page.openBot(this.chat.person, name, null),
    copy: (text) => this.#copy(text),
    tap: (button, messageId, data) => this.#tap(button, messageId, data),
  };

  #wire() {
    const log = this.#part(".log");
    log.addEventListener("scroll", () => {
      this.#follows = log.scrollHeight - log.scrollTop - log.clientHeight < NEAR_PX;
      if (this.#follows) {
        this.#part(".newer").hidden = true;
      }
    });
    // A growing text box or a late picture must not push the newest message out of sight.
    const stay = () => this.#follows && this.#toEnd();
    new ResizeObserver(stay).observe(log);
    log.addEventListener("load", stay, true);
    this.#part(".newer").addEventListener("click", () => this.#toEnd());
    this.#part(".empty button").addEventListener("click", () => this.#send({ text: "/start" }));
    this.#part(".remove").addEventListener("click", () => this.#page.remove(this));
    const layer = this.#part(".alert-layer");
    layer.querySelector("button").addEventListener("click", () => this.#dismissAlert());
    layer.addEventListener("keydown", (event) => {
      if (event.key === "Escape") {
        this.#dismissAlert();
      }
    });
  }

  #draw() {
    const log = this.#part(".log");
    const wanted = this.#wanted();
    const focused = focusedButton(log);
    let next = log.firstElementChild;
    const kept = new Map();
    for (const { key, shape, build } of wanted) {
      const old = this.#drawn.get(key);
      const node = old?.shape === shape ? old.node : build();
      kept.set(key, { shape, node });
      if (node === next) {
        next = next.nextElementSibling;
      } else {
        log.insertBefore(node, next);
      }
    }
    while (next !== null) {
      const gone = next;
      next = next.nextElementSibling;
      gone.remove();
    }
    this.#drawn = kept;
    refocus(log, focused);
    this.#drawEmpty();
    this.#composer.offer(this.#messages, this.chat.person.user_id);
    if (this.#follows) {
      this.#toEnd();
    }
  }

  #wanted() {
    const wanted = [];
    let before = null;
    for (const message of this.#messages) {
      const day = dayOf(message);
      if (before === null || dayOf(before) !== day) {
        wanted.push({ key: day, shape: day, build: () => dayNode(message.date) });
        before = null;
      }
      const mine = message.from?.id === this.chat.person.user_id;
      const follows = before !== null && before.from?.id === message.from?.id;
      wanted.push({
        key: message.message_id,
        shape: `${follows} ${JSON.stringify(message)}`,
        build: () => {
          const node = messageNode(message, mine, this.#act);
          node.classList.toggle("follows", follows);
          return node;
        },
      });
      before = message;
    }
    return wanted;
  }

  #drawEmpty() {
    const empty = this.#part(".empty");
    empty.hidden = this.#messages.length > 0;
    empty.querySelector("p").textContent = word(this.#exists ? "empty" : "waiting", {
      bot: this.chat.bot,
    });
    empty.querySelector("button").hidden = !this.#exists;
  }

  /** Says that something new came, to whoever cannot see it. */
  #announce() {
    const last = this.#messages.at(-1);
    const newest = last?.message_id ?? 0;
    if (this.#newest !== null && newest > this.#newest) {
      this.#part(".newer").hidden = this.#follows;
      if (last.from?.id !== this.chat.person.user_id) {
        this.#page.arrived(this);
      }
    }
    this.#newest = newest;
  }

  #toEnd() {
    this.#follows = true;
    const log = this.#part(".log");
    log.scrollTop = log.scrollHeight;
    this.#part(".newer").hidden = true;
  }
}

/** Which button of which message has the focus: an edit replaces the node under it. */
function focusedButton(log) {
  const message = document.activeElement?.closest?.(".message");
  if (message === null || message === undefined || !log.contains(message)) {
    return null;
  }
  const index = [...message.querySelectorAll(".keyboard .row > *")].indexOf(document.activeElement);
  return index < 0 ? null : { id: message.dataset.messageId, index };
}

function refocus(log, focused) {
  if (focused === null || log.contains(document.activeElement)) {
    return;
  }
  const message = log.querySelector(`[data-message-id="${focused.id}"]`);
  const buttons = message?.querySelectorAll(".keyboard .row > *") ?? [];
  (buttons[focused.index] ?? buttons[0] ?? log).focus({ preventScroll: true });
}
