/**
 * A chart over time: areas, lines and steps on one or two scales, drawn as SVG at the size it is shown.
 *
 * Where a value is null, or where for `GAP_S` there is none, a series has a gap: nobody knows.
 */

import { svg } from "./element.js";
import { clock, number } from "./words.js";

const HEIGHT = 190;
const MARGIN = { top: 12, right: 40, bottom: 24, left: 40 };
export const GAP_S = 65;
/** At rest the autoscaler looks every 30 s; twice that and a bit without a word is a gap. */
const TIME_STEPS_S = [60, 120, 300, 600, 900, 1800, 3600];

/**
 * @typedef {{name: string, kind: "area" | "line" | "step", scale: "left" | "right", least: number,
 *     points: [number, number | null][]}} Series points are [seconds since the epoch, value], oldest first;
 *     `least`: the scale goes at least so far
 * @typedef {{from: number, to: number, series: Series[], units: {left: string, right?: string},
 *     goal?: {value: number, words: string}, summary: string}} Drawing
 */

/**
 * @param {SVGSVGElement} picture is emptied
 * @param {Drawing} drawing
 */
export function drawChart(picture, drawing) {
  const width = Math.max(picture.clientWidth, 240);
  const area = { left: MARGIN.left, right: width - MARGIN.right, top: MARGIN.top, bottom: HEIGHT - MARGIN.bottom };
  const x = (at) => area.left + ((at - drawing.from) / (drawing.to - drawing.from)) * (area.right - area.left);
  const scales = Object.fromEntries(
    Object.keys(drawing.units).map((side) => [side, scaleOf(drawing, side, area)]),
  );
  picture.setAttribute("viewBox", `0 0 ${width} ${HEIGHT}`);
  picture.setAttribute("aria-label", drawing.summary);
  picture.replaceChildren(
    ...timeAxis(drawing, x, area),
    ...Object.entries(scales).flatMap(([side, scale]) => valueAxis(side, scale, drawing.units[side], area)),
    ...drawing.series.flatMap((series) => drawnSeries(series, drawing, x, scales[series.scale], area)),
    ...(drawing.goal ? goalLine(drawing.goal, scales.left, area) : []),
  );
}

/** The value of *series* at an instant; null: not known. */
export function valueAt(series, at) {
  const known = series.points.findLast(([since]) => since <= at);
  return known === undefined || at - known[0] > GAP_S ? null : known[1];
}

/** @returns {(x: number) => number} from pixels of the shown picture to an instant */
export function instantOf(picture, drawing) {
  const right = Math.max(picture.clientWidth, 240) - MARGIN.right;
  const share = (x) => Math.min(Math.max((x - MARGIN.left) / (right - MARGIN.left), 0), 1);
  return (x) => drawing.from + share(x) * (drawing.to - drawing.from);
}

function scaleOf(drawing, side, area) {
  const series = drawing.series.filter((each) => each.scale === side);
  const values = series.flatMap((each) => each.points.map(([, value]) => value ?? 0));
  const goal = side === "left" && drawing.goal ? drawing.goal.value * 1.25 : 0;
  const most = Math.max(goal, ...series.map((each) => each.least), ...values);
  const step = niceStep(most / 4, series.every((each) => each.kind === "step"));
  const top = Math.ceil(most / step) * step;
  const y = (value) => area.bottom - (value / top) * (area.bottom - area.top);
  const ticks = Array.from({ length: Math.round(top / step) + 1 }, (_, n) => n * step);
  return { y, ticks };
}

/** 1, 2 or 5 times a power of ten, at least *rough*. */
function niceStep(rough, whole) {
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((nice) => nice >= rough * 0.999);
  return whole ? Math.max(1, Math.round(step)) : step;
}

function timeAxis(drawing, x, area) {
  const room = Math.max(2, Math.floor((area.right - area.left) / 80));
  const step = TIME_STEPS_S.find((each) => (drawing.to - drawing.from) / each <= room) ?? 7200;
  const drawn = [];
  for (let at = Math.ceil(drawing.from / step) * step; at <= drawing.to; at += step) {
    drawn.push(
      svg("line", { class: "tick", x1: x(at), x2: x(at), y1: area.bottom, y2: area.bottom + 4 }),
      svg("text", { class: "axis", x: x(at), y: area.bottom + 17, "text-anchor": "middle" }, clock(at, false)),
    );
  }
  return drawn;
}

function valueAxis(side, scale, unit, area) {
  const [at, anchor] = side === "left" ? [area.left - 7, "end"] : [area.right + 7, "start"];
  const lines = side === "left" ? scale.ticks.map(scale.y) : [];
  return [
    ...lines.map((y) => svg("line", { class: "grid", x1: area.left, x2: area.right, y1: y, y2: y })),
    ...scale.ticks.map((value) => {
      const words = number(value) + (value === 0 ? "" : unit);
      const place = { x: at, y: scale.y(value) + 4, "text-anchor": anchor };
      return svg("text", { class: `axis axis-${side}`, ...place }, words);
    }),
  ];
}

function drawnSeries(series, drawing, x, scale, area) {
  const pieces = withoutGaps(series.points, drawing).map((piece) => {
    const steps = series.kind === "line" ? piece : stepped(piece);
    return steps.map(([at, value]) => [x(at), scale.y(value)]);
  });
  const line = svg("path", { class: `line ${series.name}`, d: pieces.map(path).join("") });
  if (series.kind === "step") return [line];
  const closed = pieces.map((piece) => {
    const [[first], [last]] = [piece[0], piece.at(-1)];
    return `${path([[first, area.bottom], ...piece, [last, area.bottom]])}Z`;
  });
  return [svg("path", { class: `area ${series.name}`, d: closed.join("") }), line];
}

function path(points) {
  return `M${points.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join("L")}`;
}

/** Pieces of a series within the drawing; the value before its left edge enters there. */
function withoutGaps(points, { from, to }) {
  const pieces = [];
  let last = -Infinity;
  for (const [at, value] of points) {
    if (value !== null && at <= to) {
      if (at - last > GAP_S) pieces.push([]);
      pieces.at(-1).push([Math.max(at, from), value]);
    }
    last = value === null ? -Infinity : at;
  }
  return pieces.map((piece) => piece.slice(Math.max(piece.findLastIndex(([at]) => at <= from), 0)));
}

/** A value holds until the next one. */
function stepped(points) {
  return points.flatMap(([at, value], n) => (n === 0 ? [[at, value]] : [[at, points[n - 1][1]], [at, value]]));
}

function goalLine({ value, words }, scale, area) {
  const y = scale.y(value);
  return [
    svg("line", { class: "goal", x1: area.left, x2: area.right, y1: y, y2: y }),
    svg("text", { class: "goal-words", x: area.left + 6, y: y - 5 }, words),
  ];
}
