/** What has been: the two charts, and what they say under the pointer. */

import { drawChart, instantOf, valueAt } from "./chart.js";
import { part } from "./element.js";
import { isStale } from "./state.js";
import { UNKNOWN, clock, duration, number } from "./words.js";

export class History {
  /** @param {SVGSVGElement} workers @param {SVGSVGElement} age where they are drawn */
  constructor(workers, age) {
    this._pictures = { workers, age };
    this._points = [];
    this._seconds = 900;
    this._pointed = null;
    for (const [name, picture] of Object.entries(this._pictures)) {
      picture.addEventListener("pointermove", (event) => this._point(name, event.offsetX));
      picture.addEventListener("pointerleave", () => this._point(name, null));
    }
  }

  /** @param {any[]} points of `/v1/fleet`; later ones that were appended stay @param {number} seconds to show */
  replace(points, seconds) {
    const end = points.at(-1)?.at ?? 0;
    this._points = [...points, ...this._points.filter((point) => point.at > end)];
    this._seconds = seconds;
  }

  /** Forget it all: what comes is of something else. */
  clear() {
    this._points = [];
  }

  /** @param {any} decision has all that a point has */
  append(decision) {
    this._points.push(decision);
  }

  /**
   * @param {number} now @param {number | null} sloS the goal; null: not known
   * @param {any} latest holds until now, unless it is stale
   */
  draw(now, sloS, latest) {
    const from = now - this._seconds;
    const before = this._points.findLastIndex((point) => point.at <= from);
    this._points = this._points.slice(Math.max(before, 0)); // one more, which enters at the edge
    const held = isStale(latest, now) ? [] : [{ ...latest, at: now }];
    const points = [...this._points, ...held];
    const drawn = (name) => points.map((point) => [point.at, point[name]]);
    this._drawings = {
      workers: {
        from,
        to: now,
        units: { left: "", right: "/s" },
        series: [
          { name: "arrivals", kind: "area", scale: "right", least: 4, points: drawn("arrival_rate") },
          { name: "ready", kind: "step", scale: "left", least: 2, points: drawn("ready") },
          { name: "replicas", kind: "step", scale: "left", least: 2, points: drawn("replicas") },
        ],
        summary: this._workersInWords(points),
      },
      age: {
        from,
        to: now,
        units: { left: " s" },
        series: [{ name: "age", kind: "area", scale: "left", least: 1, points: points.map((point) => [point.at, ageOf(point)]) }],
        goal: sloS === null ? undefined : { value: sloS, words: `goal ${number(sloS, "s")}` },
        summary: this._ageInWords(points, sloS),
      },
    };
    for (const [name, picture] of Object.entries(this._pictures)) drawChart(picture, this._drawings[name]);
    this._read();
  }

  _point(name, x) {
    this._pointed = x === null ? null : instantOf(this._pictures[name], this._drawings[name])(x);
    this._read();
  }

  /** Says beside each chart what it shows at the instant pointed to. */
  _read() {
    if (this._drawings === undefined) return;
    const at = this._pointed;
    const value = (chart, n) => valueAt(this._drawings[chart].series[n], at);
    let [workers, age] = [this._drawings.workers.summary, this._drawings.age.summary];
    if (at !== null) {
      const [arriving, ready, wanted] = [0, 1, 2].map((n) => value("workers", n));
      workers = `${clock(at)}: ${number(wanted)} wanted, ${number(ready)} ready, ${number(arriving, "/s")} arriving`;
      age = `${clock(at)}: ${duration(value("age", 0))}`;
    }
    part("workers-readout").textContent = workers;
    part("age-readout").textContent = age;
  }

  _workersInWords(points) {
    if (points.length === 0) return "Nothing is known of this time.";
    const [wanted, arriving] = [most(points, "replicas"), most(points, "arrival_rate", "/s")];
    return `In ${this._seconds / 60} minutes at most ${wanted} wanted, ${arriving} arriving.`;
  }

  _ageInWords(points, sloS) {
    const ages = points.map(ageOf).filter((age) => age !== null);
    if (ages.length === 0) return "Nothing is known of this time.";
    const oldest = Math.max(...ages);
    const goal = sloS === null ? "" : `, ${oldest > sloS ? "above" : "within"} the goal of ${number(sloS, "s")}`;
    return `In ${this._seconds / 60} minutes the oldest waited ${duration(oldest)}${goal}.`;
  }
}

/** Where nothing waits the oldest is 0 s old; else only the gateway knows. */
function ageOf(point) {
  return point.waiting === 0 ? 0 : point.oldest_age_s;
}

function most(points, name, unit = "") {
  const known = points.map((point) => point[name]).filter((value) => value !== null);
  return known.length === 0 ? UNKNOWN : number(Math.max(...known), unit);
}
