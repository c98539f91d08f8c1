/** Milliseconds of a clock that never steps; `performance` would be loaded for it. */
export const monotonic = (): number => process.uptime() * 1000;
