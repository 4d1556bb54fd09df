/** Asks for an API key, in a dialog of the page. */

import { element } from "./element.js";

let asking = null;

/**
 * @param {string} complaint why the last one did not do; empty: there was none
 * @returns {Promise<string>} what was entered; all who ask meanwhile get the same
 */
export function askForKey(complaint) {
  asking ??= dialog(complaint).finally(() => (asking = null));
  return asking;
}

function dialog(complaint) {
  const input = element("input", {
    id: "key",
    type: "password",
    autocomplete: "off",
    spellcheck: "false",
    required: true,
  });
  const form = element(
    "form",
    {},
    element("h2", { id: "key-title" }, "API key"),
    element("p", { class: "muted" }, "This gateway asks for a key. It is kept in this tab until you close it."),
    complaint === "" ? null : element("p", { class: "problem", role: "alert" }, `Refused: ${complaint}`),
    element("label", { for: "key" }, "Key"),
    input,
    element("div", { class: "buttons" }, element("button", { class: "primary" }, "Use this key")),
  );
  const box = element("dialog", { "aria-labelledby": "key-title", class: "dialog" }, form);
  document.body.append(box);
  box.addEventListener("cancel", (event) => event.preventDefault()); // nothing works without it
  box.showModal();
  return new Promise((resolve) => {
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      box.remove();
      resolve(input.value.trim());
    });
  });
}
