/**
 * One message as DOM nodes: its text, its file, its inline keyboard.
 *
 * `act` is what the column offers: everything of rich.js plus `tap(button, messageId, data)`.
 */

import { link, rich } from "./rich.js";
import { fileAddress } from "./server.js";
import { label, locale, say, tip, word } from "./words.js";

/** The node of `message`, on the right when `mine`. */
export function messageNode(message, mine, act) {
  const node = element("article", `message ${mine ? "mine" : "theirs"}`);
  node.dataset.testid = "message";
  node.dataset.messageId = message.message_id;
  const bubble = element("div", "bubble");
  bubble.append(...body(message, act), meta(message));
  node.append(bubble);
  const rows = message.reply_markup?.inline_keyboard ?? [];
  if (rows.length > 0) {
    node.append(keyboard(rows, message.message_id, act));
  }
  return node;
}

/** The line between two days. */
export function dayNode(seconds) {
  const node = element("p", "day");
  node.append(
    new Intl.DateTimeFormat(locale(), { weekday: "short", day: "numeric", month: "long" }).format(
      seconds * 1000,
    ),
  );
  return node;
}

/** The day of a message, as a key: two messages of one day have the same. */
export function dayOf(message) {
  return new Date(message.date * 1000).toDateString();
}

/** A size for people, in the units they know. */
export function sizeText(bytes) {
  const units = ["B", "KB", "MB", "GB"];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  const digits = unit > 0 && value < 10 ? 1 : 0;
  return `${new Intl.NumberFormat(locale(), { maximumFractionDigits: digits }).format(value)} ${units[unit]}`;
}

function body(message, act) {
  const parts = [];
  if (message.photo?.length > 0) {
    parts.push(photo(message.photo.at(-1)));
  }
  if (message.document) {
    parts.push(chip(message.document));
  }
  const text = message.text ?? message.caption;
  if (text !== undefined) {
    const node = element("div", "text");
    node.append(rich(text, message.entities ?? message.caption_entities, act));
    parts.push(node);
  }
  if (parts.length === 0) {
    parts.push(say(element("div", "text faint"), "unsupported"));
  }
  return parts;
}

function meta(message) {
  const node = element("span", "meta");
  if (message.edit_date) {
    node.append(say(element("span", "edited"), "edited"), " ");
  }
  const time = element("time");
  time.dateTime = new Date(message.date * 1000).toISOString();
  time.title = time.dateTime;
  time.textContent = new Intl.DateTimeFormat(locale(), {
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
  }).format(message.date * 1000);
  node.append(time);
  return node;
}

function chip(file) {
  const name = file.file_name ?? file.file_id;
  const node = element("a", "chip");
  node.dataset.testid = "file";
  node.href = fileAddress(file.file_id);
  // Always saved, never shown: a file a bot sent must not run as a page of this origin.
  node.download = name;
  node.setAttribute("aria-label", word("download", { name }));
  const title = element("span", "name");
  title.textContent = name;
  const size = element("span", "size");
  size.textContent = file.file_size === undefined ? "" : sizeText(file.file_size);
  node.append(element("span", "glyph"), title, size);
  return node;
}

function photo(size) {
  const node = element("img", "photo");
  label(node, "photo");
  node.src = fileAddress(size.file_id);
  if (size.width && size.height) {
    node.width = size.width;
    node.height = size.height;
  }
  node.addEventListener("error", () => {
    node.replaceWith(chip({ file_id: size.file_id, file_name: word("photo"), file_size: size.file_size }));
  });
  return node;
}

function keyboard(rows, messageId, act) {
  const node = element("div", "keyboard");
  for (const row of rows) {
    const line = element("div", "row");
    line.append(...row.map((button) => inlineButton(button, messageId, act)));
    node.append(line);
  }
  return node;
}

function inlineButton(button, messageId, act) {
  let node;
  if (button.url !== undefined) {
    node = link(button.url, act);
    node.classList.add("leads");
  } else {
    node = element("button");
    node.type = "button";
    if (button.callback_data !== undefined) {
      node.addEventListener("click", () => act.tap(node, messageId, button.callback_data));
    } else if (button.copy_text !== undefined) {
      node.addEventListener("click", () => act.copy(button.copy_text.text));
    } else {
      node.disabled = true;
      tip(node, "not_offered");
    }
  }
  node.dataset.testid = "button";
  node.append(button.text);
  return node;
}

function element(name, className = "") {
  const node = document.createElement(name);
  node.className = className;
  return node;
}
