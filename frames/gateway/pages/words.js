/** Numbers as a person reads them. What is not known is said so; it is never 0. */

export const UNKNOWN = "unknown";

/**
 * @param {number | null | undefined} value
 * @param {string} [unit] `s`, `/s` …
 * @returns {string} with three digits that count: `0.034`, `1.3 s`, `1,204`
 */
export function number(value, unit = "") {
  if (value === null || value === undefined) return UNKNOWN;
  const size = Math.abs(value);
  const digits = size >= 100 || Number.isInteger(value) ? 0 : size >= 1 ? 1 : size >= 0.1 ? 2 : 3;
  const text = value.toLocaleString("en", { maximumFractionDigits: digits });
  return unit === "" ? text : unit.startsWith("/") ? text + unit : `${text}\u00a0${unit}`;
}

/** @param {number | null | undefined} seconds a duration: `0.3 s`, `2 min 5 s`, `3 h 2 min` */
export function duration(seconds) {
  if (seconds === null || seconds === undefined || seconds < 60) return number(seconds, "s");
  const whole = Math.round(seconds);
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  return hours > 0 ? `${hours} h ${minutes} min` : `${minutes} min ${whole % 60} s`;
}

/** @param {number} n @param {string} noun `1 worker`, `2 workers` */
export function count(n, noun) {
  return `${number(n)} ${noun}${n === 1 ? "" : "s"}`;
}

/** @param {number} at seconds since the epoch @returns {string} the time of day here, `14:05:09` */
export function clock(at, withSeconds = true) {
  const shown = { hour: "2-digit", minute: "2-digit", second: withSeconds ? "2-digit" : undefined };
  return new Date(at * 1000).toLocaleTimeString("en-GB", shown);
}

/** @param {number} share @returns {string} `53 %` */
export function percent(share) {
  return `${Math.round(share * 100)}\u00a0%`;
}
