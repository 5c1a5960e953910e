/**
 * The dialog that opens one more chat: pick a person or make one up, pick a bot.
 */

import { say, word } from "./words.js";

const SOMEBODY_NEW = "new";

/** Wires the dialog; `people()` and `bots()` are the choices, `open(chat)` takes the result. */
export function wireAddDialog({ people, bots, open }) {
  const dialog = document.getElementById("add-dialog");
  const form = document.getElementById("add-form");
  const fields = form.elements;
  const fresh = document.getElementById("add-new");
  const problem = document.getElementById("add-problem");

  const toggle = () => {
    fresh.hidden = fields.person.value !== SOMEBODY_NEW;
  };
  fields.person.addEventListener("change", toggle);
  document.getElementById("add-cancel").addEventListener("click", () => dialog.close());
  document.getElementById("add-chat").addEventListener("click", () => {
    fields.person.replaceChildren(
      ...people().map((person) => new Option(`${person.first_name} · ${person.user_id}`, person.user_id)),
      say(new Option("", SOMEBODY_NEW), "new_person"),
    );
    fields.bot.replaceChildren(
      ...bots().map((bot) => new Option(`${bot.name} · @${bot.username}`, bot.username)),
    );
    problem.hidden = true;
    toggle();
    dialog.showModal();
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const { person, trouble } = chosenPerson(fields, people());
    const sentence = trouble ?? (fields.bot.value === "" ? word("no_bots") : null);
    problem.hidden = sentence === null;
    problem.textContent = sentence ?? "";
    if (sentence === null) {
      dialog.close();
      open({ person, bot: fields.bot.value });
      form.reset();
    }
  });
}

/** `{person}`, or `{trouble}` with the sentence that says what is wrong. */
function chosenPerson(fields, people) {
  if (fields.person.value !== SOMEBODY_NEW) {
    return { person: people.find(({ user_id }) => user_id === Number(fields.person.value)) };
  }
  const digits = fields.user_id.value.trim();
  const userId = Number(digits);
  if (!/^\d+$/.test(digits) || !Number.isSafeInteger(userId) || userId < 1) {
    return { trouble: word("bad_user_id") };
  }
  const taken = people.find(({ user_id }) => user_id === userId);
  if (taken !== undefined) {
    return { trouble: word("id_taken", { name: taken.first_name }) };
  }
  const name = fields.first_name.value.trim();
  if (name === "") {
    return { trouble: word("bad_first_name") };
  }
  return {
    person: {
      user_id: userId,
      first_name: name,
      language_code: fields.language_code.value,
      role: "customer",
    },
  };
}
