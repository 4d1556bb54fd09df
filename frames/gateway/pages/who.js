/** Whose key is in use, and the way out. */

import { get, hasKey, leave, pause } from "./api.js";
import { element, part } from "./element.js";

/** @returns {Promise<{tenant: string, operator: boolean}>} once the gateway has said so */
export async function showWho() {
  for (;;) {
    try {
      const me = await get("/v1/me");
      if (hasKey()) {
        const name = me.operator ? `${me.tenant}, operator` : me.tenant;
        part("who").replaceChildren(name, element("button", { class: "plain", onclick: leave }, "Other key"));
      }
      return me;
    } catch {
      await pause(2);
    }
  }
}
