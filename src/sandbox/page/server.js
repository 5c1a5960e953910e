/**
 * The sandbox's control routes as functions, and its stream of what changed.
 *
 * Addresses are relative, so the page also works behind a prefix. Nothing here retries: a message
 * sent twice would be two messages. Reading again is the event stream's business.
 */

/** Why a call has no result: the server's own sentence, or the key of one of ours. */
export class CallError extends Error {
  /** `status` is 0 when no answer arrived; `key` names a text of words.json, if the server gave none. */
  constructor(status, sentence, key) {
    super(sentence ?? key);
    this.status = status;
    this.sentence = sentence;
    this.key = key;
  }
}

/** All bots of the sandbox, oldest first. */
export const bots = () => call("GET", "sandbox/bots");

/** The people of the demo, or null when this sandbox names none. */
export async function people() {
  try {
    return await call("GET", "sandbox/people");
  } catch (error) {
    if (error instanceof CallError && error.status === 404) {
      return null;
    }
    throw error;
  }
}

/** The messages of one chat, oldest first. */
export const chat = (bot, chatId) =>
  call("GET", `sandbox/chats/${encodeURIComponent(bot)}/${encodeURIComponent(chatId)}`);

/** Says `text` or gives a `document` as `person`. */
export const send = (bot, person, content) =>
  call("POST", "sandbox/messages", {
    bot,
    user_id: person.user_id,
    from: { first_name: person.first_name, language_code: person.language_code },
    ...content,
  });

/** Taps a button; resolves with the bot's answer to the tap, or null when it gave none. */
export const tap = (bot, person, messageId, data) =>
  call("POST", "sandbox/taps", { bot, user_id: person.user_id, message_id: messageId, data });

/** The sandbox's time, `{now_ms}`. */
export const clock = () => call("GET", "sandbox/clock");

/** Moves the sandbox's time forward by whole seconds. */
export const advance = (seconds) => call("POST", "sandbox/clock", { advance_s: seconds });

/** Where a file's bytes are. */
export const fileAddress = (fileId) => `sandbox/files/${encodeURIComponent(fileId)}`;

async function call(method, address, body) {
  const request = { method, cache: "no-store" };
  if (body !== undefined) {
    request.headers = { "content-type": "application/json" };
    request.body = JSON.stringify(body);
  }
  let answer;
  let text;
  try {
    answer = await fetch(address, request);
    text = await answer.text();
  } catch {
    throw new CallError(0, undefined, "call_failed");
  }
  let value = null;
  try {
    value = text === "" ? null : JSON.parse(text);
  } catch {
    if (answer.ok) {
      throw new CallError(answer.status, undefined, "unreadable");
    }
  }
  if (!answer.ok) {
    const sentence = value?.error ?? value?.description;
    throw new CallError(answer.status, typeof sentence === "string" ? sentence : undefined, "answer_status");
  }
  return value;
}

const POLL_MS = 1000;
const REOPEN_MS = 5000;

/**
 * Follows the sandbox for as long as the page lives.
 *
 * `changed(event)` gets each event of the stream. `everything()` is called when events may have been
 * missed: after each (re)connection, and each second while there is no stream.
 */
export function follow({ changed, everything }) {
  let polling = null;
  const poll = () => {
    polling ??= setInterval(everything, POLL_MS);
  };
  const open = () => {
    const stream = new EventSource("sandbox/events");
    stream.onopen = () => {
      clearInterval(polling);
      polling = null;
      everything();
    };
    stream.onmessage = (message) => {
      try {
        changed(JSON.parse(message.data));
      } catch {
        // An event this page cannot read may have meant anything.
        everything();
      }
    };
    stream.onerror = () => {
      poll();
      if (stream.readyState === EventSource.CLOSED) {
        // The browser gives up for good on an answer that is no stream; a restarted sandbox may be one.
        setTimeout(open, REOPEN_MS);
      }
    };
  };
  open();
}
