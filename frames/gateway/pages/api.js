/**
 * The gateway's endpoints, as every other client uses them, with the key where one is needed.
 *
 * The key stays in this tab (sessionStorage) and goes into a header, never into an address. That is also
 * why events are read from a fetch: an EventSource cannot send one.
 */

import { askForKey } from "./key.js";

const STORED = "detectscale-key";
const FIRST_PAUSE_S = 1;
const LONGEST_PAUSE_S = 15;
/** The gateway says something every 15 s; after twice that and a bit, a stream is dead. */
const SILENCE_S = 40;

/** What the gateway refused, in its words. */
export class Refused extends Error {
  /**
   * @param {number} status
   * @param {{detail?: string, reason?: string}} problem RFC 9457
   * @param {number | null} retryAfterS when it may help to ask again
   */
  constructor(status, problem, retryAfterS) {
    super(problem.detail ?? `the gateway answered ${status}`);
    this.status = status;
    this.reason = problem.reason ?? "other";
    this.retryAfterS = retryAfterS;
  }
}

/** @param {string} path @returns {Promise<any>} the JSON of the answer */
export async function get(path, signal = undefined) {
  return (await request(path, { signal })).json();
}

/** @returns {Promise<any>} the JSON of the answer to *value* as JSON */
export async function post(path, value) {
  const headers = { "content-type": "application/json" };
  return (await request(path, { method: "POST", headers, body: JSON.stringify(value) })).json();
}

/**
 * fetch, with the key; asks for one when the answer is 401.
 * @param {string} path @param {RequestInit} options
 * @returns {Promise<Response>} an answer that is no refusal
 * @throws {Refused} or TypeError when nobody answers
 */
export async function request(path, options = {}) {
  for (;;) {
    const key = sessionStorage.getItem(STORED);
    const headers = { ...options.headers, ...(key ? { authorization: `Bearer ${key}` } : {}) };
    const response = await fetch(path, { ...options, headers, cache: options.cache ?? "no-store" });
    if (response.ok) return response;
    const refused = await refusal(response);
    if (response.status !== 401) throw refused;
    if (sessionStorage.getItem(STORED) === key) {
      // Else another request has just been given a new one.
      sessionStorage.setItem(STORED, await askForKey(key === null ? "" : refused.message));
    }
  }
}

/** Forget the key, and start anew. */
export function leave() {
  sessionStorage.removeItem(STORED);
  location.reload();
}

/** @returns {boolean} whether a key is in use */
export function hasKey() {
  return sessionStorage.getItem(STORED) !== null;
}

/**
 * Follow a stream of server-sent events until *signal* aborts, coming back after every loss.
 * @param {string} path
 * @param {(name: string, data: any) => void} onEvent
 * @param {(live: boolean) => void} onState called when it is there, and when it is lost
 * @param {AbortSignal} signal
 */
export async function follow(path, onEvent, onState, signal) {
  let pauseS = FIRST_PAUSE_S;
  while (!signal.aborted) {
    const silence = new AbortController();
    let timer = 0;
    const alive = () => {
      clearTimeout(timer);
      timer = setTimeout(() => silence.abort(), SILENCE_S * 1000);
    };
    try {
      alive();
      const response = await request(path, { signal: AbortSignal.any([signal, silence.signal]) });
      onState(true);
      pauseS = FIRST_PAUSE_S;
      await readEvents(response.body, alive, onEvent);
    } catch (error) {
      if (error instanceof Refused) pauseS = Math.max(pauseS, error.retryAfterS ?? LONGEST_PAUSE_S);
    } finally {
      clearTimeout(timer);
    }
    if (signal.aborted) return;
    onState(false);
    await pause(pauseS * (0.5 + Math.random() / 2));
    pauseS = Math.min(pauseS * 2, LONGEST_PAUSE_S);
  }
}

/** @param {number} seconds */
export function pause(seconds) {
  return new Promise((resolve) => setTimeout(resolve, seconds * 1000));
}

/** WHATWG HTML, 9.2.6, of which our server uses `event` and `data` on a line each. */
async function readEvents(body, alive, onEvent) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    alive();
    const blocks = (text + value).split("\n\n");
    text = blocks.pop() ?? "";
    for (const block of blocks) {
      const fields = Object.fromEntries(block.split("\n").map((line) => split(line)));
      if (fields.data !== undefined) onEvent(fields.event ?? "message", JSON.parse(fields.data));
    }
  }
}

function split(line) {
  const at = line.indexOf(":");
  return [line.slice(0, at), line.slice(at + 1).trimStart()];
}

async function refusal(response) {
  const retryAfter = response.headers.get("retry-after");
  let problem = {};
  try {
    problem = await response.json();
  } catch {
    // Whoever answered was not the gateway.
  }
  return new Refused(response.status, problem, retryAfter === null ? null : Number(retryAfter));
}
