/** Each change of the count, newest first, with its reason; opened, with its numbers. */

import { element, part, show } from "./element.js";
import { factsOf } from "./now.js";
import { clock, number } from "./words.js";

/** @param {any[]} changes decisions, each with the count `before` */
export function showChanges(changes) {
  part("no-changes").hidden = changes.length > 0;
  show(part("changes"), changes, (change) => String(change.at), made);
}

function made(change) {
  const way = change.before === null || change.before === undefined ? "" : change.replicas > change.before ? "up" : "down";
  return element(
    "li",
    {},
    element(
      "details",
      {},
      element(
        "summary",
        {},
        element("time", { datetime: new Date(change.at * 1000).toISOString() }, clock(change.at)),
        element("span", { class: `step ${way}` }, `${number(change.before)} → ${number(change.replicas)}`),
        element("span", { class: "told" }, change.words),
      ),
      element("p", {}, element("span", { class: "reason" }, change.reason)),
      element("dl", { class: "facts" }, ...factsOf(change)),
    ),
  );
}
