/** The dashboard: asks for what has been, follows what comes, and hands both to the parts of the page. */

import { Refused, follow, get } from "./api.js";
import { watchCameras } from "./cameras.js";
import { showChanges } from "./changes.js";
import { showColdStart, showCost } from "./costs.js";
import { element, part } from "./element.js";
import { History } from "./history.js";
import { watchLetters } from "./letters.js";
import { showNow } from "./now.js";
import { every } from "./pace.js";
import { showState } from "./state.js";
import { showWho } from "./who.js";

/** How often what is not in the stream is asked for: cost, cold starts, and a history that has no gap. */
const REFRESH_S = 10;
const DRAW_EVERY_S = 0.5;
const CHOICES = ["5", "15", "60"];

const chosen = new URLSearchParams(location.search);
const view = {
  minutes: CHOICES.includes(chosen.get("minutes")) ? Number(chosen.get("minutes")) : 15,
  target: chosen.get("target"),
};
const history = new History(part("workers-chart"), part("age-chart"));
let fleet = null;
let latest = null;
let live = null;
let stream = new AbortController();
/** By how much this machine's clock is behind the gateway's, seconds. */
let behindS = 0;

const now = () => Date.now() / 1000 + behindS;

async function refresh() {
  try {
    const asked = { ...view };
    const told = await get(`/v1/fleet?${query({ minutes: asked.minutes })}`);
    if (asked.minutes !== view.minutes || asked.target !== view.target) return;
    fleet = told;
    behindS = fleet.at - Date.now() / 1000;
    if (fleet.latest && fleet.latest.at >= (latest?.at ?? 0)) latest = fleet.latest;
    history.replace(fleet.history, view.minutes * 60);
    showTargets(fleet);
    showChanges(fleet.changes);
    showCost(fleet.cost);
    showColdStart(fleet.cold_start);
    complain(null);
  } catch (error) {
    complain(error);
  }
  draw();
}

function decided(decision) {
  if (decision.at <= (latest?.at ?? 0)) return;
  latest = decision;
  history.append(decision);
  if (decision.before !== undefined) refresh(); // it has changed the count
}

function draw() {
  showState(live, latest, now());
  showNow(latest);
  history.draw(now(), fleet?.slo_s ?? null, latest);
}

function followTarget() {
  stream.abort();
  stream = new AbortController();
  const told = (is) => {
    live = is;
    if (is) refresh();
  };
  follow(`/v1/fleet/stream?${query({})}`, (name, data) => name === "decision" && decided(data), told, stream.signal);
}

function query(parameters) {
  return new URLSearchParams(view.target === null ? parameters : { ...parameters, target: view.target });
}

function showTargets({ targets, target }) {
  part("target-choice").hidden = targets.length < 2;
  const select = part("target");
  if ([...select.options].map((option) => option.value).join("\n") !== targets.join("\n")) {
    select.replaceChildren(...targets.map((name) => element("option", { value: name }, name)));
  }
  select.value = target;
}

function choose(changed) {
  Object.assign(view, changed);
  window.history.replaceState(null, "", `?${query({ minutes: view.minutes })}`);
  refresh();
}

function complain(error) {
  const shown = part("problem");
  shown.hidden = error === null;
  shown.textContent = error instanceof Refused ? error.message : error ? "The gateway does not answer." : "";
}

document.querySelector(`#minutes input[value="${view.minutes}"]`).checked = true;
part("minutes").addEventListener("change", (event) => choose({ minutes: Number(event.target.value) }));
part("target").addEventListener("change", (event) => {
  latest = null;
  history.clear();
  choose({ target: event.target.value });
  followTarget();
});
window.addEventListener("resize", draw);

const me = await showWho();
followTarget();
every(REFRESH_S, refresh);
every(DRAW_EVERY_S, async () => draw());
watchCameras();
watchLetters(me.operator);
