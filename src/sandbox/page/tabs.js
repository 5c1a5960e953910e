/**
 * On a narrow screen one column is shown at a time; these buttons choose which.
 *
 * On a wide screen the style sheet hides them and shows all columns. Both at once, so that turning
 * a phone needs no code.
 */

import { hueOf } from "./people.js";
import { word } from "./words.js";

export class Tabs {
  #node;
  #chosen;
  #columns = [];
  #current = null;
  #unread = new Set();

  /** `chosen(column)` is called when a person picked a column here. */
  constructor(node, chosen) {
    this.#node = node;
    this.#chosen = chosen;
  }

  /** One button for each of `columns`. */
  draw(columns) {
    this.#columns = columns;
    if (!columns.includes(this.#current)) {
      this.#current = columns[0] ?? null;
    }
    const focused = [...this.#node.children].indexOf(document.activeElement);
    this.#node.replaceChildren(...columns.map((column) => this.#tab(column)));
    this.#node.children[focused]?.focus();
    this.#reveal();
  }

  /** Shows `column` where only one fits. */
  select(column) {
    this.#current = column;
    this.#unread.delete(column);
    this.draw(this.#columns);
  }

  /** Something new arrived in `column`. */
  mark(column) {
    if (column !== this.#current) {
      this.#unread.add(column);
      this.draw(this.#columns);
    }
  }

  #tab(column) {
    const { person, bot } = column.chat;
    const tab = document.createElement("button");
    tab.type = "button";
    tab.className = "tab";
    tab.dataset.testid = `tab-${person.user_id}-${bot}`;
    tab.style.setProperty("--hue", hueOf(person.user_id));
    tab.setAttribute("aria-pressed", String(column === this.#current));
    const chat = word("chat_label", { person: person.first_name, bot });
    const unread = this.#unread.has(column);
    tab.classList.toggle("unread", unread);
    tab.setAttribute("aria-label", unread ? word("unread", { chat }) : chat);
    const name = document.createElement("strong");
    name.textContent = person.first_name;
    const small = document.createElement("small");
    small.textContent = `@${bot}`;
    tab.append(name, small);
    tab.addEventListener("click", () => {
      this.select(column);
      this.#chosen(column);
    });
    return tab;
  }

  #reveal() {
    for (const column of this.#columns) {
      column.node.classList.toggle("current", column === this.#current);
    }
    this.#node.querySelector("[aria-pressed=true]")?.scrollIntoView?.({
      inline: "nearest",
      block: "nearest",
    });
  }
}
