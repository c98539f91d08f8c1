// The locks illumos has (lab.md part 13): labd handles calls in parallel, illumos does not everywhere.

const tails = new Map<string, Promise<unknown>>();

/**
 * Runs `fn` when everybody who asked before for the same key is done.
 *
 * Keys in use: "zone NAME" (zoneadmd, §5.3), "datalinks" (dlmgmtd, §1.12), "repository NAME" (svc.configd), "routes" (§3.1).
 * Not re-entrant: who holds a key and asks for it again waits for ever.
 */
export async function withLock<T>(key: string, fn: () => T | Promise<T>): Promise<T> {
  const before = tails.get(key);
  const run = (async () => {
    await before;
    return await fn();
  })();
  const tail = run.then(
    () => {},
    () => {},
  );
  tails.set(key, tail);
  try {
    return await run;
  } finally {
    if (tails.get(key) === tail) tails.delete(key);
  }
}
