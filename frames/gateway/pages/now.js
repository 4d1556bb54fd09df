/** The newest decision: how many workers, what they are doing, and why. */

import { element, part } from "./element.js";
import { UNKNOWN, count, duration, number } from "./words.js";

const MOST_TILES = 48;

let shown = null;

/** @param {any} decision null: there is none */
export function showNow(decision) {
  if (decision === shown) return;
  const before = shown;
  shown = decision;
  part("replicas").textContent = decision === null ? UNKNOWN : number(decision.replicas);
  part("replicas-noun").textContent = decision?.replicas === 1 ? "worker wanted" : "workers wanted";
  part("words").textContent = decision?.words ?? "No decision yet.";
  part("reason").textContent = decision?.reason ?? "";
  part("warnings").replaceChildren(...(decision?.warnings ?? []).map((warning) => element("li", {}, warning)));
  part("facts").replaceChildren(...(decision === null ? [] : factsOf(decision)));
  showTiles(decision);
  if (decision !== null && decision.replicas !== before?.replicas) part("announced").textContent = decision.words;
}

/** A decision's numbers, each with its name: entries of a `dl`. */
export function factsOf(decision) {
  const oldest = decision.waiting === 0 ? "none waits" : duration(decision.oldest_age_s);
  return [
    ["waiting", decision.waiting === null ? UNKNOWN : count(decision.waiting, "frame")],
    ["oldest", oldest],
    ["arriving", number(decision.arrival_rate, "/s")],
    ["finished", number(decision.served_rate, "/s")],
    ["being worked on", number(decision.in_flight)],
    ["cheapest foreseen", number(decision.recommended)],
  ].map(([name, value]) => element("div", {}, element("dt", {}, name), element("dd", {}, value)));
}

function showTiles(decision) {
  const states = decision === null ? [] : statesOf(decision);
  const words = decision === null ? "" : inWords(decision);
  part("tiles").replaceChildren(...states.slice(0, MOST_TILES).map((state) => element("span", { class: `tile ${state}` })));
  part("tiles").setAttribute("aria-label", words || "no worker");
  part("made-of").textContent = words;
}

/** One for each worker that is there, or is wanted and not there yet. */
function statesOf({ replicas, ready, starting, draining, unschedulable }) {
  const without = Math.min(unschedulable ?? 0, starting ?? 0);
  const missing = Math.max((replicas ?? 0) - (ready ?? 0) - (starting ?? 0), 0);
  return [
    ...Array(ready ?? 0).fill("ready"),
    ...Array((starting ?? 0) - without).fill("starting"),
    ...Array(without).fill("unschedulable"),
    ...Array(missing).fill("missing"),
    ...Array(draining ?? 0).fill("draining"),
  ];
}

function inWords({ ready, starting, draining, unschedulable }) {
  const parts = [`${number(ready)} ready`, `${number(starting)} starting`];
  if (draining !== 0) parts.push(`${number(draining)} draining`);
  if (unschedulable) parts.push(`${number(unschedulable)} without a place to run`);
  return parts.join(" · ");
}
