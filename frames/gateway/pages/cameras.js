/**
 * The cameras, each with the picture of its newest result and the boxes of that very picture.
 *
 * Only cards that can be seen ask for pictures. A picture and its boxes change together, or not at all.
 */

import { get, request } from "./api.js";
import { counted, drawBoxes, inWords } from "./boxes.js";
import { element, part, show } from "./element.js";
import { every } from "./pace.js";
import { clock, count } from "./words.js";

const POLL_S = 2;
const AT_ONCE = 3;

/** Frame ids by camera: what the server has, and what is shown. */
const newest = new Map();
const drawn = new Map();
const visible = new Set();
const seen = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) {
    if (isIntersecting) visible.add(target);
    else visible.delete(target);
  }
});

/** Show them, and go on doing so. */
export function watchCameras() {
  every(POLL_S, async () => {
    try {
      const { cameras } = await get("/v1/cameras");
      part("no-cameras").hidden = cameras.length > 0;
      for (const camera of cameras) newest.set(camera.id, camera.frame_id);
      show(part("cameras"), inOrder(cameras), (camera) => camera.id, made, updated);
      const due = [...visible].filter((card) => drawn.get(card.dataset.key) !== newest.get(card.dataset.key));
      await inTurn(due, (card) => redraw(card, card.dataset.key));
    } catch {
      // The state above says that the gateway does not answer; what is shown has its time beside it.
    }
  });
}

/** By name: cards that change places cannot be watched. */
function inOrder(cameras) {
  return cameras.toSorted((one, other) => one.id.localeCompare(other.id, "en", { numeric: true }));
}

function made(camera) {
  const card = element(
    "li",
    { class: "camera" },
    element("div", { class: "picture" }, element("img", { alt: "", hidden: true }), element("div", { class: "boxes" })),
    element("h3", {}, camera.id),
    element("p", { class: "muted" }),
  );
  seen.observe(card);
  return card;
}

function updated(card, camera) {
  card.querySelector("p").textContent = `${clock(camera.captured_at)} · ${inWords(camera.objects)}`;
}

async function redraw(card, id) {
  const path = `/v1/cameras/${encodeURIComponent(id)}`;
  const picture = card.querySelector("img");
  try {
    const result = await get(`${path}/latest`);
    const image = await request(`${path}/frames/${encodeURIComponent(result.id)}/image`, { cache: "default" });
    const url = URL.createObjectURL(await image.blob());
    const next = element("img", { src: url, alt: `${id}: ${inWords(counted(result.detections))}` });
    await next.decode().finally(() => URL.revokeObjectURL(url));
    picture.replaceWith(next);
    drawBoxes(card.querySelector(".boxes"), result);
    card.querySelector(".picture").style.aspectRatio = `${result.width} / ${result.height}`;
    card.title = `${count(result.detections.length, "object")}, ${result.model_name}`;
    drawn.set(id, result.id);
  } catch {
    // A newer result has come meanwhile, or Kafka no longer has the picture: the next turn shows what there is.
  }
}

async function inTurn(items, task) {
  const waiting = [...items];
  const worker = async () => {
    for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) await task(item);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}
