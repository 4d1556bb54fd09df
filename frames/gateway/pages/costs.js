/** What the workers cost, beside two other ways to have them, and what a cold start consists of. */

import { element, part } from "./element.js";
import { UNKNOWN, count, number, percent } from "./words.js";

/** @param {any} cost of `/v1/fleet`; null: not known */
export function showCost(cost) {
  const known = cost !== null && cost.gpu_seconds_per_1000 !== null;
  part("no-cost").hidden = known;
  part("cost").replaceChildren(...(known ? drawnCost(cost) : []));
}

/** @param {any} cold of `/v1/fleet`; null: not known */
export function showColdStart(cold) {
  part("no-cold").hidden = cold !== null;
  part("cold").replaceChildren(...(cold === null ? [] : drawnColdStart(cold)));
}

function drawnCost(cost) {
  const ways = [
    ["this fleet", cost.gpu_seconds_per_1000, "ours"],
    ["always on, at its peak", cost.always_on_per_1000, "other"],
    ["KEDA's defaults, simulated", cost.keda_per_1000, "other"],
  ];
  const most = Math.max(...ways.map(([, value]) => value ?? 0));
  const rows = ways.map(([name, value, kind]) =>
    element(
      "li",
      {},
      element("span", { class: "bar-name" }, name),
      element("span", { class: "bar-value" }, number(value)),
      element("span", { class: "track" }, value === null ? null : bar(kind, value / most)),
    ),
  );
  const seen = `About ${count(cost.frames, "frame")}, ${number(cost.gpu_seconds, "s")} of workers.`;
  return [
    element("p", {}, "GPU-seconds per 1,000 frames: how long workers existed, whatever they did."),
    element("ul", { class: "bars" }, ...rows),
    element("p", { class: "muted" }, [seen, ...saved(cost), `${sentence(cost.keda_note)}.`].join(" ")),
  ];
}

function sentence(text) {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function saved({ gpu_seconds_per_1000: ours, always_on_per_1000: always }) {
  if (always === null || always <= 0) return [];
  return [`${percent(Math.max(1 - ours / always, 0))} less than always on.`];
}

function drawnColdStart(cold) {
  const total = cold.phases.reduce((sum, phase) => sum + phase.mean_s, 0);
  const words = cold.phases.map((phase) => `${named(phase)} ${number(phase.mean_s, "s")}`).join(", ");
  const stack = element("div", { class: "stacked", role: "img", "aria-label": `Mean: ${words}` });
  stack.append(...cold.phases.map((phase, n) => bar(`phase-${n % 6}`, phase.mean_s / total)));
  const rows = cold.phases.map((phase, n) =>
    element(
      "tr",
      {},
      element("th", { scope: "row" }, element("span", { class: `swatch phase-${n % 6}` }), named(phase)),
      element("td", { class: "figure" }, number(phase.mean_s, "s")),
      element("td", { class: "figure" }, number(phase.p90_s, "s")),
    ),
  );
  const head = ["Phase", "mean", "p90"].map((name, n) => element("th", { scope: "col", class: n ? "figure" : null }, name));
  const seen = cold.count === null ? UNKNOWN : count(cold.count, "start");
  return [
    element(
      "p",
      {},
      element("strong", {}, number(cold.mean_s, "s")),
      ` mean, ${number(cold.p90_s, "s")} in nine of ten, from birth to the first frame taken (${seen})`,
    ),
    stack,
    element(
      "table",
      { class: "small" },
      element("thead", {}, element("tr", {}, ...head)),
      element("tbody", {}, ...rows),
    ),
  ];
}

/** `warm_up` as people write it. */
function named(phase) {
  return phase.name.replaceAll("_", "-");
}

function bar(kind, share) {
  const node = element("span", { class: `bar-fill ${kind}` });
  node.style.width = `${100 * share}%`;
  return node;
}
