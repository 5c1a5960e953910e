/**
 * The chat page's composition: top bar, open chats, and what the sandbox tells.
 *
 * Knows every part; the parts know this file only as the few functions they are given. Start
 * reading here, then column.js.
 */

import { wireAddDialog } from "./add.js";
import { wireClock } from "./clock.js";
import { Column } from "./column.js";
import { Notices, explain } from "./notice.js";
import { cast, chatKey, chosenChats, defaultChats, keepChats } from "./people.js";
import * as server from "./server.js";
import { Tabs } from "./tabs.js";
import { language, speak, word } from "./words.js";

const place = document.getElementById("columns");
const notices = new Notices(document.getElementById("notices"));
const tabs = new Tabs(document.getElementById("tabs"), (column) => column.focus());

/** What the server said last. */
let bots = [];
let people = cast(null);
/** The open columns, left to right. */
let columns = [];
/** Whether the open chats are somebody's choice; until then they follow the default. */
let chosen = false;
/** Whether a full reading is under way: a slow server must not get a second one each second. */
let reading = false;
/** Whether something changed since that reading began. */
let again = false;

const page = {
  bot: (name) => bots.find((bot) => bot.username.toLowerCase() === name.toLowerCase()),
  openBot(person, name, start) {
    const column = open({ person, bot: page.bot(name)?.username ?? name });
    if (start !== null) {
      column.say(`/start ${start}`.trim());
    }
  },
  remove(column) {
    columns = columns.filter((other) => other !== column);
    keep();
    show();
    (columns[0] ?? document.getElementById("add-chat")).focus();
  },
  arrived: (column) => tabs.mark(column),
};

const clock = wireClock(notices);
wireAddDialog({ people: everybody, bots: () => bots, open });
wireLanguage();
// A file dropped beside a column must not replace the page.
for (const name of ["dragover", "drop"]) {
  window.addEventListener(name, (event) => event.preventDefault());
}
server.follow({ changed, everything });
everything();

/** The column of `chat`, opened if it is not; it gets the focus. */
function open(chat) {
  let column = columns.find((other) => chatKey(other.chat) === chatKey(chat));
  if (column === undefined) {
    column = new Column(chat, page);
    columns.push(column);
    column.refresh();
  }
  keep();
  show();
  tabs.select(column);
  column.node.scrollIntoView({ inline: "nearest", block: "nearest" });
  column.focus();
  return column;
}

/** From now on the open chats are somebody's choice. */
function keep() {
  chosen = true;
  keepChats(columns.map(({ chat }) => chat));
}

/** Everyone who can be picked: the cast, then whoever was made up on this page. */
function everybody() {
  const all = new Map(people.map((person) => [person.user_id, person]));
  for (const { chat } of columns) {
    if (!all.has(chat.person.user_id)) {
      all.set(chat.person.user_id, chat.person);
    }
  }
  return [...all.values()];
}

function changed(event) {
  if (event.now_ms !== undefined) {
    clock.set(event.now_ms);
  }
  if (event.bots) {
    everything();
  } else if (event.bot !== undefined) {
    for (const column of columns) {
      const { person, bot } = column.chat;
      if (person.user_id === event.chat_id && bot.toLowerCase() === event.bot.toLowerCase()) {
        column.refresh();
      }
    }
  }
}

/** Reads all there is: events may have been missed, or bots have come. */
async function everything() {
  if (reading) {
    again = true;
    return;
  }
  reading = true;
  again = false;
  try {
    const [{ now_ms }, allBots, named] = await Promise.all([
      server.clock(),
      server.bots(),
      server.people(),
    ]);
    notices.clear("server");
    clock.set(now_ms);
    bots = allBots;
    people = cast(named);
    arrange();
  } catch (error) {
    notices.show("server", error.status === 0 ? word("unreachable") : explain(error));
  } finally {
    reading = false;
  }
  if (again) {
    everything();
  }
}

/** Opens the chats that should be open, and lets each column see the bots and people of now. */
function arrange() {
  if (!chosen) {
    const stored = chosenChats(bots);
    // Without a bot nobody can tell yet whether the stored chats belong to this sandbox.
    chosen = stored !== null && bots.length > 0;
    const wanted = stored ?? defaultChats(people, bots);
    columns = wanted.map(
      (chat) => columns.find((column) => chatKey(column.chat) === chatKey(chat)) ?? new Column(chat, page),
    );
  }
  for (const column of columns) {
    const { person } = column.chat;
    column.chat.person = people.find(({ user_id }) => user_id === person.user_id) ?? person;
    column.relabel();
    column.refresh();
  }
  show();
}

/** Puts the open columns on the page, without touching those already in place. */
function show() {
  const nobody = document.getElementById("nobody");
  nobody.textContent = word(bots.length === 0 ? "no_bots" : "no_columns");
  nobody.hidden = columns.length > 0;
  for (const node of place.querySelectorAll(".column")) {
    if (!columns.some((column) => column.node === node)) {
      node.remove();
    }
  }
  let next = place.querySelector(".column");
  for (const { node } of columns) {
    if (node === next) {
      next = next.nextElementSibling;
    } else {
      place.insertBefore(node, next);
    }
  }
  tabs.draw(columns);
}

function wireLanguage() {
  const buttons = [...document.querySelectorAll("[data-language]")];
  const apply = (next) => {
    speak(next);
    for (const button of buttons) {
      button.setAttribute("aria-pressed", String(button.dataset.language === language()));
    }
    clock.draw();
    for (const column of columns) {
      column.relabel();
    }
    show();
  };
  for (const button of buttons) {
    button.addEventListener("click", () => apply(button.dataset.language));
  }
  apply(language());
}
