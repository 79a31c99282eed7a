// SPDX-License-Identifier: MIT
// For how long a process could do nothing new, because it was busy or the machine was.
const TICK_MS = 10;

/** Begins to watch. Returns a function that gives the milliseconds lost so far in pauses longer than a tick. */
export function watchStalls() {
  let lost = 0;
  let last = performance.now();
  const look = () => {
    const now = performance.now();
    if (now - last > 2 * TICK_MS) lost += now - last - TICK_MS;
    last = now;
  };
  setInterval(look, TICK_MS).unref();
  return () => {
    look();
    return lost;
  };
}
