/**
 * The texts of the page itself, in two languages, switched without a reload.
 *
 * Texts live in words.json so that a test can compare the languages. An element says which text it
 * shows by attribute, so a switch only walks the document; nothing is built again.
 */

const table = await (await fetch("page/words.json", { cache: "no-store" })).json();

const STORED = "shopfleet.language";
let current = stored() ?? (navigator.language.toLowerCase().startsWith("zh") ? "zh" : "en");

/** The language the page speaks now: "en" or "zh". */
export const language = () => current;

/** The locale for dates: 24 hours, day before month in English. */
export const locale = () => (current === "zh" ? "zh-CN" : "en-GB");

/** The text of `key`, with each `{name}` replaced from `values`. */
export function word(key, values = {}) {
  return table[current][key].replace(/\{(\w+)\}/g, (_, name) => String(values[name]));
}

/** The text of `key`, or `otherwise` when there is none: what the server names may be new to us. */
export const wordOr = (key, otherwise) => table[current][key] ?? otherwise;

/** Speaks `next` from now on and remembers it for the next visit. */
export function speak(next) {
  current = next in table ? next : "en";
  try {
    localStorage.setItem(STORED, current);
  } catch {
    // A browser without storage only forgets the choice.
  }
  document.documentElement.lang = current === "zh" ? "zh-CN" : "en";
  document.title = word("title");
  dress(document);
}

/** Fills every element under `root` that names a text. */
export function dress(root) {
  for (const node of root.querySelectorAll("[data-word]")) {
    node.textContent = word(node.dataset.word);
  }
  for (const node of root.querySelectorAll("[data-word-label]")) {
    label(node, node.dataset.wordLabel);
  }
  for (const node of root.querySelectorAll("[data-word-tip]")) {
    tip(node, node.dataset.wordTip);
  }
}

/** Makes `node` show the text `key`, also after a switch of language. */
export function say(node, key) {
  node.dataset.word = key;
  node.textContent = word(key);
  return node;
}

/** Gives `node` an accessible name and a tooltip, also after a switch of language. */
export function label(node, key) {
  node.dataset.wordLabel = key;
  node.setAttribute("aria-label", word(key));
  if (node.matches("button, label")) {
    node.title = word(key);
  }
  return node;
}

/** Gives `node` only a tooltip; its content stays its name. */
export function tip(node, key) {
  node.dataset.wordTip = key;
  node.title = word(key);
  return node;
}

function stored() {
  try {
    const found = localStorage.getItem(STORED);
    return found in table ? found : null;
  } catch {
    return null;
  }
}
