/** Asks before something is done. */

import { element } from "./element.js";

/**
 * @param {string} title @param {string} words what will happen @param {string} yes the button that does it
 * @returns {Promise<boolean>} closing it by Escape is a no; the focus returns to where it was
 */
export function confirmed(title, words, yes) {
  const close = (answer) => () => box.close(answer);
  const box = element(
    "dialog",
    { class: "dialog", "aria-labelledby": "confirm-title", "aria-describedby": "confirm-words" },
    element("h2", { id: "confirm-title" }, title),
    element("p", { id: "confirm-words" }, words),
    element(
      "div",
      { class: "buttons" },
      element("button", { onclick: close("no"), autofocus: true }, "Cancel"),
      element("button", { class: "primary", onclick: close("yes") }, yes),
    ),
  );
  document.body.append(box);
  box.showModal();
  return new Promise((resolve) => {
    box.addEventListener("close", () => {
      box.remove();
      resolve(box.returnValue === "yes");
    });
  });
}
