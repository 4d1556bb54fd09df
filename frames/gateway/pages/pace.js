/** Does things again and again, while somebody looks. */

/**
 * Call *task* now, every *seconds*, and when the page is looked at again; never twice at once.
 * A hidden page asks for nothing.
 * @param {number} seconds
 * @param {() => Promise<void>} task handles its own errors
 * @returns {() => Promise<void>} does it once more, now
 */
export function every(seconds, task) {
  let running = null;
  const run = () => (running ??= task().finally(() => (running = null)));
  const look = () => {
    if (!document.hidden) run();
  };
  setInterval(look, seconds * 1000);
  document.addEventListener("visibilitychange", look);
  look();
  return async () => {
    await running;
    await run();
  };
}
