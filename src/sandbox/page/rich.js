/**
 * Text with Telegram's entities as DOM nodes. Nothing is ever parsed as HTML: whatever a bot or a
 * user writes stays text, and only harmless schemes become links.
 *
 * Entity offsets are UTF-16 units, which is what JavaScript strings count in.
 */

import { label, tip } from "./words.js";

const TAGS = {
  bold: "strong",
  italic: "em",
  underline: "u",
  strikethrough: "s",
  blockquote: "blockquote",
  expandable_blockquote: "blockquote",
};

/** Kinds that stand on lines of their own. */
const BLOCKS = new Set(["pre", "blockquote", "expandable_blockquote"]);

/** Kinds inside which nothing else is looked for. */
const VERBATIM = new Set(["code", "pre", "url", "text_link", "email"]);

/** Addresses people see as links although no entity marks them: user messages carry none. */
const ADDRESS =
  /(?:https?:\/\/|tg:\/\/|\bt\.me\/)[^\s<>"'\u2018-\u201d\u3000-\u303f\uff00-\uffef]*[^\s<>"'\u2018-\u201d\u3000-\u303f\uff00-\uffef.,!?:;)\]}]/giu;

/**
 * The nodes of `text`.
 *
 * `act` says what happens on use: `open(url)` returns true when the page handled the link itself,
 * `command(text)` sends a bot command, `knows(name)` tells whether that is a bot of ours,
 * `mention(name)` opens the chat with it, `copy(text)` puts text on the clipboard.
 */
export function rich(text, entities, act) {
  const list = (entities ?? [])
    .filter((entity) => entity.length > 0 && entity.offset >= 0)
    .sort((a, b) => a.offset - b.offset || b.length - a.length);
  return build(text, list, 0, text.length, act, false);
}

/** A link that opens safely: elsewhere, or inside this page when it leads to a bot of ours. */
export function link(address, act) {
  const safe = safeAddress(address);
  if (safe === null) {
    return document.createElement("span");
  }
  const node = document.createElement("a");
  node.href = safe;
  node.target = "_blank";
  node.rel = "noopener noreferrer";
  node.addEventListener("click", (event) => {
    if (act.open(safe)) {
      event.preventDefault();
    }
  });
  return node;
}

/** `{bot, start}` when `address` leads to a bot on Telegram, else null. */
export function botAddress(address) {
  let url;
  try {
    url = new URL(address);
  } catch {
    return null;
  }
  if (url.protocol === "tg:" && (url.host === "resolve" || url.pathname.endsWith("resolve"))) {
    const bot = url.searchParams.get("domain");
    return bot === null ? null : { bot, start: url.searchParams.get("start") };
  }
  const telegram = ["t.me", "telegram.me", "www.t.me"].includes(url.hostname);
  const name = /^\/(\w{3,64})\/?$/.exec(url.pathname);
  return telegram && name !== null ? { bot: name[1], start: url.searchParams.get("start") } : null;
}

function safeAddress(address) {
  const whole = /^[a-z][a-z0-9+.-]*:/i.test(address) ? address : `https://${address}`;
  try {
    const url = new URL(whole);
    return ["http:", "https:", "tg:", "mailto:", "tel:"].includes(url.protocol) ? url.href : null;
  } catch {
    return null;
  }
}

function build(text, list, from, to, act, verbatim) {
  const out = document.createDocumentFragment();
  let at = from;
  let index = 0;
  while (index < list.length) {
    const entity = list[index];
    const start = Math.max(entity.offset, at);
    const end = Math.min(entity.offset + entity.length, to);
    index += 1;
    if (end <= start) {
      continue;
    }
    out.append(plain(text.slice(at, start), act, verbatim));
    const inner = [];
    while (index < list.length && list[index].offset < end) {
      inner.push(list[index]);
      index += 1;
    }
    const node = shell(entity, text.slice(start, end), act);
    node.append(build(text, inner, start, end, act, verbatim || VERBATIM.has(entity.type)));
    out.append(node);
    // A block already ends its line; the line break after it would be an empty line.
    at = BLOCKS.has(entity.type) && text[end] === "\n" && end < to ? end + 1 : end;
  }
  out.append(plain(text.slice(at, to), act, verbatim));
  return out;
}

/** Text without entities; addresses in it become links, as every messenger does. */
function plain(text, act, verbatim) {
  const out = document.createDocumentFragment();
  let at = 0;
  if (!verbatim) {
    for (const found of text.matchAll(ADDRESS)) {
      const node = link(found[0], act);
      node.append(found[0]);
      out.append(text.slice(at, found.index), node);
      at = found.index + found[0].length;
    }
  }
  out.append(text.slice(at));
  return out;
}

/** The empty element an entity's content goes into. */
function shell(entity, content, act) {
  if (Object.hasOwn(TAGS, entity.type)) {
    return document.createElement(TAGS[entity.type]);
  }
  switch (entity.type) {
    case "code":
    case "pre": {
      const node = tip(document.createElement(entity.type), "copy");
      return pressable(node, () => act.copy(content));
    }
    case "url":
      return link(content, act);
    case "text_link":
      return link(entity.url ?? "", act);
    case "email":
      return link(`mailto:${content}`, act);
    case "spoiler":
      return spoiler();
    case "bot_command":
      return pressable(classed("command"), () => act.command(content));
    case "mention": {
      const name = content.slice(1);
      return act.knows(name)
        ? pressable(classed("command"), () => act.mention(name))
        : document.createElement("span");
    }
    default:
      return document.createElement("span");
  }
}

function spoiler() {
  const node = label(classed("spoiler"), "spoiler");
  const show = () => {
    node.classList.add("shown");
    for (const name of ["role", "tabindex", "aria-label", "title", "data-word-label"]) {
      node.removeAttribute(name);
    }
  };
  return pressable(node, show);
}

/** Makes `node` a button for mouse and keyboard. */
function pressable(node, press) {
  node.setAttribute("role", "button");
  node.tabIndex = 0;
  node.addEventListener("click", press);
  node.addEventListener("keydown", (event) => {
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      press();
    }
  });
  return node;
}

function classed(name) {
  const node = document.createElement("span");
  node.className = name;
  return node;
}
