/**
 * Boxes over a picture. They are elements placed in percent of it, so that their words have the size of
 * other words whatever size the picture is shown at.
 */

import { element } from "./element.js";
import { percent } from "./words.js";

/** @typedef {{label: string, class_id: number, score: number, box: [number, number, number, number]}} Found */

/**
 * Replace the boxes over a picture.
 * @param {Element} layer lies exactly over the picture
 * @param {{width: number, height: number, detections: Found[]}} result of this very picture
 */
export function drawBoxes(layer, result) {
  layer.replaceChildren(...result.detections.map((found) => drawn(found, result.width, result.height)));
}

/**
 * What a picture shows, for those who do not see it: `person × 3, cart`.
 * @param {Record<string, number> | null} objects how many of each label; null: too many to be kept
 */
export function inWords(objects) {
  if (objects === null) return "more objects than are kept";
  const all = Object.entries(objects).map(([label, n]) => (n === 1 ? label : `${label} × ${n}`));
  return all.join(", ") || "nothing found";
}

/** @param {Found[]} detections @returns {Record<string, number>} how many of each label */
export function counted(detections) {
  const byLabel = Object.groupBy(detections, (found) => found.label);
  return Object.fromEntries(Object.entries(byLabel).map(([label, of]) => [label, of.length]));
}

/** @returns {string} the class that gives a label its colour: the same on every picture */
export function colourOf(found) {
  return `label-${found.class_id % 6}`;
}

function drawn(found, width, height) {
  const [x1, y1, x2, y2] = found.box;
  const node = element("div", { class: `box ${colourOf(found)}` });
  // Properties, not a style attribute: the page's policy has no inline style.
  node.style.left = `${(100 * x1) / width}%`;
  node.style.top = `${(100 * y1) / height}%`;
  node.style.width = `${(100 * (x2 - x1)) / width}%`;
  node.style.height = `${(100 * (y2 - y1)) / height}%`;
  node.classList.toggle("at-top", y1 < 0.1 * height);
  node.classList.toggle("narrow", x2 - x1 < 0.09 * width);
  node.append(element("span", {}, `${found.label} ${percent(found.score)}`));
  return node;
}
