/** The playground: a picture in, its boxes over it. */

import { Refused, get, hasKey, request } from "./api.js";
import { colourOf, counted, drawBoxes, inWords } from "./boxes.js";
import { element, part } from "./element.js";
import { showWho } from "./who.js";
import { count, duration, number, percent } from "./words.js";

/** Its results are not among those of a camera that looks at something. */
const CAMERA = "playground";
const WAIT_S = 30;
const GIVE_UP_S = 300;
const EXAMPLE = "/pages/example.jpg";

let sending = null;
let shownUrl = "";

/** @param {Blob} picture @param {string} name of its file */
async function send(picture, name) {
  sending?.abort();
  const mine = (sending = new AbortController());
  const began = performance.now();
  const passed = () => (performance.now() - began) / 1000;
  const clock = setInterval(() => (part("passed").textContent = `${passed().toFixed(1)} s`), 100);
  tell("sending…", true);
  showPicture(picture, name);
  showCurl(picture, name);
  let over = false;
  wakingOrNot(mine.signal).then((words) => over || mine.signal.aborted || tell(words, true));
  try {
    const result = await outcome(picture, mine.signal, passed);
    over = true;
    tell(ended(result), false);
    if (result.status === "detected") showResult(result, passed());
    else complain(wordsFor(result));
  } catch (error) {
    if (mine.signal.aborted) return; // by the next picture, which says what is happening now
    over = true;
    tell("", false);
    complain(error instanceof Refused ? refused(error) : "The gateway does not answer. Is it still running?");
  } finally {
    clearInterval(clock);
  }
}

async function outcome(picture, signal, passed) {
  const headers = { "content-type": picture.type || "application/octet-stream" };
  const path = `/v1/detect?camera=${CAMERA}&wait=${WAIT_S}`;
  let result = await (await request(path, { method: "POST", headers, body: picture, signal })).json();
  while (result.status === "pending" && passed() < GIVE_UP_S) {
    result = await get(`/v1/frames/${encodeURIComponent(result.id)}?wait=${WAIT_S}`, signal);
  }
  return result;
}

/** What a result is being waited for, as far as the gateway knows. */
async function wakingOrNot(signal) {
  try {
    const { latest, cold_start: cold } = await get("/v1/fleet?minutes=5", signal);
    if (latest === null || latest.ready !== 0) return "detecting…";
    return cold === null ? "waking a worker…" : `waking a worker, which takes ${duration(cold.mean_s)}…`;
  } catch {
    return "detecting…";
  }
}

function showPicture(picture, name) {
  URL.revokeObjectURL(shownUrl);
  shownUrl = URL.createObjectURL(picture);
  part("boxes").replaceChildren();
  part("shown").src = shownUrl;
  part("shown").alt = name;
  part("picture").hidden = false;
  part("problem").hidden = true;
  part("objects").hidden = true;
  part("times").replaceChildren();
  part("no-times").hidden = false;
  part("summary").textContent = "Waiting for the result.";
}

function showResult(result, totalS) {
  const found = inWords(counted(result.detections));
  drawBoxes(part("boxes"), result);
  part("shown").alt = found;
  part("summary").textContent = `${found}; by ${result.model_name}, ${result.width} × ${result.height} pixels`;
  part("objects").hidden = result.detections.length === 0;
  part("rows").replaceChildren(...result.detections.map(row));
  const times = [["in all, from here", totalS], ...Object.entries(result.timings_s)];
  part("times").replaceChildren(
    ...times.flatMap(([name, value]) => [element("dt", {}, name), element("dd", {}, duration(value))]),
  );
  part("no-times").hidden = true;
}

function row(found, n) {
  const box = part("boxes").children[n];
  const [x1, y1, x2, y2] = found.box;
  const name = (is) => () => box.classList.toggle("named", is);
  return element(
    "tr",
    { class: colourOf(found), onpointerenter: name(true), onpointerleave: name(false) },
    element("th", { scope: "row", class: "label" }, found.label),
    element("td", { class: "figure" }, percent(found.score)),
    element("td", { class: "figure" }, `${number(Math.round(x2 - x1))} × ${number(Math.round(y2 - y1))}`),
  );
}

function showCurl(picture, name) {
  const quoted = `'${name.replaceAll("'", "'\\''")}'`;
  const key = hasKey() ? ' \\\n  -H "authorization: Bearer $KEY"' : "";
  part("curl").textContent =
    `curl --data-binary @${quoted} \\\n  -H 'content-type: ${picture.type || "image/jpeg"}'${key} \\\n  '${location.origin}/v1/detect'`;
}

function ended({ status, detections, id }) {
  if (status === "detected") return count(detections.length, "object");
  return status === "pending" ? `no result after ${duration(GIVE_UP_S)}; ask later for frame ${id}` : "";
}

function wordsFor(result) {
  if (result.status === "dead") return `It cannot be processed: ${result.reason}. ${result.detail}`;
  if (result.status === "expired") return `It was dropped unseen: ${result.reason}, after ${duration(result.age_s)}.`;
  return "No worker has taken it so far. The dashboard says why.";
}

function refused(error) {
  const again = error.retryAfterS === null ? "" : ` Try again in ${duration(error.retryAfterS)}.`;
  return `Refused: ${error.message}.${again}`;
}

function tell(words, busy) {
  part("progress").classList.toggle("busy", busy);
  part("words").textContent = words;
  if (!busy) part("passed").textContent = "";
}

function complain(words) {
  part("problem").textContent = words;
  part("problem").hidden = false;
  part("summary").textContent = "No result.";
}

function sendFirst(files) {
  const file = [...files].at(0);
  if (file !== undefined) send(file, file.name);
}

for (const [button, input] of [["choose", "file"], ["take", "camera"]]) {
  part(button).addEventListener("click", () => part(input).click());
  part(input).addEventListener("change", () => {
    sendFirst(part(input).files);
    part(input).value = ""; // so that the same file can be chosen again
  });
}
part("example").addEventListener("click", async () => {
  send(await (await fetch(EXAMPLE)).blob(), "example.jpg");
});
part("copy").addEventListener("click", async () => {
  await navigator.clipboard.writeText(part("curl").textContent);
  part("copy").textContent = "Copied";
  setTimeout(() => (part("copy").textContent = "Copy"), 2000);
});
document.addEventListener("paste", (event) => sendFirst(event.clipboardData.files));
document.addEventListener("dragover", (event) => {
  event.preventDefault(); // else the browser leaves the page for the picture
  part("drop").classList.add("over");
});
document.addEventListener("dragleave", () => part("drop").classList.remove("over"));
document.addEventListener("drop", (event) => {
  event.preventDefault();
  part("drop").classList.remove("over");
  sendFirst(event.dataTransfer.files);
});

showCurl({ type: "image/jpeg" }, "bus.jpg");
await showWho();
showCurl({ type: "image/jpeg" }, "bus.jpg");
