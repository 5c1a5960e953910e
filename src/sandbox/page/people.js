/**
 * Who is on the page: the people of the demo and the open chats, kept in the browser.
 *
 * A chat is `{person, bot}`. Until somebody adds or removes one, the open chats are the default
 * ones, worked out anew when people or bots change, so a fresh demo opens as its author meant it.
 */

const STORED = "shopfleet.chats";

/** Where a person of the default cast talks: by position in the sandbox's list of bots. */
const MASTER = 0;
const FIRST_AGENT = 1;

/** The cast of a sandbox that names no people. */
const CAST = [
  { user_id: 1001, first_name: "Admin", language_code: "en", role: "admin", seat: MASTER },
  { user_id: 2001, first_name: "Owner", language_code: "en", role: "owner", seat: FIRST_AGENT },
  { user_id: 3001, first_name: "Anna", language_code: "en", role: "customer", seat: FIRST_AGENT },
  { user_id: 3002, first_name: "Bo", language_code: "zh", role: "customer", seat: MASTER },
];

/** The people to choose from: those the server names, else the default cast. */
export const cast = (named) => (named === null || named.length === 0 ? CAST : named);

/** What tells one chat from another. */
export const chatKey = ({ person, bot }) => `${person.user_id}-${bot.toLowerCase()}`;

/** The chats that are open when nobody chose any: one for each person whose bot exists. */
export function defaultChats(people, bots) {
  return people.flatMap((person) => {
    const bot = person.bot ?? bots[person.seat]?.username;
    return bot === undefined || bot === null ? [] : [{ person, bot }];
  });
}

/**
 * The chats somebody chose, or null when nobody did, or when none of them can be opened here:
 * another sandbox was behind this address then.
 */
export function chosenChats(bots) {
  let found;
  try {
    found = JSON.parse(localStorage.getItem(STORED));
  } catch {
    return null;
  }
  if (!Array.isArray(found)) {
    return null;
  }
  const chats = found.filter(
    (chat) => Number.isSafeInteger(chat?.person?.user_id) && typeof chat.bot === "string",
  );
  const known = new Set(bots.map((bot) => bot.username.toLowerCase()));
  const foreign = bots.length > 0 && chats.every((chat) => !known.has(chat.bot.toLowerCase()));
  return chats.length > 0 && foreign ? null : chats;
}

/** Keeps the open chats for the next visit. */
export function keepChats(chats) {
  try {
    localStorage.setItem(STORED, JSON.stringify(chats));
  } catch {
    // A browser without storage opens the default chats next time.
  }
}

/** A hue for a person, the same on every visit. */
export const hueOf = (userId) => (userId * 47) % 360;
