/** Dead letters by reason, and the way back for them, which is an operator's. */

import { Refused, get, post } from "./api.js";
import { confirmed } from "./confirm.js";
import { element, part, show } from "./element.js";
import { every } from "./pace.js";
import { UNKNOWN, clock, count, number } from "./words.js";

const POLL_S = 5;

/** @param {boolean} operator whether they may be put back from here */
export function watchLetters(operator) {
  const again = every(POLL_S, async () => {
    try {
      showLetters(await get("/v1/dead-letters"));
    } catch {
      // The state above says that the gateway does not answer.
    }
  });

  function showLetters({ counts, letters, complete }) {
    const reasons = Object.entries(counts).sort(([, one], [, other]) => other - one);
    part("no-letters").textContent = summary(reasons, letters, complete);
    part("letters").hidden = letters.length === 0;
    part("reasons").hidden = reasons.length === 0;
    show(part("letter-reasons"), reasons, ([reason]) => reason, madeReason, (row, [, n]) => {
      row.querySelector("td").textContent = number(n);
    });
    show(part("letter-list"), letters, (letter) => letter.place, madeLetter, (row, letter) => {
      row.lastElementChild.textContent = letter.redriven ? "put back" : (letter.obstacle ?? "dead");
    });
  }

  function madeReason([reason]) {
    const button = element("button", { onclick: () => redrive(reason, again), "aria-label": `Redrive ${reason}` }, "Redrive…");
    const last = element("td", { class: "figure" }, operator ? button : null);
    return element("tr", {}, element("th", { scope: "row" }, reason), element("td", { class: "figure" }), last);
  }
}

function summary(reasons, letters, complete) {
  if (letters.length === 0) return "None: every frame could be processed.";
  if (reasons.length === 0) return "None is left: all were put back.";
  return complete ? "" : "There are older ones, which are not counted here.";
}

function madeLetter(letter) {
  const cells = [clock(letter.at), letter.camera ?? UNKNOWN, letter.reason, letter.detail, ""];
  return element("tr", {}, ...cells.map((text) => element("td", {}, text)));
}

async function redrive(reason, again) {
  const result = part("redriven");
  try {
    const asked = { reason, camera: null };
    const plan = await post("/v1/dead-letters/redrive", { ...asked, dry_run: true });
    const words = `${count(plan.would, "letter")} would be put back into frames, each at most once.${rest(plan)}`;
    if (plan.would === 0) {
      result.textContent = `${reason}: nothing can be put back.${rest(plan)}`;
    } else if (await confirmed(`Redrive ${reason}?`, words, `Put back ${number(plan.would)}`)) {
      result.textContent = `${reason}: putting back…`;
      const done = await post("/v1/dead-letters/redrive", { ...asked, dry_run: false });
      result.textContent = `${reason}: ${count(done.redriven, "letter")} put back.${rest(done)}`;
      await again();
    }
  } catch (error) {
    result.textContent = error instanceof Refused ? `${reason}: ${error.message}` : `${reason}: the gateway does not answer.`;
  }
}

function rest({ obstacles, left }) {
  const cannot = Object.entries(obstacles).map(([why, n]) => ` ${count(n, "letter")} cannot be put back: ${why}.`);
  return cannot.join("") + (left > 0 ? ` ${number(left)} more are left for another time.` : "");
}
