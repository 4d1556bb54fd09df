/** Whether what is shown is what is: in one line, and plainly. */

import { part } from "./element.js";
import { duration } from "./words.js";

/** While anything runs or waits, the autoscaler decides twice a second or so. */
const STALE_S = 6;
/** At rest it looks every 30 s. */
const STALE_AT_REST_S = 45;

/**
 * @param {boolean | null} live whether the stream is there; null: not yet
 * @param {{at: number, replicas: number, ready: number, waiting: number} | null} latest
 * @param {number} now seconds since the epoch
 */
export function showState(live, latest, now) {
  const [kind, words] = judged(live, latest, now);
  const shown = part("state");
  shown.className = `state ${kind}`;
  if (shown.textContent !== words) shown.textContent = words;
}

/** Whether the newest decision says how things are. */
export function isStale(latest, now) {
  return latest === null || now - latest.at > (atRest(latest) ? STALE_AT_REST_S : STALE_S);
}

function judged(live, latest, now) {
  const since = latest === null ? "" : `, no decision for ${duration(Math.floor(now - latest.at))}`;
  if (live === null) return ["waiting", "connecting…"];
  if (!live) return ["lost", `connection lost, trying again${since}`];
  if (latest === null) return ["waiting", "connected; no decision seen yet"];
  if (isStale(latest, now)) return ["stale", since.slice(2)];
  return ["live", atRest(latest) ? "live, at rest" : "live"];
}

function atRest(latest) {
  return latest.replicas === 0 && latest.ready === 0 && latest.waiting === 0;
}
